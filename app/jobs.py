"""Everything the worker can be asked to do. Arguments are ids; rows are the truth.

A job runs in an app context of its own; each piece of its work is one transaction in one tenant's
scope, so a job killed anywhere leaves nothing half done, and a job run twice does no harm. No job
carries one click or one order: jobs say "there is work", and find it.
"""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError

from app import clock
from app.application import TRIES, may_retry
from app.errors import Retry
from app.events import queries as event_queries
from app.events import service as events
from app.extensions import db, queue
from app.grades import service as grades
from app.identity.models import Session
from app.intake import service as intake
from app.intake.shops import inbox
from app.ledger import service as ledger
from app.network import queries as network_queries
from app.network import service as network
from app.notifications import delivery, letters
from app.notifications import queries as message_queries
from app.notifications import service as notifications
from app.notifications.rules import Fate, Outcome
from app.partners import service as partners
from app.reruns import service as reruns
from app.runs import queries as run_queries
from app.runs import service as runs
from app.tenancy import role, tenant_scope
from app.tenants.models import IdempotencyKey, Tenant
from app.web import exports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.notifications.service import Taken

log = logging.getLogger(__name__)
Result = TypeVar("Result")

DRAIN = "partnerka_drain"
TOGETHER = 100  # orders whose holds end in one transaction
BACKLOG = 500  # waiting calls from which on the sweep adds none: those that wait will find the rows
AT_HAND = 50.0  # seconds that a sweep without Redis spends on letters before it looks again
MONTHS_AHEAD = 4
TURN = 20.0  # seconds of long work in one call; the calls behind it have their turn then
RUNS = {**reruns.KINDS, **partners.KINDS, **exports.KINDS}  # how each kind of long work is done
KEPT = timedelta(days=1)  # for how long an answer is repeated to the same call


def drain() -> None:
    """Give committed events their place in the feed, and promise the letters they ask for."""
    queue.begun("drain")
    with at_work():
        seen: set[int] = set()
        while waiting := [t for t in in_transaction(_with_events) if t not in seen]:
            seen.update(waiting)
            for tenant_id in waiting:
                _drain_all(tenant_id)


def _drain_all(tenant_id: int) -> None:
    try:
        while _drain_once(tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant whose events cannot be told must not silence the others.
        log.exception("events of tenant %s cannot be drained", tenant_id)


def _drain_once(tenant_id: int) -> bool:
    """Drain one batch of one tenant; False when nothing waited."""

    def batch() -> list[int] | None:
        taken = events.drain()
        return notifications.promise(taken) if taken else None

    messages = in_transaction(batch, tenant_id)
    for message_id in messages or ():
        if not queue.enqueue("send_message", tenant_id, message_id):
            break  # without Redis the sweep sends them
    return messages is not None


def send_message(tenant_id: int, message_id: int) -> None:
    """Try one letter once, if its time has come and nobody else has it."""
    with at_work():
        taken = in_transaction(lambda: notifications.take(message_id), tenant_id)
        if taken is None:
            return
        outcome = _attempt(tenant_id, taken)
        in_transaction(lambda: notifications.settle(taken, outcome), tenant_id)


def _attempt(tenant_id: int, taken: Taken) -> Outcome:
    """Write the letter in one transaction, and send it after that: no lock waits for a mail server."""
    try:
        letter = in_transaction(lambda: letters.compose(notifications.get(taken.id)), tenant_id)
    except letters.UnwantedError as unwanted:
        return Outcome(Fate.NEVER, str(unwanted))
    except Exception as error:
        # The worker's edge: a broken template must not stop the letters behind it.
        log.exception("message %s of tenant %s cannot be written", taken.id, tenant_id)
        return Outcome(Fate.LATER, type(error).__name__)
    return delivery.send(letter)


def sweep() -> None:
    """Find what no call was made for, or whose caller died: undrained events, due letters."""
    drain()
    with at_work():
        due = in_transaction(_due)
        if queue.backlog() < BACKLOG:
            due = [item for item in due if not queue.enqueue("send_message", *item)]
            _send_here(due)


def _send_here(messages: list[tuple[int, int]]) -> None:
    """Without Redis: send in this process, for as long as a sweep may take."""
    until = time.monotonic() + AT_HAND
    for tenant_id, message_id in messages:
        if time.monotonic() > until:
            return  # the next sweep goes on
        send_message(tenant_id, message_id)


def drain_inbox() -> None:
    """Book what shops' webhooks left in the inbox: a tenant's oldest together, tenants in turn."""
    queue.begun("drain_inbox")
    with at_work():
        while sum(_book(tenant_id) for tenant_id in in_transaction(inbox.waiting)):
            pass


def _book(tenant_id: int) -> int:
    """Book one batch of a tenant's deliveries; return how many there were for us."""
    try:
        return in_transaction(inbox.work, tenant_id)
    except Exception:
        # The worker's edge: one delivery that cannot be booked must not hold up the others.
        log.warning("deliveries of tenant %s are booked one by one", tenant_id, exc_info=True)
        return sum(_book_one(tenant_id, i) for i in in_transaction(inbox.due, tenant_id))


def _book_one(tenant_id: int, inbox_id: int) -> int:
    try:
        return in_transaction(lambda: inbox.work(only=inbox_id), tenant_id)
    except Exception as error:
        # The worker's edge, as above: this one is tried again later, and parked in the end.
        log.exception("delivery %s of tenant %s cannot be booked", inbox_id, tenant_id)
        problem = str(error)
        in_transaction(lambda: inbox.postpone(inbox_id, problem), tenant_id)
        return 1


def mature() -> None:
    """Make the commissions available whose hold has ended: a tenant's orders together."""
    queue.begun("mature")
    with at_work():
        seen: set[tuple[int, int]] = set()
        while found := [item[:2] for item in in_transaction(intake.ripe) if item[:2] not in seen]:
            seen.update(found)
            by_tenant: dict[int, list[int]] = defaultdict(list)
            for tenant_id, order_id in found:
                by_tenant[tenant_id].append(order_id)
            for tenant_id, order_ids in by_tenant.items():
                for batch in batched(order_ids, TOGETHER):
                    _rework(tenant_id, batch)


def _rework(tenant_id: int, order_ids: Sequence[int]) -> None:
    try:
        in_transaction(lambda: intake.rework(order_ids), tenant_id)
    except Exception:
        # The worker's edge: one order that cannot be booked must not hold up the others.
        log.exception("orders %s of tenant %s cannot be reconciled", order_ids, tenant_id)
        if len(order_ids) > 1:
            for order_id in order_ids:
                _rework(tenant_id, [order_id])


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
        return in_transaction(lambda: runs.work(run_id, RUNS), tenant_id)
    except Exception:
        # The worker's edge: one order that cannot be done must not hold up the others.
        log.warning("run %s of tenant %s goes on thing by thing", run_id, tenant_id, exc_info=True)
        return all(_work_one(tenant_id, run_id) for _ in range(runs.TOGETHER))


def _work_one(tenant_id: int, run_id: int) -> bool:
    try:
        return in_transaction(lambda: runs.work(run_id, RUNS, 1), tenant_id)
    except Exception as error:
        # The worker's edge, as above: this one is passed over, and shown.
        log.exception("a thing of run %s of tenant %s is passed over", run_id, tenant_id)
        problem = f"{type(error).__name__}: {error}"
        return _pass_over(tenant_id, run_id, problem)


def _pass_over(tenant_id: int, run_id: int, problem: str) -> bool:
    try:
        in_transaction(lambda: runs.pass_over(run_id, RUNS, problem), tenant_id)
    except Exception:
        # The worker's edge: a run that cannot even be counted must not hold up the others.
        log.exception("run %s of tenant %s is given up", run_id, tenant_id)
        in_transaction(lambda: runs.give_up(run_id, problem), tenant_id)
    return True


def batched(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Cut a sequence into pieces of a size, the last one shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def refresh_networks() -> None:
    """Count the branches anew of merchants whose tree changed: a transaction a piece, resumed where it was cut."""
    queue.begun("refresh_networks")
    with at_work():
        for tenant_id in in_transaction(_with_old_networks):
            _refresh_network(tenant_id)


def _refresh_network(tenant_id: int) -> None:
    try:
        while in_transaction(network.step, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's tree must not keep the others' from being counted.
        log.exception("the network of tenant %s cannot be counted", tenant_id)


def _with_old_networks() -> list[int]:
    with role(DRAIN):
        return network_queries.waiting()


def rehang() -> None:
    """Move the children of removed partners on, some thousand a transaction."""
    queue.begun("rehang")
    with at_work():
        for tenant_id, rehang_id in in_transaction(_moving):
            _rehang(tenant_id, rehang_id)


def _rehang(tenant_id: int, rehang_id: int) -> None:
    try:
        while in_transaction(lambda: partners.go_on(rehang_id), tenant_id):
            pass
    except Exception:
        # The worker's edge: one branch that cannot be moved must not hold up the others.
        log.exception("branch move %s of tenant %s cannot go on", rehang_id, tenant_id)


def _moving() -> list[tuple[int, int]]:
    with role(DRAIN):
        return network_queries.moves()


def grade() -> None:
    """Let partners rise, warn and fall between groups, where a merchant has switched that on."""
    with at_work():
        for tenant_id in in_transaction(lambda: db.session.scalars(select(Tenant.id)).all()):
            _grade(tenant_id)


def _grade(tenant_id: int) -> None:
    try:
        while in_transaction(grades.step, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's groups must not hold up the others'.
        log.exception("groups of tenant %s cannot be reviewed", tenant_id)


def partitions() -> None:
    """Make the clicks' tables of the coming months."""
    today = clock.wall().date()
    with at_work():
        in_transaction(
            lambda: db.session.execute(select(func.make_click_partitions(today, MONTHS_AHEAD)))
        )


def snapshots() -> None:
    """Sum up the long tails of accounts that keep no running balance: a transaction a tenant."""
    with at_work():
        for tenant_id in in_transaction(lambda: db.session.scalars(select(Tenant.id)).all()):
            in_transaction(ledger.take_snapshots, tenant_id)


def prune() -> None:
    """Forget what has served its time: ended sessions, answers kept for repeated calls."""
    with at_work():
        in_transaction(_prune_sessions)
        for tenant_id in in_transaction(lambda: db.session.scalars(select(Tenant.id)).all()):
            in_transaction(_prune_answers, tenant_id)


def _prune_sessions() -> None:
    db.session.execute(delete(Session).where(Session.expires_at < clock.wall() - KEPT))


def _prune_answers() -> None:
    old = IdempotencyKey.created_at < clock.wall() - KEPT
    db.session.execute(delete(IdempotencyKey).where(old))


def _with_events() -> list[int]:
    with role(DRAIN):
        return list(event_queries.waiting_tenants())


def _due() -> list[tuple[int, int]]:
    with role(DRAIN):
        return message_queries.due()


@contextmanager
def at_work() -> Iterator[None]:
    """Run in an app context of its own, with a database session that ends with the block."""
    with current_app.app_context():
        yield


def in_transaction(act: Callable[[], Result], tenant_id: int | None = None) -> Result:
    """Run one piece of work and commit it; again, when two transactions met."""
    for left in reversed(range(TRIES)):
        try:
            with _scope(tenant_id):
                result = act()
                db.session.commit()
        except (Retry, DBAPIError) as error:
            db.session.rollback()
            if not left or not may_retry(error):
                raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - spreads the two apart
        except BaseException:
            db.session.rollback()
            raise
        else:
            return result
    raise AssertionError


@contextmanager
def _scope(tenant_id: int | None) -> Iterator[None]:
    if tenant_id is None:
        with nullcontext():
            yield
        return
    offset = db.session.scalar(select(Tenant.clock_offset).where(Tenant.id == tenant_id))
    with tenant_scope(tenant_id, offset or timedelta(0)):
        yield
