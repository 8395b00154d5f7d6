"""Bonuses: what the program says, and what happens to a customer's lots. Nothing here reads a clock."""

from app.bonuses.rules.mass import (
    ACTS,
    GIVE,
    LARGEST,
    MOST,
    TAKE,
    Line,
    Listed,
    Unreadable,
    change,
    folded,
    read_file,
    read_text,
)
from app.bonuses.rules.program import BONUS, Program, ProgramError, read_program
from app.bonuses.rules.wallet import Entry, Grant, Lot, Part, Wallet

__all__ = [
    "ACTS",
    "BONUS",
    "GIVE",
    "LARGEST",
    "MOST",
    "TAKE",
    "Entry",
    "Grant",
    "Line",
    "Listed",
    "Lot",
    "Part",
    "Program",
    "ProgramError",
    "Unreadable",
    "Wallet",
    "change",
    "folded",
    "read_file",
    "read_program",
    "read_text",
]
