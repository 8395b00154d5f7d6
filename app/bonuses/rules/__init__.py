"""Bonuses: what the program says, and what happens to a customer's lots. Nothing here reads a clock."""

from app.bonuses.rules.program import BONUS, Program, ProgramError, read_program
from app.bonuses.rules.wallet import Entry, Grant, Lot, Part, Wallet

__all__ = [
    "BONUS",
    "Entry",
    "Grant",
    "Lot",
    "Part",
    "Program",
    "ProgramError",
    "Wallet",
    "read_program",
]
