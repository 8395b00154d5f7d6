"""The back office: the program, what customers have, what moved it, and acts by hand and over many."""

from __future__ import annotations

from app.bonuses.office import accounts, entries, mass, program
from app.bonuses.office.door import bp

__all__ = ["accounts", "bp", "entries", "mass", "program"]
