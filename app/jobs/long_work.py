"""Long work that merchants started, a batch at a time."""

from __future__ import annotations

import logging
import time

from app.backtests import service as backtests
from app.codes import service as codes
from app.documents import service as documents
from app.documents.prints import printed
from app.earnings import service as earnings
from app.extensions import queue
from app.feeds import service as feeds
from app.imports import service as imports
from app.intake import service as intake
from app.intake.shops import history
from app.jobs.work import DRAIN, at_work, in_transaction
from app.margins import service as margins
from app.participation import service as participation
from app.partners import service as partners
from app.payouts.service import bulk as payouts
from app.payruns import service as payruns
from app.reruns import service as reruns
from app.runs import queries as run_queries
from app.runs import service as runs
from app.shadow import service as shadow
from app.tenancy import role
from app.web import exports

log = logging.getLogger(__name__)

TURN = 20.0  # seconds of long work in one call; the calls behind it have their turn then
# How each kind of long work is done.
KINDS = {
    **participation.KINDS,
    **reruns.KINDS,
    **partners.KINDS,
    **payruns.KINDS,
    **payouts.KINDS,
    **codes.KINDS,
    **exports.KINDS,
    **earnings.mass_kinds(intake.tenant),
    **imports.KINDS,
    **feeds.KINDS,
    **backtests.KINDS,
    **shadow.KINDS,
    **margins.KINDS,
    **history.KINDS,
    **documents.kinds(printed),
}


def work_runs() -> None:
    """Go on with the long work that merchants started, for a turn; what is left asks for another."""
    queue.begun(runs.JOB)
    with at_work():
        if _work_runs(time.monotonic() + TURN):
            queue.kick(runs.JOB)


def sweep_runs() -> None:
    """Go on with long work until none is left: without Redis, or where its worker died."""
    with at_work():
        _work_runs(None)


def _work_runs(until: float | None) -> bool:
    """Work a batch of each open run in turn; True when time is up and there may be more."""
    while busy := [_work_run(*each) for each in in_transaction(_open_runs)]:
        if not any(busy):
            return False
        if until is not None and time.monotonic() > until:
            return True
    return False


def _open_runs() -> list[tuple[int, int]]:
    with role(DRAIN):
        return run_queries.open_runs()


def _work_run(tenant_id: int, run_id: int) -> bool:
    """Work one batch of a run; things one by one where one of them cannot be done."""
    try:
        return in_transaction(lambda: runs.work(run_id, KINDS), tenant_id)
    except Exception:
        # The worker's edge: one order that cannot be done must not hold up the others.
        log.warning("run %s of tenant %s goes on thing by thing", run_id, tenant_id, exc_info=True)
        return all(_work_one(tenant_id, run_id) for _ in range(runs.TOGETHER))


def _work_one(tenant_id: int, run_id: int) -> bool:
    try:
        return in_transaction(lambda: runs.work(run_id, KINDS, 1), tenant_id)
    except Exception as error:
        # The worker's edge, as above: this one is passed over, and shown.
        log.exception("a thing of run %s of tenant %s is passed over", run_id, tenant_id)
        problem = f"{type(error).__name__}: {error}"
        return _pass_over(tenant_id, run_id, problem)


def _pass_over(tenant_id: int, run_id: int, problem: str) -> bool:
    try:
        in_transaction(lambda: runs.pass_over(run_id, KINDS, problem), tenant_id)
    except Exception:
        # The worker's edge: a run that cannot even be counted must not hold up the others.
        log.exception("run %s of tenant %s is given up", run_id, tenant_id)
        in_transaction(lambda: runs.give_up(run_id, problem), tenant_id)
    return True
