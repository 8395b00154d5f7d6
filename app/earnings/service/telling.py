"""Messages that rules send: each is an event, and what tells of events carries it to its reader."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import clock
from app.earnings import queries
from app.events.service import record
from app.profiles import queries as profiles

if TYPE_CHECKING:
    from app.earnings.service.acting import Doing
    from app.tenants.models import Tenant

# Events that say themselves how many bonuses they are about.
ABOUT = frozenset({"points.expiring:", "manual.mass:", "withdrawal.requested:"})
FRESH = timedelta(days=7)  # what happened longer ago is history: it was imported, or reckoned anew


def tell(_merchant: Tenant, doing: Doing) -> None:
    """Write to the customer, to who brought him, or to staff, in the words that the rule names."""
    if clock.now() - doing.at > FRESH:
        return
    said: dict[str, Any] = {
        "text": doing.args["message"],
        "event": doing.event_key,
        "rule": doing.rule_id,
    }
    to = doing.args.get("to", "member")
    if to == "staff":
        subject = f"member:{doing.member_id}"
        record("staff.told", subject, member_id=doing.member_id, **said)
        return
    said |= _amount(doing)
    said["channel"] = doing.args["channel"]
    reader: int | None = doing.member_id
    if to == "referrer":
        reader = queries.referrer(doing.member_id)
    if to == "owner":  # whom the rule pays is known when it has paid
        said["to"] = to
    if reader is not None:
        record("customer.told", f"member:{reader}", member_id=reader, **said)


def fire(_merchant: Tenant, doing: Doing) -> None:
    """Tell the shop's server the word that the rule names; webhooks carry it, once an event of ours."""
    if clock.now() - doing.at > FRESH:
        return
    kind, _colon, number = doing.event_key.partition(":")
    (rule,) = profiles.rules([doing.rule_id])
    said: dict[str, Any] = {"event": doing.args["event"], "rule": rule.public_id}
    if kind == "order" and number.isdecimal():
        said["order_id"] = int(number)
    record("bonus_rule.fired", f"member:{doing.member_id}", member_id=doing.member_id, **said)


def _amount(doing: Doing) -> dict[str, Any]:
    """Return how many bonuses it is about, where that is not what rules gave for it."""
    kind, _colon, number = doing.event_key.partition(":")
    if f"{kind}:" in ABOUT:
        return {name: doing.data[name] for name in ("amount", "at") if name in doing.data}
    version = profiles.version(doing.version_id)
    if kind == "order" and version is not None and version.body["trigger"] == "quote.requested":
        return {"amount": queries.spent_on(int(number))}
    return {}
