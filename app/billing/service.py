"""Ask for a top-up, take the money in once, and tell the merchant what he must know of his balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto
from app.billing import queries, rules
from app.billing.models import PaymentChannel, PaymentNotice, ToldOnce, TopUp
from app.billing.rules import LIFECYCLE, Fate, State, Status
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events import service as events
from app.extensions import db, kick_after_commit
from app.facts import service as facts
from app.ledger import service as ledger
from app.ledger.rules import MERCHANT_BALANCE, OUTSIDE, Move
from app.lifecycle import IllegalTransition
from app.standard_webhooks import new_secret
from app.tenancy import PLATFORM, current_tenant, public_id, tenant_scope
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from decimal import Decimal

    from app.billing.rules import Notice, Requisites

SETTLE = "settle"  # the job that pays whoever waits


def ask(amount: int, by: str) -> TopUp:
    """Make an invoice over `amount` minor units. Raises DomainError for a sum that cannot be.

    What it says of payee and payer stays as it is now.
    """
    if not 0 < amount <= rules.LARGEST:
        raise _wrong("amount", _("The amount must be above zero."))
    merchant = tenants.tenant(current_tenant())
    if merchant is None:
        raise NotFound
    made = TopUp(
        public_id=public_id("tu"),
        amount=amount,
        currency=merchant.currency,
        payee=queries.requisites().to_json(),
        payer=merchant.name,
        created_at=clock.now(),
        created_by=by,
    )
    db.session.add(made)
    db.session.flush()
    _record("asked", made, amount=amount)
    return made


def withdraw(top_up: TopUp, by: str) -> TopUp:
    """Take an invoice back while nothing was paid. Raises Conflict (409) for a paid one."""
    _change(top_up.id, "withdraw", decided_by=by)
    db.session.refresh(top_up)
    _record("withdrawn", top_up, amount=top_up.amount)
    return top_up


def receive(top_up_id: int, received: int, by: str, payment: str | None = None) -> TopUp:
    """Credit what came for an invoice of the merchant in scope, once; whoever waits is paid next.

    `received` in minor units may differ from what was asked. Raises NotFound, Conflict (409) for an
    invoice that is paid, DomainError (422) for a sum that cannot be.
    """
    if not 0 < received <= rules.LARGEST:
        raise _wrong("received", _("The amount must be above zero."))
    _change(
        top_up_id, "receive",
        received=received, received_at=clock.now(), decided_by=by, payment=payment or None,
    )  # fmt: skip
    paid = db.session.scalars(
        select(TopUp).where(TopUp.id == top_up_id).execution_options(populate_existing=True)
    ).one()
    move = Move(OUTSIDE, MERCHANT_BALANCE, received, "top_up", reason=str(paid.number))
    ledger.post(f"top_up:{paid.id}", [move], paid.currency)
    _record("received", paid, amount=received, asked=paid.amount)
    kick_after_commit(SETTLE)
    return paid


def give_back(top_up_id: int, amount: int, by: str) -> TopUp:
    """Note that the platform has sent `amount` (minor units) of a paid invoice back to the merchant in scope.

    It leaves the prepaid balance: at most what is there, and of one invoice what came for it, once.
    Raises NotFound, Conflict (409) for an invoice that is not paid or has been given back, DomainError
    (422) for a sum that cannot be.
    """
    free = ledger.lock([MERCHANT_BALANCE], _currency())[MERCHANT_BALANCE]
    paid = db.session.scalar(select(TopUp).where(TopUp.id == top_up_id).with_for_update())
    if paid is None:
        raise NotFound
    if paid.received is None or paid.returned is not None:
        raise Conflict("top_up_state", _("This invoice is not paid, or was given back already."))
    if amount <= 0:
        raise _wrong("amount", _("The amount must be above zero."))
    if amount > min(free, paid.received):
        words = _("This is more than came for the invoice, or more than is left on the balance.")
        raise _wrong("amount", words)
    paid.returned, paid.returned_at = amount, clock.now()
    db.session.flush()
    move = Move(MERCHANT_BALANCE, OUTSIDE, amount, "top_up_returned", reason=str(paid.number))
    ledger.post(f"top_up:{paid.id}:returned", [move], paid.currency)
    _record("returned", paid, amount=amount, by=by)
    watch(free, free - amount)
    return paid


def take_notice(notice: Notice) -> Fate:
    """Take a provider's word on an invoice of the merchant in scope; the same word again does nothing.

    Only `succeeded` credits, and in any order: what came after it changes nothing. Raises NotFound,
    DomainError (422) for another currency, Conflict (409) where a payment is told with another sum.
    """
    top_up = db.session.scalar(
        select(TopUp).where(TopUp.number == notice.invoice).with_for_update()
    )
    if top_up is None:
        raise NotFound
    if notice.currency != top_up.currency:
        raise _wrong("currency", _("The invoice is in another currency."))
    known = db.session.scalars(
        select(PaymentNotice).where(PaymentNotice.payment == notice.payment)
    ).all()
    if any((each.amount, each.top_up_id) != (notice.amount, top_up.id) for each in known):
        raise Conflict("other_payment", _("This payment was told otherwise before."))
    same = next((each for each in known if each.status == notice.status.value), None)
    if same is not None:
        return Fate(same.fate)
    fate = Fate.NOTED
    if notice.status is Status.SUCCEEDED:
        fate = Fate.SURPLUS if top_up.state == State.PAID.value else Fate.CREDITED
    db.session.add(
        PaymentNotice(
            payment=notice.payment,
            status=notice.status.value,
            amount=notice.amount,
            currency=notice.currency,
            top_up_id=top_up.id,
            fate=fate.value,
            at=clock.now(),
        )
    )
    db.session.flush()
    if fate is Fate.CREDITED:
        receive(top_up.id, notice.amount, "provider", notice.payment)
    return fate


def tell_once(key: str) -> bool:
    """Return True the first time: what is told under this key is told now, in this transaction."""
    statement = insert(ToldOnce).values(key=key, at=clock.now()).on_conflict_do_nothing()
    return db.session.scalar(statement.returning(ToldOnce.id)) is not None


def watch(before: int, after: int) -> None:
    """Tell the merchant that the balance, locked by the caller, fell below his threshold just now."""
    threshold = tenants.setting("low_balance")
    if rules.crossed(before, after, threshold):
        events.record(
            "balance.low",
            f"merchant:{current_tenant()}",
            amount=after,
            threshold=threshold,
            currency=_currency(),
        )


def set_requisites(given: Requisites, by: str) -> None:
    """Let top-ups be paid to these from now on; invoices that are out keep theirs."""
    with tenant_scope(PLATFORM):
        if facts.put(queries.OWNER, queries.REQUISITES, given.to_json(), actor=by):
            events.record("platform.changed", "platform:1", what=queries.REQUISITES)


def set_fee_rate(rate: Decimal, by: str) -> None:
    """Let the fee be `rate` per cent of what is funded from now on. Raises DomainError out of 0 to 50."""
    if not 0 <= rate <= 50:
        raise _wrong("rate", _("Between 0 and 50 per cent."))
    with tenant_scope(PLATFORM):
        before = queries.fee_rate()
        if before != rate:
            facts.put(queries.OWNER, queries.FEE_RATE, str(rate), actor=by)
            events.record(
                "platform.changed",
                "platform:1",
                what=queries.FEE_RATE,
                before=str(before),
                after=str(rate),
            )


def open_channel() -> tuple[PaymentChannel, str]:
    """Open the way by which a payment provider calls, and close the one before; the secret is told once.

    In the platform's scope.
    """
    close_channel()
    secret = new_secret()
    made = PaymentChannel(
        public_id=public_id("pc"), secret=crypto.seal(secret), created_at=clock.now()
    )
    db.session.add(made)
    db.session.flush()
    events.record("platform.changed", "platform:1", what="payment_channel")
    return made, secret


def close_channel() -> None:
    """Let no payment provider call any more; in the platform's scope."""
    is_open = PaymentChannel.disabled_at.is_(None)
    db.session.execute(update(PaymentChannel).where(is_open).values(disabled_at=clock.now()))


def _change(top_up_id: int, action: str, **columns: Any) -> None:
    state = db.session.scalar(select(TopUp.state).where(TopUp.id == top_up_id).with_for_update())
    if state is None:
        raise NotFound
    try:
        new = LIFECYCLE.next(State(state), action)
    except IllegalTransition:
        raise Conflict("top_up_state", _("This invoice is paid, or was taken back.")) from None
    db.session.execute(
        update(TopUp)
        .where(TopUp.id == top_up_id)
        .values(state=new.value, **columns)
        .execution_options(synchronize_session=False)
    )


def _currency() -> str:
    merchant = tenants.tenant(current_tenant())
    if merchant is None:
        raise NotFound
    return merchant.currency


def _record(what: str, top_up: TopUp, **extra: Any) -> None:
    events.record(
        f"balance.{what}",
        f"top_up:{top_up.id}",
        top_up=top_up.public_id,
        number=top_up.number,
        currency=top_up.currency,
        **extra,
    )


def _wrong(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
