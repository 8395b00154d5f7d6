"""Turn partner money into bonuses of the same person, and bonuses into money that can be paid out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.bonuses.rules import Grant
from app.conversions import queries, rules
from app.conversions.models import Conversion
from app.conversions.rules import Refusal, Way
from app.errors import Conflict, DomainError, FieldError
from app.events import service as events
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available
from app.tenancy import public_id
from app.tenants.queries import in_shadow, refuse_in_shadow, setting

if TYPE_CHECKING:
    from flask_babel import LazyString

    from app.partners.models import Partner

WORDS: dict[Refusal, LazyString] = {
    Refusal.LOYALTY_OFF: _l("Bonuses are not switched on."),
    Refusal.NO_ACCOUNT: _l("You have no bonus account in this shop."),
    Refusal.MODE: _l("The shop does not offer this."),
    Refusal.NOT_POSITIVE: _l("The amount must be above zero."),
    Refusal.ABOVE_AVAILABLE: _l("This is more than what is available."),
    Refusal.BELOW_MINIMUM: _l("This is less than the minimum."),
    Refusal.DEBT: _l("There is a debt of bonuses; new bonuses repay it first."),
}
TOGETHER = 500


def convert(partner: Partner, amount: int, key: str) -> Conversion:
    """Turn `amount` of the partner's available money (minor units) into bonuses, with the premium.

    Once by `key`. Raises DomainError (on "amount") for what may not be, Conflict while the partner's
    money is stopped.
    """
    _standing(partner)
    found = _open(partner, key)
    if found is not None:
        return found
    _check(Way.TO_BONUSES, amount, partner)
    program = bonuses.program()
    return _turn(
        partner, Way.TO_BONUSES, amount, rules.to_bonuses(amount, program.partner_premium), key
    )


def withdraw(partner: Partner, amount: int, key: str) -> Conversion:
    """Turn `amount` bonuses (minor units) into money that the partner can ask for; as `convert`."""
    _standing(partner)
    found = _open(partner, key)
    if found is not None:
        return found
    _check(Way.TO_MONEY, amount, partner)
    return _turn(partner, Way.TO_MONEY, amount, amount, key)


def withdraw_held(partner: Partner, hold: str, points: int, money: int, key: str) -> Conversion:
    """Turn bonuses that are held under the name `hold` into `money`, less than they are by a fee.

    Once by `key`. What may be withdrawn was asked when they were held. Raises Conflict while the
    partner's money is stopped.
    """
    _standing(partner)
    found = _open(partner, key)
    return found if found is not None else _turn(partner, Way.TO_MONEY, money, points, key, hold)


def _standing(partner: Partner) -> None:
    refuse_in_shadow()
    if not setting("loyalty"):
        raise _refused(Refusal.LOYALTY_OFF)
    if partner.status != "active":
        raise Conflict("partner_not_active", _("This waits until the account is active."))
    if partner.details_frozen_at is not None:
        raise Conflict(
            "details_frozen", _("Your payment details are being checked; please ask the shop.")
        )


def _open(partner: Partner, key: str) -> Conversion | None:
    """Lock both accounts, the customer's first as everywhere, and look whether it was done."""
    if partner.member_id is None:
        raise _refused(Refusal.NO_ACCOUNT)
    wallet.bring_up([partner.member_id])
    ledger.lock([available(partner.id)], queries.currency())
    return db.session.scalar(select(Conversion).where(Conversion.key == key))


def _check(way: Way, amount: int, partner: Partner) -> None:
    refused = rules.refusal(way, amount, queries.purse(partner), bonuses.program())
    if refused is not None:
        raise _refused(refused)


def _refused(why: Refusal) -> DomainError:
    return DomainError(why.value, str(WORDS[why]), FieldError("amount", str(WORDS[why])))


def _turn(
    partner: Partner, way: Way, money: int, points: int, key: str, hold: str | None = None
) -> Conversion:
    if partner.member_id is None:
        raise _refused(Refusal.NO_ACCOUNT)
    made = Conversion(
        public_id=public_id("cv"),
        key=key,
        partner_id=partner.id,
        member_id=partner.member_id,
        way=way.value,
        money=money,
        bonuses=points,
        actor=events.actor(),
        at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    reference, currency = f"conversion:{made.public_id}", queries.currency()
    if way is Way.TO_BONUSES:
        move = Move(available(partner.id), COMMISSIONS, money, "conversion", partner=partner.id)
        ledger.post(reference, [move], currency)
        wallet.grant([_grant(made, reference)])
    else:
        _take(made, points, f"{reference}:out", hold)
        move = Move(
            COMMISSIONS, available(partner.id), money, "bonus_withdrawal", partner=partner.id
        )
        ledger.post(reference, [move], currency)
        ledger.repay([partner.id], currency)
    facts = {"partner_id": partner.id, "member_id": made.member_id, "way": made.way}
    facts |= {"money": money, "bonuses": points, "currency": currency}
    events.record("bonus.converted", f"conversion:{made.public_id}", **facts)
    return made


def _take(made: Conversion, points: int, reference: str, hold: str | None) -> None:
    if hold is not None:
        wallet.capture(hold, reference)
    else:
        wallet.spend(made.member_id, points, reference, reason=_("Withdrawn as money"))


def _grant(made: Conversion, reference: str) -> Grant:
    days = bonuses.program().expires_days  # as long as what is earned; the cabinet says so before
    return Grant(
        member_id=made.member_id,
        amount=made.bonuses,
        reference=f"{reference}:in",
        kind="conversion",
        expires_at=None if days is None else made.at + timedelta(days=days),
        reason=_("Partner commission as bonuses"),
    )


def convert_all() -> int:
    """Turn the available money of every linked partner into bonuses, where the program always does.

    Returns how many were looked at: fewer than TOGETHER means that all were.
    """
    program = bonuses.program()
    if in_shadow() or not setting("loyalty") or program.convert != "always":
        return 0
    if Way.TO_BONUSES not in rules.allowed(program):
        return 0
    found = queries.with_money(TOGETHER)
    for partner in found:
        amount = queries.purse(partner).money
        if amount > 0:
            convert(partner, amount, f"always:{public_id('cv')}")
    return len(found)
