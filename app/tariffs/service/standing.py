"""How an account stands: trial, plan, and the soft stop, which refuses no order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app import clock
from app.billing.service import tell_once
from app.errors import DomainError, FieldError
from app.events import service as events
from app.extensions import db
from app.facts import service as facts
from app.tariffs import queries, rules
from app.tariffs.models import TariffInvoice
from app.tariffs.queries import OWNER, PLAN, TILLS, TRIAL
from app.tariffs.rules import InvoiceState, State
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from datetime import datetime

LONGEST = timedelta(days=366)  # by which an operator may extend at once


def begin() -> None:
    """Let the trial of the merchant in scope begin, where this installation has tariffs."""
    here = queries.merchant()
    if not queries.is_on() or here.twin_of is not None or here.trial_until is not None:
        return
    _found(here)
    _try_until(here, rules.trial_end(clock.now(), here.timezone))
    stand()


def choose(code: str, by: str) -> None:
    """Put the merchant in scope under a plan from today on; a trial that runs stays free.

    Raises DomainError (422) for a plan that is not offered, or has room for fewer tills than there are.
    """
    here = queries.merchant()
    found = next((p for p in queries.offers(here.currency) if p.code == code), None)
    if found is None:
        raise _wrong("plan", _("This plan is not offered."))
    if queries.tills() > found.tills:
        raise _wrong("plan", _("You have more tills than this plan has room for."))
    _found(here)
    _put(here, found.code, by)
    events.record("tariff.chosen", f"merchant:{here.id}", plan=found.name)


def leave(by: str) -> None:
    """Let the merchant in scope have no plan from today on; what was used until now is invoiced."""
    here = queries.merchant()
    if here.plan is not None:
        _put(here, None, by)
        events.record("tariff.chosen", f"merchant:{here.id}", plan=None)


def count_tills(number: int) -> None:
    """Take note of how many tills the merchant in scope has from now on: the slice of tills says so."""
    _found(queries.merchant())
    facts.put(OWNER, TILLS, number)


def extend(until: datetime, by: str) -> None:
    """Let the merchant in scope go on until then: the trial, and whatever is unpaid.

    Raises DomainError (422) for a moment that is over, or more than a year away.
    """
    now, here = clock.now(), queries.merchant()
    if not now < until <= now + LONGEST:
        raise _wrong("until", _("Choose a day within a year from now."))
    if here.plan is None or (here.trial_until is not None and now < here.trial_until):
        _found(here)
        _try_until(here, until)
    waits = TariffInvoice.state == InvoiceState.OPEN.value
    change = update(TariffInvoice).where(waits, TariffInvoice.due_at < until)
    db.session.execute(change.values(due_at=until).execution_options(synchronize_session="fetch"))
    events.record("tariff.extended", f"merchant:{here.id}", until=until.isoformat(), by=by)
    stand()


def stand() -> State:
    """Look how the merchant in scope stands, stop or resume, and tell it once. Twice-safe."""
    here = queries.merchant()
    waits = TariffInvoice.state == InvoiceState.OPEN.value
    here.unpaid_due = db.session.scalar(select(func.min(TariffInvoice.due_at)).where(waits))
    db.session.flush()
    found = queries.state()
    stops = found is State.STOPPED
    was = Tenant.stopped_at.is_(None) if stops else Tenant.stopped_at.is_not(None)
    values = {"stopped_at": clock.now() if stops else None}
    done = db.session.scalar(
        update(Tenant)
        .where(Tenant.id == here.id, was)
        .values(**values)
        .returning(Tenant.id)
        .execution_options(synchronize_session=False)
    )
    if done is not None:
        db.session.refresh(here)
        kind = "tariff.stopped" if stops else "tariff.resumed"
        events.record(kind, f"merchant:{here.id}", unpaid=here.unpaid_due is not None)
    return found


def remind() -> None:
    """Tell, once each, that the trial ends in 7, 3, 1 days and today, and that an invoice waits."""
    here, now = queries.merchant(), clock.now()
    if queries.state() is State.TRIAL and here.plan is None and here.trial_until is not None:
        left = rules.days_left(now, here.trial_until, here.timezone)
        speaks = rules.reminder(left)
        key = f"trial:{here.trial_until.date()}:{speaks}"
        if speaks is not None and tell_once(key):
            events.record("tariff.trial_ending", f"merchant:{here.id}", days=left)
    for invoice in queries.unpaid():
        if invoice.due_at - rules.WARN_UNPAID <= now and tell_once(f"unpaid:{invoice.id}"):
            events.record("tariff.unpaid", f"tariff_invoice:{invoice.id}", **told(invoice))


def told(invoice: TariffInvoice) -> dict[str, Any]:
    """Return what events say of an invoice."""
    return {
        "invoice": invoice.public_id,
        "number": invoice.number,
        "month": invoice.month.isoformat(),
        "amount": invoice.outstanding,
        "currency": invoice.currency,
        "due_at": invoice.due_at.isoformat(),
    }


def _found(here: Tenant) -> None:
    """Give the merchant the first rows of its facts, of before it came: no plan, no till and no trial."""
    if not facts.history([OWNER]):
        before = here.created_at - timedelta(days=1)
        facts.found(OWNER, {PLAN: None, TILLS: 0, TRIAL: None}, since=before)


def _put(here: Tenant, code: str | None, by: str) -> None:
    facts.put(OWNER, PLAN, code, actor=by)
    here.plan = code
    stand()


def _try_until(here: Tenant, until: datetime) -> None:
    facts.put(OWNER, TRIAL, until.isoformat())
    here.trial_until = until
    db.session.flush()


def _wrong(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
