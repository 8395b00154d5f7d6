"""Set by hand what one order earns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext

from app import clock
from app.adjustments.queries import standing_at
from app.adjustments.rules import REASON
from app.adjustments.service.entries import refuse_own
from app.commissions.models import Override
from app.commissions.queries import deal_view, overrides
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.intake import service as intake
from app.members import service as members
from app.money import LARGEST
from app.orders import service as orders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.commissions.queries import DealView


def override(
    order_id: int, levels: Mapping[int, int | None], reason: str, by: str, currency: str
) -> DealView:
    """Set what levels of an order earn, minor units while nothing is given back; None: as computed.

    What differs from what is booked is booked at once, and every later message keeps to it. `by` is
    how people call who says so; it is said of the partners who stand there now. Raises Conflict where
    no partner has the order, DomainError (422) for a level where nobody stands, for sums below zero or
    too large and without a reason, Forbidden for
    what oneself earns.
    """
    if not reason.strip() or len(reason) > REASON:
        message = gettext("Say why: the partner will read it.")
        raise DomainError("reason_missing", message, FieldError("reason", message))
    for level, amount in levels.items():
        if amount is not None and not 0 <= amount <= LARGEST:
            message = gettext("The sum is too large.")
            raise DomainError("amount", message, FieldError(f"level-{level}", message))
    intake.in_turn()
    members.lock([orders.get(order_id).member_id])  # nobody books it meanwhile
    before = deal_view(order_id)
    if before is None or before.partner is None:
        raise Conflict("no_partner", gettext("No partner earns from this order."))
    whose = standing_at(before)
    kept = overrides([order_id]).get(order_id, ())
    known = {(each.level, each.partner_id): each.amount for each in kept}
    said: dict[int, int | None] = {}
    for level, amount in levels.items():
        partner_id = whose.get(level)
        if partner_id is None and amount is not None:
            message = gettext("Nobody stands at this level.")
            raise DomainError("nobody", message, FieldError(f"level_{level}", message))
        if partner_id is not None and known.get((level, partner_id)) != amount:
            refuse_own([partner_id])
            said[level] = amount
            _keep(order_id, level, partner_id, amount, reason.strip(), by)
    db.session.flush()
    intake.rework([order_id], {order_id: dict.fromkeys(said, reason.strip())})
    after = deal_view(order_id)
    if after is None:
        raise LookupError("a deal does not go away")
    for level, amount in said.items():
        _tell(before, after, level, amount=amount, currency=currency, reason=reason.strip())
    return after


def _keep(
    order_id: int, level: int, partner_id: int, amount: int | None, reason: str, by: str
) -> None:
    db.session.add(
        Override(
            order_id=order_id,
            level=level,
            partner_id=partner_id,
            amount=amount,
            reason=reason,
            by=by,
            actor=actor(),
            at=clock.now(),
        )
    )


def _tell(before: DealView, after: DealView, level: int, **facts: Any) -> None:
    """Say what a level earned and now earns; a level at which nobody stands is nobody's news."""
    was, now = ([row for row in v.shares if row.level == level] for v in (before, after))
    if not was and not now:
        return
    order_id = after.deal.order_id
    record(
        "deal.overridden",
        f"order:{order_id}",
        deal_id=after.deal.public_id,
        order_id=order_id,
        partner_id=(now or was)[0].partner_id,
        level=level,
        before=sum(row.amount for row in was),
        after=sum(row.amount for row in now),
        **facts,
    )
