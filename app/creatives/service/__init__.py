"""Verbs on creatives: made, changed, put away, taken by a partner."""

from app.creatives.service.materials import Said, archive, change, create, find, switch
from app.creatives.service.media import path_of
from app.creatives.service.taking import Taken, label_of, take, words_of

__all__ = [
    "Said",
    "Taken",
    "archive",
    "change",
    "create",
    "find",
    "label_of",
    "path_of",
    "switch",
    "take",
    "words_of",
]
