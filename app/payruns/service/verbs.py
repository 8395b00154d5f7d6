"""What may be done with a pay run, step by step; the work itself goes on in batches behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from app import clock
from app.errors import Conflict, DomainError, FieldError, Forbidden
from app.events.service import actor, record
from app.extensions import db
from app.lifecycle import IllegalTransition
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.payouts.queries import OPEN_STATES
from app.payouts.rules import Consent, consent, people_needed
from app.payruns import queries
from app.payruns.models import PayLine, PayRun
from app.payruns.rules import LIFECYCLE, Out, Pays, State
from app.payruns.service import batches
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN
from app.runs.service import Kind
from app.tenancy import public_id
from app.tenants.queries import people_behind, refuse_in_shadow

if TYPE_CHECKING:
    from datetime import date

LOOK, APPROVE, PAY, CANCEL = "pay_run", "pay_run.approve", "pay_run.pay", "pay_run.cancel"
TOGETHER = 5_000


def make(
    pays: Pays, on_day: date, *, method_id: int | None = None, planned_for: date | None = None,
    pay_on: date | None = None,
) -> PayRun:  # fmt: skip
    """Begin a run: look at everybody and write down who is in, who is out and why. No money moves.

    Raises Conflict while another is being made, DomainError for a day that has not come.
    """
    refuse_in_shadow()
    if payout_queries.by_platform():
        words = _("Payouts are made by themselves here, from the prepaid balance.")
        raise Conflict("settled_by_platform", words)
    if queries.open_draft() is not None:
        words = _("Another pay run is being made. Prepare it, or throw it away first.")
        raise Conflict("run_open", words)
    today = clock.today(queries.tenant().timezone)
    if on_day > today:
        words = _("Choose today or an earlier day.")
        raise DomainError("invalid", words, FieldError("on_day", words))
    run = PayRun(
        public_id=public_id("pr"),
        state=State.DRAFT.value,
        pays=pays.value,
        method_id=method_id,
        minimum=payout_queries.minimum(),
        currency=payout_queries.currency(),
        on_day=on_day,
        pay_on=pay_on or today,
        planned_for=planned_for,
        made_by=actor(),
        made_at=clock.now(),
    )
    db.session.add(run)
    db.session.flush()
    _start(run, LOOK, "preview")
    _tell("made", run)
    return run


def look_again(run: PayRun) -> PayRun:
    """Forget what a look found, and look anew. Raises Conflict once the run is prepared."""
    _held(run)
    if run.standing is not State.DRAFT or work_of(run).standing in OPEN:
        raise _stale()
    db.session.execute(delete(PayLine).where(PayLine.run_id == run.id))
    run.minimum = payout_queries.minimum()
    _start(run, LOOK, "preview")
    return run


def prepare(run: PayRun) -> PayRun:
    """Reserve the money of everybody who is in. Raises Conflict before everybody was looked at."""
    _move(run, "prepare")
    run.prepared_by = actor()
    runs.act(work_of(run), "apply")
    return run


def approve(run: PayRun) -> PayRun:
    """Agree to pay all of it; above the merchant's limit two different people stand for a run.

    Who prepared it is one of them. Where the schedule did, the first approval is noted and the run
    stays prepared for another's. Raises Forbidden for the same person twice, Conflict in another state.
    """
    payouts.in_turn()
    _held(run)
    found = consent_to(run) if LIFECYCLE.allows(run.standing, "approve") else Consent.ENOUGH
    if found is Consent.REFUSED:
        words = _("A second person must approve a run of this size.")
        raise Forbidden("second_person", words)
    if found is Consent.FIRST:
        run.first_approved_by, run.first_approved_at = actor(), clock.now()
        db.session.flush()
        _tell("first_approved", run)
        return run
    _move(run, "approve")
    run.approved_by = actor()
    _start(run, APPROVE, "apply")
    return run


def consent_to(run: PayRun) -> Consent:
    """Return what an approval by whoever acts now would be; what he decided alone today counts with it."""
    stand = people_behind(run.prepared_by or "") | people_behind(run.first_approved_by or "")
    deciding, above = people_behind(actor()), payout_queries.second_above()
    alone = 0 if above is None or stand - deciding else payouts.alone_today(deciding)
    return consent(people_needed(run.total + alone, above), stand, deciding)


def sending(run: PayRun) -> PayRun:
    """Note that money of the run is on its way."""
    _held(run)
    if run.standing is State.APPROVED:
        _move(run, "pay")
        _tell("paying", run)
    return run


def pay(run: PayRun) -> PayRun:
    """Mark everything that is approved or on its way as paid, in the background. Raises Conflict.

    What is `unknown` waits for a person's word on each payout.
    """
    sending(run)
    if run.standing is not State.PAYING:
        raise _stale()
    _start(run, PAY, "apply")
    return run


def cancel(run: PayRun) -> PayRun:
    """Give everything back that was not sent or paid. Raises Conflict once money is on its way.

    Requests that partners made themselves stay, outside of the run.
    """
    _held(run)
    work = work_of(run)
    if work.standing in OPEN:
        runs.act(work, "stop")
    _move(run, "cancel")
    _start(run, CANCEL, "apply")
    return run


def pause(run: PayRun) -> PayRun:
    """Stop the work that is under way; what was done stays done. Raises Conflict."""
    runs.act(work_of(run), "stop")
    return run


def resume(run: PayRun) -> PayRun:
    """Go on where the work was stopped. Raises Conflict."""
    runs.resume(work_of(run), KINDS)
    return run


def settle(run: PayRun) -> bool:
    """End a run whose payouts are all over; False: some are not."""
    _held(run)
    if run.standing is not State.PAYING or queries.payouts(run.id, OPEN_STATES):
        return False
    _move(run, "end", ended_at=clock.now())
    _tell("done", run)
    return True


def work_of(run: PayRun) -> Run:
    """Return the long work that is, or was last, under way."""
    return db.session.scalars(select(Run).where(Run.id == run.work_id)).one()


def _start(run: PayRun, kind: str, action: str) -> None:
    work = runs.start(kind, {"pay_run": run.id}, action, lane=f"pay_run:{run.id}")
    run.work_id = work.id
    db.session.flush()


def _held(run: PayRun) -> None:
    db.session.refresh(run, with_for_update=True)


def _move(run: PayRun, action: str, **columns: Any) -> None:
    _held(run)
    try:
        run.state = LIFECYCLE.next(run.standing, action).value
    except IllegalTransition:
        raise _stale() from None
    for name, value in columns.items():
        setattr(run, name, value)
    db.session.flush()


def _stale() -> Conflict:
    return Conflict("run_state", _("This is not possible any more. Look at it again."))


def _tell(what: str, run: PayRun, **facts: Any) -> None:
    said = {"pay_run": run.public_id, "amount": run.total, "currency": run.currency}
    record(f"pay_run.{what}", f"pay_run:{run.id}", **said, count=run.counted, **facts)


def _counted(run: PayRun) -> None:
    """Write down how many are in, and the sum."""
    run.counted, run.total = queries.sums(run.id).chosen
    db.session.flush()


def _looked(work: Run) -> None:
    run = batches.pay_run(work)
    if work.phase == "preview":
        _counted(run)
        if run.planned_for is not None:
            prepare(run)
        return
    lost = update(PayLine).where(
        PayLine.run_id == run.id, PayLine.reason.is_(None), PayLine.payout_id.is_(None)
    )
    db.session.execute(lost.values(reason=Out.PROBLEM.value))
    _counted(run)
    _move(run, "prepared", prepared_at=clock.now())
    _tell("planned" if run.planned_for else "prepared", run, pay_on=run.pay_on.isoformat())


def _approved(work: Run) -> None:
    run = batches.pay_run(work)
    _counted(run)
    _move(run, "approved", approved_at=clock.now())
    _tell("approved", run)


def _paid(work: Run) -> None:
    run = batches.pay_run(work)
    _counted(run)
    settle(run)


def _cancelled(work: Run) -> None:
    run = batches.pay_run(work)
    _move(run, "cancelled", ended_at=clock.now())
    _tell("cancelled", run)


def _fits(work: Run, action: str) -> None:
    """Raise Conflict where going on would not fit the run's state; and for throwing its work away."""
    fitting = {
        LOOK: {"preview": State.DRAFT, "apply": State.PREPARING},
        APPROVE: {"apply": State.APPROVING},
        PAY: {"apply": State.PAYING},
        CANCEL: {"apply": State.CANCELLING},
    }[work.kind]
    run = batches.pay_run(work)
    if action == "discard" or fitting.get(str(work.phase)) is not run.standing:
        raise _stale()


def _of_payouts(apply: Any, ended: Any) -> Kind:
    return Kind(
        batches.count_payouts, batches.take_payouts, apply=apply, may=_fits, together=TOGETHER, ended=ended
    )  # fmt: skip


KINDS: dict[str, Kind] = {
    LOOK: Kind(
        batches.count, batches.take, batches.look, batches.reserve, _fits, TOGETHER, _looked
    ),
    APPROVE: _of_payouts(batches.agree, _approved),
    PAY: _of_payouts(batches.pay, _paid),
    CANCEL: _of_payouts(batches.give_back, _cancelled),
}
