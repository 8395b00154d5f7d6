"""What was earned so far, and what limits have given."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app import sql
from app.bonuses import queries as bonuses
from app.checkout import queries as checkout
from app.extensions import db
from app.profiles import queries as profiles
from app.profiles.models import EffectApplication
from app.profiles.rules import Used
from app.profiles.rules.due import earning_of, window_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from app.orders.service import Standing
    from app.profiles.rules import Cap, Rule
    from app.profiles.rules.due import Earning, Published, Taken
    from app.tenants.models import Tenant

_LOTS = """
SELECT order_id, reference, member_id, amount - clawed AS kept, clawed FROM lot
WHERE order_id = ANY(%(orders)s) AND kind = 'profile' ORDER BY id
"""
_ACCOUNTS = "SELECT id FROM member WHERE id = ANY(%(members)s) AND key LIKE 'id:%%'"


class Earned:
    """The lots that one effect has given one customer for one event, oldest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self.lots: list[tuple[str, int, int]] = []  # reference, kept, taken back
        self.member_id = 0

    @property
    def amount(self) -> int:
        """What was given and not taken back, minor units."""
        return sum(kept for _reference, kept, _back in self.lots)


def earned(order_ids: Collection[int]) -> dict[int, dict[str, Earned]]:
    """Return what orders have earned: {order: {base of the reference: lots}}."""
    found: dict[int, dict[str, Earned]] = defaultdict(lambda: defaultdict(Earned))
    for row in sql.rows(_LOTS, {"orders": sorted(order_ids)}):
        one = found[row.order_id][row.reference.rpartition(":")[0]]
        one.lots.append((row.reference, row.kept, row.clawed))
        one.member_id = row.member_id
    return found


def shares_of(orders: Sequence[Standing]) -> dict[int, Mapping[str, int]]:
    """Return what bonuses pay of each line, by order: of those alone that are paid so."""
    books = checkout.books([o.id for o in orders])
    return {
        order_id: {one.line: one.share for one in book.version.shares}
        for order_id, book in books.items()
        if book.version is not None
    }


def with_accounts(member_ids: Iterable[int | None]) -> set[int]:
    """Return those of the customers who have accounts of bonuses: known by the shop's own id."""
    asked = sorted({m for m in member_ids if m is not None and m > 0})
    return {row.id for row in sql.rows(_ACCOUNTS, {"members": asked})} if asked else set()


def taken(merchant: Tenant, rules: Iterable[Published], without: Collection[str]) -> Taken:
    """Return what the limits of rules have given for all events but those, by window."""
    caps = {each.rule_id: _caps(each.rule) for each in rules}
    limited = [rule_id for rule_id, found in caps.items() if found]
    used: dict[tuple[int, str, int | None, str], Used] = {}
    if not limited:
        return used
    zone = ZoneInfo(merchant.timezone)
    query = select(
        EffectApplication.rule_id,
        EffectApplication.event_key,
        EffectApplication.recipient,
        EffectApplication.amount,
        EffectApplication.at,
    ).where(EffectApplication.rule_id.in_(limited), EffectApplication.amount > 0)
    times: set[tuple[object, ...]] = set()
    for row in db.session.execute(query):
        if row.event_key in without:
            continue
        who, _colon, number = row.recipient.partition(":")
        for scope, cap in caps[row.rule_id]:
            wanted = {"per_member": "member", "per_referrer": "referrer"}.get(scope)
            if wanted not in {None, who}:
                continue
            recipient = None if wanted is None else int(number)
            key = (row.rule_id, scope, recipient, window_of(cap, row.at.astimezone(zone)))
            fresh = (key, row.event_key) not in times
            times.add((key, row.event_key))
            before = used.get(key, Used())
            used[key] = Used(before.points + row.amount, before.times + fresh)
    return used


def _caps(rule: Rule) -> list[tuple[str, Cap]]:
    limits = rule.limits
    said = (
        ("per_member", limits.per_member),
        ("per_referrer", limits.per_referrer),
        ("everybody", limits.everybody),
    )
    return [(scope, cap) for scope, cap in said if cap is not None]


def rules_of(orders: Sequence[Standing]) -> list[Published]:
    """Return every rule that held when one of the orders was made."""
    found, _windows = profiles.published_at([o.folded.snapshot.created_at for o in orders])
    return list({each.version_id: each for held in found for each in held}.values())


def earning() -> Earning:
    """Return what the program says of earning now."""
    return earning_of(bonuses.program())
