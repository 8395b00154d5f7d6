"""Whether what a rule names is there: one table of who knows names of a kind."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app import sql
from app.catalog.models import Category, Product
from app.coupons import queries as coupons
from app.extensions import db
from app.members.models import Member
from app.profiles.rules import Problem
from app.profiles.rules.references import references
from app.ranks import queries as ranks
from app.wordings import queries as wordings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from app.profiles.rules import Rule

    Knows = Callable[[Collection[str]], set[str] | None]

_LISTS = """
SELECT lower(data->>'list') AS name, bool_or(lower(data->>'list') = ANY(%(names)s)) AS asked
FROM member_event WHERE type = 'subscribed' AND data->>'list' IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""


def _catalog(model: type[Product | Category]) -> Knows:
    def knows(names: Collection[str]) -> set[str]:
        lowered = func.lower(model.external_id)
        return set(db.session.scalars(select(lowered).where(lowered.in_(names))))

    return knows


def _groups(names: Collection[str]) -> set[str] | None:
    """Return the groups that some customer is in; None where the shop never told of any."""
    lowered = func.lower(Member.group)
    found = set(db.session.scalars(select(lowered).where(lowered.in_(names)).distinct()))
    any_ = select(Member.id).where(Member.group.is_not(None)).limit(1)
    return found or (set() if db.session.scalar(any_) is not None else None)


def _lists(names: Collection[str]) -> set[str] | None:
    """Return the mailing lists that somebody subscribed to; None where the shop never told of any."""
    rows = sql.rows(_LISTS, {"names": sorted(names), "most": len(names) + 1})
    return {row.name for row in rows if row.asked} if rows else None


# Who knows names of a kind: takes names in small letters, returns those that are there; None: nobody can
# tell. A slice that keeps a kind of its own adds it here, or, where it stands above, when it is loaded.
KNOWN: dict[str, Knows] = {
    "product": _catalog(Product),
    "category": _catalog(Category),
    "group": _groups,
    "list": _lists,
    "coupon": lambda names: {each.public_id for each in coupons.kinds()} & set(names),
    "template": lambda names: {name for name in names if wordings.is_known(name)},
    "rank": lambda names: set(ranks.codes().values()) & set(names),
    "award": lambda names: {each.code for each in ranks.awards()} & set(names),
}


def unknown(rule: Rule) -> tuple[Problem, ...]:
    """Return a problem for each name in a rule that the merchant does not have, at its place."""
    named = [each for each in references(rule) if each.kind in KNOWN]
    asked: dict[str, set[str]] = defaultdict(set)
    for each in named:
        asked[each.kind].add(each.name.strip().lower())
    there = {kind: KNOWN[kind](names) for kind, names in sorted(asked.items())}
    return tuple(
        Problem(each.path, f"no_{each.kind}", {"name": each.name})
        for each in named
        if (found := there[each.kind]) is not None and each.name.strip().lower() not in found
    )
