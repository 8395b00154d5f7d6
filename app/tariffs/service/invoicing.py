"""A month is closed once into an invoice, which the prepaid balance pays; corrections are counter lines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.billing import queries as billing_queries
from app.billing import service as billing
from app.errors import DomainError, FieldError
from app.events import service as events
from app.extensions import db, kick_after_commit
from app.ledger import service as ledger
from app.ledger.rules import DUES, MERCHANT_BALANCE, TARIFFS, Move
from app.tariffs import queries, rules
from app.tariffs.models import TariffInvoice, TariffLine
from app.tariffs.rules import InvoiceState, Item, Line
from app.tariffs.service.standing import stand, told
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM = "system"


def close_due() -> int:
    """Close every month of the merchant in scope that is over and was charged; returns how many were."""
    zone = queries.merchant().timezone
    first, today = queries.charged_since(zone), clock.day_of(clock.now() - rules.LATE, zone)
    if first is None:
        return 0
    month, closed = first.replace(day=1), 0
    while rules.next_month(month) <= today:
        if queries.of_month(month) is None and close(month) is not None:
            closed += 1
        month = rules.next_month(month)
    return closed


def close(first: date) -> TariffInvoice | None:
    """Make the invoice of a month of the merchant in scope, by its first day; None: it is made already.

    Twice, or at once by two, makes one. What receipts of the month before came to since its own
    invoice comes along as counter lines. Below zero in all, it goes back to the prepaid balance.
    """
    here, now = queries.merchant(), clock.now()
    days = queries.month(first)
    lines = [*rules.reckon(days, len(days)), *_later(first)]
    total = sum(line.amount for line in lines)
    used = queries.usage(days)
    state = InvoiceState.OPEN if total > 0 else InvoiceState.PAID if lines else InvoiceState.NOTHING
    made: TariffInvoice | None = db.session.scalar(
        insert(TariffInvoice)
        .values(
            public_id=public_id("ti"), month=first, currency=_currency(days, here.currency), total=total,
            state=state.value, usage={"receipts": used.receipts, "members": used.members},
            payee=billing_queries.requisites().to_json(), payer=here.name, made_at=now,
            due_at=now + rules.PAY_WITHIN, paid_at=now if state is InvoiceState.PAID else None,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "month"])
        .returning(TariffInvoice)
    )  # fmt: skip
    if made is None:
        return None
    _write(made, lines, SYSTEM, 1)
    moves = [_move(line, n) for n, line in enumerate(lines, start=1)]
    if total < 0:
        moves.append(Move(DUES, MERCHANT_BALANCE, -total, "tariff_returned"))
    if moves:
        ledger.post(f"tariff:{made.id}", moves, made.currency)
    if lines:
        events.record("tariff.invoiced", f"tariff_invoice:{made.id}", **told(made))
    collect()
    stand()
    return made


def collect() -> int:
    """Pay open invoices of the merchant in scope from the prepaid balance, oldest first, each whole.

    Returns how many were paid; the first that the balance does not suffice for ends it. Twice-safe.
    """
    if not queries.unpaid() or billing_queries.balance() <= 0:
        return 0
    currency = queries.merchant().currency
    before = left = ledger.lock([MERCHANT_BALANCE], currency)[MERCHANT_BALANCE]
    paid = 0
    for invoice in queries.unpaid():
        if invoice.outstanding > left or not _settle(invoice):
            break
        move = Move(MERCHANT_BALANCE, DUES, invoice.outstanding, "tariff_paid")
        ledger.post(f"tariff:{invoice.id}:paid", [move], invoice.currency)
        events.record("tariff.paid", f"tariff_invoice:{invoice.id}", **told(invoice))
        left -= invoice.outstanding
        paid += 1
    billing.watch(before, left)
    stand()
    return paid


def correct(invoice: TariffInvoice, amount: int, reason: str, by: str) -> None:
    """Take `amount` off an invoice by a counter line; what was paid goes back to the prepaid balance.

    Raises DomainError (422) for more than it still comes to, or without a reason.
    """
    if not reason.strip():
        raise _wrong("reason", _("Say why: the merchant reads it."))
    ledger.lock([MERCHANT_BALANCE], invoice.currency)
    db.session.execute(
        select(TariffInvoice).where(TariffInvoice.id == invoice.id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if not 0 < amount <= invoice.outstanding:
        raise _wrong("amount", _("Between nothing and what the invoice still comes to."))
    n = len(queries.lines(invoice.id)) + 1
    line = Line(Item.CORRECTION, "", 1, 1, -amount, -amount, reason.strip())
    _write(invoice, [line], by, n)
    invoice.credited += amount
    moves = [_move(line, n)]
    if invoice.state == InvoiceState.PAID:
        moves.append(Move(DUES, MERCHANT_BALANCE, amount, "tariff_returned"))
    elif invoice.outstanding == 0:
        _settle(invoice)
    db.session.flush()
    ledger.post(f"tariff:{invoice.id}:line:{n}", moves, invoice.currency)
    events.record(
        "tariff.corrected", f"tariff_invoice:{invoice.id}", **told(invoice) | {"amount": amount}, reason=reason.strip()
    )  # fmt: skip
    kick_after_commit(billing.SETTLE)
    stand()


def _later(first: date) -> list[Line]:
    """Return what the receipts of the month before came to since its invoice was made."""
    before = (first - timedelta(days=1)).replace(day=1)
    made = queries.of_month(before)
    if made is None:
        return []
    days = queries.month(before)
    now = rules.reckon(days, len(days))
    return rules.later(queries.lines(made.id), now, before.isoformat()[:7])


def _currency(days: Sequence[rules.Day], usual: str) -> str:
    return next((day.plan.currency for day in days if day.plan is not None), usual)


def _move(line: Line, n: int) -> Move:
    if line.amount > 0:
        return Move(DUES, TARIFFS, line.amount, "tariff", line=str(n))
    return Move(TARIFFS, DUES, -line.amount, "tariff_back", line=str(n))


def _write(invoice: TariffInvoice, lines: Sequence[Line], by: str, start: int) -> None:
    for n, line in enumerate(lines, start=start):
        row: dict[str, Any] = {
            name: getattr(line, name) for name in ("plan", "quantity", "days", "price", "amount", "about")
        }  # fmt: skip
        db.session.add(
            TariffLine(
                invoice_id=invoice.id, n=n, item=str(line.item), made_by=by, made_at=clock.now(), **row
            )
        )  # fmt: skip
    db.session.flush()


def _settle(invoice: TariffInvoice) -> bool:
    """Let an open invoice be paid; False: it was, meanwhile."""
    done = db.session.scalar(
        update(TariffInvoice)
        .where(TariffInvoice.id == invoice.id, TariffInvoice.state == InvoiceState.OPEN.value)
        .values(state=rules.LIFECYCLE.next(InvoiceState.OPEN, "pay").value, paid_at=clock.now())
        .returning(TariffInvoice.id)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(invoice)
    return done is not None


def _wrong(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
