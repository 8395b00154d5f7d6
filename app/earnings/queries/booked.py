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
    from datetime import datetime

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
    found: dict[int, Mapping[str, int]] = {}
    found.update(checkout.shares([o.id for o in orders]))
    return found


_QUIET = """
WITH last AS (
    SELECT member_id, max(created_at) AS at FROM orders
    WHERE member_id IS NOT NULL AND state IN ('registered', 'agreed', 'completed')
    GROUP BY 1 HAVING max(created_at) <= %(cut)s
), named AS (
    SELECT member_id, 'schedule.inactivity:' || member_id || ':'
        || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD') AS key FROM last
)
SELECT n.member_id, n.key FROM named n JOIN member m ON m.id = n.member_id
WHERE m.key LIKE 'id:%%' AND NOT EXISTS (
    SELECT FROM rule_evaluation e
    WHERE e.tenant_id = m.tenant_id AND e.event_key = n.key AND e.rule_id = %(rule)s
)
ORDER BY n.member_id LIMIT %(most)s
"""


def quiet_since(rule_id: int, cut: datetime, most: int) -> list[tuple[int, str]]:
    """Return (customer, event) of those with accounts whose last order is older, and whom a rule has not met."""
    rows = sql.rows(_QUIET, {"cut": cut, "rule": rule_id, "most": most})
    return [(row.member_id, row.key) for row in rows]


def applied(keys: Collection[str]) -> list[str]:
    """Return those of the events for which effects gave or did something."""
    query = select(EffectApplication.event_key).where(EffectApplication.event_key.in_(keys))
    return sorted(set(db.session.scalars(query))) if keys else []


def spent_on(order_id: int) -> int:
    """Return how many bonuses pay for an order."""
    book = checkout.books([order_id]).get(order_id)
    return book.version.amount if book is not None and book.version is not None else 0


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
