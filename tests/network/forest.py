"""Trees made in set statements, as imports make them; and eyes that count statements."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from app import clock, sql
from app.extensions import db
from app.network import service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.application import App

_FIRST = "SELECT coalesce(max(id), 0) FROM partner"
_PARTNERS = """
INSERT INTO partner (id, public_id, refcode, name, search, status, locale, created_at)
SELECT :first + n, 'pt_' || lpad((:first + n)::text, 16, '0'), lower(:word) || n,
       :word || ' ' || n,
       lower(:word) || ' ' || n || ' ' || lower(:word) || n, 'active', 'en', :now
FROM generate_series(1, :many) n
"""
_CODES = """
INSERT INTO code (key, display, kind, partner_id, created_at)
SELECT refcode, refcode, 'refcode', id, :now FROM partner WHERE id > :first AND id <= :first + :many
"""
# A heap: number n stands under number (n + arms - 2) / arms, so that each has as many arms.
_HEAP = """
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from)
SELECT :first + n, CASE WHEN n = 1 THEN NULL ELSE :first + (n + :arms - 2) / :arms END, :now
FROM generate_series(1, :many) n
"""
_CHAIN = """
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from)
SELECT :first + n, CASE WHEN n = 1 THEN NULL ELSE :first + n - 1 END, :now
FROM generate_series(1, :many) n
"""
_TOUCH = """
INSERT INTO tree_version (version) VALUES (1)
ON CONFLICT (tenant_id) DO UPDATE SET version = tree_version.version + 1
"""


def plant(many: int, word: str, *, arms: int = 0) -> int:
    """Make a heap with so many arms (or, with none, a chain) in the scope; return the id of its top."""
    first = int(db.session.execute(text(_FIRST)).scalar_one()) + 10_000_000
    values = {"first": first, "many": many, "word": word, "arms": arms, "now": clock.now()}
    for statement in (_PARTNERS, _CODES, _HEAP if arms else _CHAIN, _TOUCH):
        db.session.execute(text(statement), values)
    return first + 1


def count_anew() -> int:
    """Run the roll-up to its end; return how many pieces that took."""
    pieces = 0
    while service.step():
        pieces += 1
    return pieces


@contextmanager
def statements(app: App) -> Iterator[list[str]]:
    """Keep every statement that SQLAlchemy or app.sql sends in the block."""
    sent: list[str] = []
    plain = sql.send

    def heard(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    def send(statement: str, values: Mapping[str, Any]) -> Any:
        sent.append(statement)
        return plain(statement, values)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", heard)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sql, "send", send)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", heard)
