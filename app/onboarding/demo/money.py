"""The money desk of the demo: legal details, pay runs, a top-up, a closed month and its documents."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from app import clock
from app.billing import rules as invoices
from app.billing import service as billing
from app.documents import service as documents
from app.documents.rules import Kind
from app.onboarding.demo.cast import ZONE
from app.onboarding.demo.opening import DEMO_BANK, OPERATOR, owner, partner_ids
from app.payruns import queries as payruns_queries
from app.payruns import service as payruns
from app.payruns.rules import Pays, State
from app.periods import service as periods
from app.requisites.rules import Legal, with_key
from app.runs import service as runs
from app.statements.rules import month_of, month_span
from app.tenants import service as tenants_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from app.onboarding.demo.opening import Stage
    from app.payruns.models import PayRun

BANK = {**DEMO_BANK, "account": with_key("40702810000000000018", DEMO_BANK["bik"])}
MERCHANT = {
    "inn": "0000000018",
    "kpp": "000001001",
    "ogrn": "1000000000010",
    "address": "1 Sample Street, Moscow",
    **BANK,
}
PLATFORM_PAYEE = invoices.Requisites(
    name="Partnerka Demo", inn="0000000025", kpp="000001001", **BANK
)
TOP_UP = 5_000_000  # minor units


def deeds(stage: Stage) -> Iterator[tuple[datetime, Callable[[], object], str]]:
    """Yield what the accountant and the operator did: when, what, who."""
    desk = f"person:{owner(stage).id}"
    yield stage.days_before(80, 9), partial(_sign_papers, stage), desk
    yield stage.days_before(26, 10), partial(_run_to_the_end), desk
    yield stage.days_before(12, 10), partial(_top_up, desk), desk
    yield stage.days_before(1, 13), partial(billing.ask, TOP_UP // 2, desk), desk
    yield stage.opening, partial(_close_a_month, stage), desk
    yield stage.opening, _run_of_today, desk


def _sign_papers(stage: Stage) -> None:
    signer = stage.play.owner
    tenants_service.change_legal(
        Legal.make({"name": stage.play.name, "signer": signer, **MERCHANT})
    )


def _top_up(desk: str) -> None:
    billing.set_requisites(PLATFORM_PAYEE, OPERATOR)
    billing.receive(billing.ask(TOP_UP, desk).id, TOP_UP, OPERATOR)


def _worked(run: PayRun) -> PayRun:
    """Do at once what the worker does in batches."""
    work = payruns.work_of(run).id
    while runs.work(work, payruns.KINDS):
        pass
    return run


def _clear() -> None:
    """Throw away a run that somebody, or the plan, began while this past was not yet there."""
    begun = payruns_queries.open_draft()
    if begun is not None:
        payruns.cancel(begun)
        _worked(begun)


def _run_to_be_approved(pays: Pays = Pays.ASKED) -> PayRun | None:
    _clear()
    run = _worked(payruns.make(pays, clock.today(ZONE)))
    if not run.total:
        payruns.cancel(run)
        _worked(run)
        return None
    return _worked(payruns.prepare(run))


def _run_of_today() -> None:
    """Leave a run that waits for approval, or a draft where nobody has asked."""
    if _run_to_be_approved() is None:
        _worked(payruns.make(Pays.AVAILABLE, clock.today(ZONE)))


def _run_to_the_end() -> None:
    run = _run_to_be_approved(Pays.AVAILABLE)
    if run is not None and run.standing is State.PREPARED:
        _worked(payruns.approve(run))
        _worked(payruns.pay(run))


def _close_a_month(stage: Stage) -> None:
    """Issue the acts and statements of the last month that ended a day ago or more, and close it."""
    month = month_of(stage.opening - timedelta(days=2), ZONE) - timedelta(days=1)
    span, ids = month_span(month, ZONE), list(partner_ids(stage).values())
    for kind in (Kind.ACT, Kind.STATEMENT):
        documents.issue(kind, span, ids, stage.play.locale)
    periods.close(span.first)
