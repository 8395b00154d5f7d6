"""Exports of lists: at once where they are short, else as long work; exactly what the filter shows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import current_app, g
from flask_babel import force_locale
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.lists import service
from app.lists.queries import EXPORT
from app.runs.rules import Step
from app.runs.service import Kind
from app.tenancy import current_tenant
from app.tenants.models import Tenant
from app.web.lists import LISTINGS, cells, columns_of
from app.web.surroundings import surround

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Select

    from app.runs.models import Run
    from app.web.lists import Listing
    from app.web.tables import Asked, Table


def read_query(listing: Listing, query: str) -> tuple[Table, Asked]:
    """Return a list's table, and what a query asks of it."""
    table = listing.table()
    return table, table.ask(MultiDict(parse_qsl(query)))


def number_of(listing: Listing, query: str) -> int:
    """Return how many rows a filter shows."""
    table, asked = read_query(listing, query)
    found = listing.narrowed(asked).order_by(None).with_only_columns(table.key).subquery()
    return int(db.session.scalar(select(func.count()).select_from(found)) or 0)


def head_of(listing: Listing, query: str) -> list[str]:
    """Return the heads of an export's columns in the reader's language."""
    table, asked = read_query(listing, query)
    return [str(column.label) for column in columns_of(table, asked)]


def rows_of(listing: Listing, query: str, most: int) -> Iterator[list[Any]]:
    """Give the rows that a filter shows, in its order."""
    table, asked = read_query(listing, query)
    statement = _ordered(listing, table, asked).limit(most)
    width = len(statement.column_descriptions)
    found = db.session.execute(statement).all()
    shown = columns_of(table, asked)
    for row in listing.rows([r[0] if width == 1 else r for r in found]):
        yield cells(shown, row)


def _ordered(listing: Listing, table: Table, asked: Asked) -> Select[Any]:
    order = table.order(asked.sort)
    by, key = ((e.desc() if order.descending else e.asc()) for e in (order.by, order.key))
    return listing.narrowed(asked).order_by(None).order_by(by, key)


@contextmanager
def _reading(run: Run) -> Iterator[tuple[Listing, str]]:
    """Stand where the one who asked stood: permissions, language, the merchant's currency and zone."""
    said = run.parameters
    tenant = db.session.get_one(Tenant, current_tenant())
    before = {name: g.get(name) for name in ("permissions", "surroundings", "tenant")}
    with current_app.test_request_context(), force_locale(said["locale"]):
        g.permissions, g.tenant = frozenset(said["permissions"]), tenant
        surround(audience="office", currency=tenant.currency, timezone=tenant.timezone)
        try:
            yield LISTINGS[said["list"]], said["query"]
        finally:
            for name, value in before.items():
                setattr(g, name, value)


def _count(run: Run) -> int:
    """Write down which rows there are and in what order, once, and say how many."""
    with _reading(run) as (listing, query):
        table, asked = read_query(listing, query)
        ordered = _ordered(listing, table, asked).with_only_columns(table.key)
        ids = db.session.scalars(ordered).all()
    service.put_order(run.id, ids)
    return len(ids)


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    """Return the next ranks of the order."""
    return range(cursor + 1, min(cursor + most, run.total or 0) + 1)


def _write(run: Run, ranks: Sequence[int]) -> Step:
    ids = service.ids_at(run.id, ranks)
    with _reading(run) as (listing, query):
        table, asked = read_query(listing, query)
        statement = listing.statement().where(table.key.in_(ids)).order_by(None)
        width = len(statement.column_descriptions)
        found = {
            r[-1]: r for r in db.session.execute(statement.add_columns(table.key.label("_key")))
        }
        kept = [found[i] for i in ids if i in found]
        shown = columns_of(table, asked)
        rows = [
            cells(shown, row) for row in listing.rows([r[0] if width == 1 else r for r in kept])
        ]
    service.put_part(run.id, ranks[-1], rows)
    return Step(ranks[-1], len(ranks), {"rows": len(rows)})


KINDS = {EXPORT: Kind(count=_count, take=_take, apply=_write)}
