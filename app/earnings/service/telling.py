"""Messages that rules send: each is an event, and what tells of events carries it to its reader."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app import clock
from app.earnings import queries
from app.events.service import record

if TYPE_CHECKING:
    from app.earnings.service.acting import Doing
    from app.tenants.models import Tenant

FRESH = timedelta(days=7)  # what happened longer ago is history: it was imported, or reckoned anew


def tell(_merchant: Tenant, doing: Doing) -> None:
    """Write to the customer, to who brought him, or to staff, in the words that the rule names."""
    if clock.now() - doing.at > FRESH:
        return
    said = {
        "text": doing.args["message"],
        "event": doing.event_key,
        "rule": doing.rule_id,
    }
    to = doing.args.get("to", "member")
    if to == "staff":
        subject = f"member:{doing.member_id}"
        record("staff.told", subject, member_id=doing.member_id, **said)
        return
    said["channel"] = doing.args["channel"]
    reader: int | None = doing.member_id
    if to == "referrer":
        reader = queries.referrer(doing.member_id)
    if to == "owner":  # whom the rule pays is known when it has paid
        said["to"] = to
    if reader is not None:
        record("customer.told", f"member:{reader}", member_id=reader, **said)
