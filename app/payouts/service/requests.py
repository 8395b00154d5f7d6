"""Ask for a payout, or record one already made; and what every verb needs: the lock and the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events import service as events
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import Move, available, debt, reserved
from app.ledger.rules import payout as passage
from app.papers import service as papers
from app.partners.models import Partner
from app.payouts import queries, rules
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import Refusal, State
from app.payouts.service import consenting, details, gate
from app.tenancy import public_id
from app.tenants.queries import refuse_in_shadow

if TYPE_CHECKING:
    from collections.abc import Sequence


def request(partner_id: int, amount: int, method: str, by: str) -> Payout:
    """Let a partner ask for `amount` (minor units) by the method with this code.

    Available money is reserved at once. Raises DomainError (422) for an amount that rules.may_request
    refuses and for missing details, Conflict (409) for a second open payout, a partner who is not
    active, details changed less than a day ago, or where the platform pays by itself.
    """
    refuse_in_shadow()
    partner = find_partner(partner_id)
    chosen = _method(method)
    if queries.by_platform():
        raise Conflict(
            "settled_by_platform", _("Payouts are made by themselves here; you need not ask.")
        )
    if queries.spends_only():
        raise Conflict(
            "spend_only", _("What is earned here is spent in the shop; it is not paid out.")
        )
    if partner.status != "active":
        raise Conflict("partner_not_active", _("Payouts wait until the account is active."))
    currency = _reservable(partner, amount, queries.minimum())
    if not details.fits(partner, chosen):
        raise wrong(
            "method", "details_missing", _("Fill in your payment details for this method first.")
        )
    if partner.details_frozen_at is not None:
        raise Conflict(
            "details_frozen", _("Your payment details are being checked; please ask the shop.")
        )
    if rules.cools(partner.details_usable_at, clock.now()):
        raise Conflict(
            "details_cooling", _("New payment details can be used 24 hours after the change.")
        )
    copy = details.copy_for(partner, chosen.code)
    return _ask(partner, amount, chosen, by, currency, copy)


def request_for(partner_id: int, amount: int, method: str, by: str) -> Payout:
    """Ask on a partner's behalf (staff, API): no minimum, no details asked, no cooling.

    Details the partner has for the method are copied. Raises as `request` does for the rest.
    """
    refuse_in_shadow()
    partner = find_partner(partner_id)
    chosen = _method(method)
    gate.refuse_blocked(partner)
    gate.refuse_frozen(partner.id)
    currency = _reservable(partner, amount, 0)
    return _ask(partner, amount, chosen, by, currency, details.copy_for(partner, chosen.code))


def record_paid(
    partner_id: int,
    amount: int,
    method: str,
    by: str,
    reason: str | None = None,
    charges: rules.Charges | None = None,
) -> Payout:
    """Record a payment the merchant has already made, `amount` in minor units, gross.

    It takes what is available; what exceeds that is an advance and becomes debt. `charges` are kept back
    of the amount; not said, the tax that the merchant withholds. Raises DomainError (422) for an amount
    not above zero, Forbidden for one's own payment and above the limit of one person, Conflict (409)
    while a paper is missing without which nothing is paid, or the partner's details are in doubt.
    """
    refuse_in_shadow()
    partner = find_partner(partner_id)
    chosen = _method(method)
    gate.refuse_own(partner, by)
    if amount <= 0:
        raise _refused(Refusal.NOT_POSITIVE)
    if amount > rules.LARGEST_PAYMENT:
        raise wrong("amount", "too_large", _("This is more than can be paid at once."))
    gate.refuse_frozen(partner.id)
    papers.refuse_missing(partner.id)
    consenting.in_turn()
    consenting.refuse_alone(amount, by)
    currency = queries.currency()
    if charges is None:
        charges = rules.Charges(
            withheld=papers.withheld_from({partner.id: amount}, currency)[partner.id]
        )
    standing = lock(partner.id, currency)
    covered, advance = rules.split_payment(amount, standing[available(partner.id)])
    now = clock.now()
    made = _new(
        partner, amount, chosen, by,
        state=State.PAID, reason=reason, decided_by=by, approved_by=by, approved_at=now, ended_at=now,
        details=details.copy_for(partner, chosen.code), fee=charges.fee, withheld=charges.withheld,
    )  # fmt: skip
    way = passage(made.id)
    moves = [
        Move(available(partner.id), way, covered, "payout_paid", partner=partner.id),
        Move(debt(partner.id), way, advance, "payout_advance", partner=partner.id, reason=reason),
        *rules.passing(made.id, partner.id, amount, charges),
    ]
    ledger.post(f"payout:{made.id}:paid", [m for m in moves if m.amount], currency)
    record("paid", made, advance=advance)
    return made


@dataclass(frozen=True, slots=True)
class Funded:
    """A payout that the prepaid balance pays: gross, fee and tax withheld in minor units."""

    partner_id: int
    gross: int
    fee: int
    method_id: int
    withheld: int = 0


def open_funded(wanted: Sequence[Funded], currency: str) -> list[Payout]:
    """Make approved payouts that the platform sends; the caller has looked, and moves the money.

    It holds the partners' balances. Details are copied as for requests.
    """
    people = select(Partner).where(Partner.id.in_({each.partner_id for each in wanted}))
    partners = {partner.id: partner for partner in db.session.scalars(people)}
    methods = {method.id: method for method in queries.methods()}
    now, made = clock.now(), []
    for each in wanted:
        method = methods[each.method_id]
        made.append(
            Payout(
                public_id=public_id("po"), partner_id=each.partner_id, amount=each.gross, fee=each.fee,
                withheld=each.withheld, currency=currency, method_id=method.id, state=State.APPROVED.value,
                requested_by="system", decided_by="system", requested_at=now, approved_at=now,
                settled_by=rules.PLATFORM,
                details=details.copy_for(partners[each.partner_id], method.code),
            )
        )  # fmt: skip
    db.session.add_all(made)
    db.session.flush()
    return made


def _ask(
    partner: Partner, amount: int, method: PayoutMethod, by: str, currency: str, copy: bytes | None
) -> Payout:
    made = _new(partner, amount, method, by, state=State.REQUESTED, details=copy)
    move = Move(
        available(partner.id), reserved(partner.id), amount, "payout_requested", partner=partner.id
    )
    ledger.post(f"payout:{made.id}:requested", [move], currency)
    record("requested", made)
    return made


def _new(
    partner: Partner, amount: int, method: PayoutMethod, by: str, *, state: State, **columns: Any
) -> Payout:
    made = Payout(
        public_id=public_id("po"),
        partner_id=partner.id,
        amount=amount,
        currency=queries.currency(),
        method_id=method.id,
        state=state.value,
        requested_by=by,
        requested_at=clock.now(),
        **columns,
    )
    db.session.add(made)
    db.session.flush()
    return made


def _reservable(partner: Partner, amount: int, minimum: int) -> str:
    """Lock, then look whether the amount can be reserved; return the currency."""
    currency = queries.currency()
    standing = lock(partner.id, currency)
    refusal = rules.may_request(
        amount,
        available=standing[available(partner.id)],
        minimum=minimum,
        has_open=queries.has_open(partner.id),
        debt=standing[debt(partner.id)],
    )
    if refusal is not None:
        raise _refused(refusal)
    return currency


def _refused(refusal: Refusal) -> DomainError:
    words = {
        Refusal.NOT_POSITIVE: _("The amount must be above zero."),
        Refusal.OPEN_PAYOUT: _("There is an open payout already; wait until it is settled."),
        Refusal.ABOVE_AVAILABLE: _("This is more than what is available."),
        Refusal.BELOW_MINIMUM: _("This is less than the minimum payout."),
        Refusal.DEBT: _("There is a debt after a return; it is repaid from new commissions first."),
    }
    if refusal is Refusal.OPEN_PAYOUT:
        return Conflict(refusal.value, words[refusal])
    return wrong("amount", refusal.value, words[refusal])


def _method(code: str) -> PayoutMethod:
    found = db.session.scalar(
        select(PayoutMethod).where(PayoutMethod.code == code, PayoutMethod.retired_at.is_(None))
    )
    if found is None:
        raise wrong("method", "unknown_method", _("There is no such payout method."))
    return found


def lock(partner_id: int, currency: str) -> dict[str, int]:
    """Lock the balances a payout touches, in account order; return them in minor units."""
    return ledger.lock([account(partner_id) for account in (available, debt, reserved)], currency)


def find_partner(partner_id: int) -> Partner:
    """Return the partner. Raises NotFound."""
    partner = db.session.scalar(select(Partner).where(Partner.id == partner_id))
    if partner is None:
        raise NotFound(_("There is no such partner."))
    return partner


def record(what: str, payout: Payout, **facts: Any) -> None:
    """Write the event payout.<what>; facts that are empty are left out."""
    events.record(
        f"payout.{what}",
        f"payout:{payout.id}",
        payout=payout.public_id,
        partner_id=payout.partner_id,
        amount=payout.amount,
        currency=payout.currency,
        **{name: value for name, value in facts.items() if value},
    )


def wrong(field: str, code: str, message: str) -> DomainError:
    """Return the refusal of one field of the input (422)."""
    return DomainError(code, message, FieldError(field, message))
