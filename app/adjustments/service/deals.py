"""Set by hand what one order earns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext

from app import clock
from app.adjustments.queries import standing_at
from app.adjustments.rules import REASON
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
    too large and without a reason.
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
    said = overrides([order_id]).get(order_id, ())
    now = {(each.level, each.partner_id): each.amount for each in said}
    for level, amount in levels.items():
        partner_id = whose.get(level)
        if partner_id is None and amount is not None:
            message = gettext("Nobody stands at this level.")
            raise DomainError("nobody", message, FieldError(f"level_{level}", message))
        if partner_id is not None and now.get((level, partner_id)) != amount:
            _say(before, level, partner_id, amount, reason.strip(), by, currency)
    db.session.flush()
    intake.rework([order_id])
    after = deal_view(order_id)
    if after is None:
        raise LookupError("a deal does not go away")
    return after


def _say(
    view: DealView,
    level: int,
    partner_id: int,
    amount: int | None,
    reason: str,
    by: str,
    currency: str,
) -> None:
    order_id = view.deal.order_id
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
    own = [row for row in view.shares if row.level == level]
    record(
        "deal.overridden",
        f"order:{order_id}",
        deal_id=view.deal.public_id,
        order_id=order_id,
        partner_id=partner_id,
        level=level,
        amount=amount,
        before=sum(row.amount for row in own),
        currency=currency,
        reason=reason,
    )
