"""Know a statement by its first bytes, and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.registers.rules.camt import read_camt
from app.registers.rules.onec import HEAD, read_onec
from app.registers.rules.statement import BIGGEST, Unreadable, Wrong

if TYPE_CHECKING:
    from app.registers.rules.statement import Statement

_MARK = b"\xef\xbb\xbf"


def read_statement(data: bytes) -> Statement:
    """Read a statement of either format. Raises Unreadable, saying what is wrong."""
    if not data.strip():
        raise Unreadable(Wrong.EMPTY)
    if len(data) > BIGGEST:
        raise Unreadable(Wrong.TOO_BIG)
    start = data[:1_000].removeprefix(_MARK).lstrip()
    if start.startswith(HEAD.encode()):
        return read_onec(data)
    if start.startswith(b"<"):
        return read_camt(data)
    raise Unreadable(Wrong.UNKNOWN)
