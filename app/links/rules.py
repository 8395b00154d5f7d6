"""Codes as links show them. Their form is that of partners' codes: all share one namespace."""

from __future__ import annotations

from app.partners.rules import (
    LONGEST_CODE,
    SHORTEST_CODE,
    CodeError,
    fold_code,
    normalise_code,
)

SHORTEST, LONGEST = SHORTEST_CODE, LONGEST_CODE

__all__ = ["LONGEST", "SHORTEST", "CodeError", "fold_code", "normalise_code"]
