"""Verbs on codes: what they are good for, new ones by pattern, and which orders use them."""

from app.codes.service.making import (
    NewCode,
    change,
    create,
    generate,
    read_pattern,
    set_pattern,
    switch,
)
from app.codes.service.many import KIND, KINDS, MADE, Wish, make
from app.codes.service.uses import USES_OF, Use, hold, keep, late

__all__ = [
    "KIND",
    "KINDS",
    "MADE",
    "USES_OF",
    "NewCode",
    "Use",
    "Wish",
    "change",
    "create",
    "generate",
    "hold",
    "keep",
    "late",
    "make",
    "read_pattern",
    "set_pattern",
    "switch",
]
