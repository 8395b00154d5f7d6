"""The back office: registers for the bank, and its statements loaded back."""

from __future__ import annotations

from app.registers.office import answers, making
from app.registers.office.page import bp

__all__ = ["answers", "bp", "making"]
