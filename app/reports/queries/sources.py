"""Whose rate decided a sum, and since when it had been so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_SOURCES = """
WITH asked AS (
    SELECT owner, split_part(owner, ':', 1) AS kind, split_part(owner, ':', 2)::bigint AS id
    FROM unnest(%(owners)s::text[]) AS u(owner)
)
SELECT a.owner, coalesce(t.name, m.name, p.name, c.name, g.name, k.name) AS name,
       coalesce(m.starts_at, (
           SELECT max(f.valid_from) FROM fact f
           WHERE f.owner = a.owner AND f.valid_from <= %(at)s
             AND f.name IN ('levels', 'levels_by_buyer', 'cashback_rate')
       )) AS since
FROM asked a
LEFT JOIN terms t ON a.kind = 'terms' AND t.id = a.id
LEFT JOIN campaign m ON a.kind = 'campaign' AND m.id = a.id
LEFT JOIN product p ON a.kind = 'product' AND p.id = a.id
LEFT JOIN category c ON a.kind = 'category' AND c.id = a.id
LEFT JOIN partner_group g ON a.kind = 'group' AND g.id = a.id
LEFT JOIN partner k ON a.kind = 'partner' AND k.id = a.id
"""


@dataclass(frozen=True)
class Source:
    """A rate's owner by name, and when what held at the order was said; None: it always had been so."""

    name: str
    since: datetime | None


def sources(owners: Iterable[str], at: datetime) -> dict[str, Source]:
    """Return names of rates' owners ("terms:1", "campaign:3"), and since when each held at `at`."""
    known = sorted({owner for owner in owners if owner.partition(":")[2].isdecimal()})
    rows = sql.rows(_SOURCES, {"owners": known, "at": at}) if known else ()
    return {row.owner: Source(row.name, row.since) for row in rows if row.name is not None}
