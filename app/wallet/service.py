"""Paying a partner from the list, and how the transfer is written for a banking application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import func, select

from app.errors import Conflict, DomainError, FieldError
from app.extensions import db
from app.ledger.rules import available
from app.links.service import draw_svg
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.payouts.queries import currency
from app.payouts.service.requests import lock
from app.requisites.rules import BankAccount, Details, payment_qr
from app.wallet import rules

if TYPE_CHECKING:
    from app.partners.models import Partner


@dataclass(frozen=True)
class Transfer:
    """What the payer needs: the details open, the purpose, and for an account in Russia the QR's text."""

    details: Details
    amount: int
    purpose: str
    qr: str | None
    withheld: int = 0  # minor units that are kept back and not sent

    @property
    def picture(self) -> Markup | None:
        """The QR as SVG, drawn by us."""
        return Markup(draw_svg(self.qr)) if self.qr else None  # noqa: S704


def transfer(
    details: Details, amount: int, money: str, *, number: str, brand: str, vat: str
) -> Transfer:
    """Return how `amount` (minor units of `money`) is sent; `number` stands in the purpose."""
    purpose = _("Partner commission, %(brand)s, %(number)s.", brand=brand, number=number)
    purpose, way, qr = f"{purpose} {vat}".strip(), details.way, None
    if isinstance(way, BankAccount) and money == "RUB":
        qr = payment_qr(details.payee, way, amount, purpose)
    return Transfer(details, amount, purpose, qr)


def newest(partner_id: int) -> int:
    """Return the number of the partner's newest payout, 0 without one: what a form was made after."""
    return db.session.scalar(
        select(func.coalesce(func.max(Payout.id), 0)).where(Payout.partner_id == partner_id)
    ) or 0  # fmt: skip


def pay(
    partner: Partner,
    amount: int,
    method: str,
    by: str,
    *,
    seen: int,
    reason: str | None = None,
    may_advance: bool = False,
) -> Payout:
    """Record that a partner was paid `amount` (minor units): less than is owed, all of it, or more.

    More is an advance, which must be meant: DomainError (422) at the field "advance" otherwise. A
    payout made since the form was (`seen`) is a Conflict (409): a form sent twice pays once. Raises
    as payouts.record_paid does for the rest.
    """
    payouts.in_turn()
    standing = lock(partner.id, currency())
    if newest(partner.id) != seen:
        raise Conflict(
            "paid_meanwhile",
            _("A payout was made since this form was opened. Look at it before you pay again."),
        )
    if rules.advance(amount, standing[available(partner.id)]) and not may_advance:
        message = _("This is more than is owed: say that the rest is an advance.")
        raise DomainError("advance", message, FieldError("advance", message))
    return payouts.record_paid(partner.id, amount, method, by, reason)
