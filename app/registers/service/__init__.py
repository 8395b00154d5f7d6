"""Make registers for the bank; load its answers, and apply them."""

from __future__ import annotations

from app.registers.service.answers import apply, load, words_of
from app.registers.service.making import Choice, choices, file_name, make, ready, write

__all__ = [
    "Choice",
    "apply",
    "choices",
    "file_name",
    "load",
    "make",
    "ready",
    "words_of",
    "write",
]
