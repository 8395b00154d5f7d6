"""Make rules, publish them, and say what orders are due by them."""

from app.profiles.service.earning import due_of_orders
from app.profiles.service.keeping import forget, keep
from app.profiles.service.making import archive, begin, draft, pause, publish, switch
from app.profiles.service.words import Spoken

__all__ = [
    "Spoken",
    "archive",
    "begin",
    "draft",
    "due_of_orders",
    "forget",
    "keep",
    "pause",
    "publish",
    "switch",
]
