"""Lampa with people at the money desk, partners with and without details, and a worker that goes on."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock, jobs
from app.events.models import Event
from app.events.service import acting_as
from app.extensions import db
from app.facts import service as facts
from app.identity import service as identity
from app.ledger.queries import PartnerBalance, partner_balances
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.payruns import queries, service
from app.payruns.rules import Pays
from app.payruns.service import KINDS, make
from app.runs import service as runs
from tests.payouts.setting import at_lampa, by_bank, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.payruns.models import PayRun

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday, noon in Moscow
DESK, OTHER = "person:101", "person:102"
CARD = by_bank("Anna Petrova")


@contextmanager
def desk(minimum: int = 1_000) -> Iterator[int]:
    """Stand in Lampa's scope as the accountant, on a Monday."""
    with at_lampa() as tenant, clock.moved_to(NOON), acting_as(DESK):
        facts.put("merchant", "minimum_payout", minimum, actor=DESK)
        yield tenant


def ready(name: str, amount: int, *, details: bool = True) -> int:
    """Make a partner who has earned, with payment details or without."""
    made = partner(name)
    if details:
        payouts.set_details(row(made), "bank", CARD)
    if amount:
        earn(made, amount)
    return made


def row(partner_id: int) -> Partner:
    """Return the partner's row."""
    return db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()


def go_on(run: PayRun) -> None:
    """Let the work of a run come to its end, as the worker does."""
    number = run.work_id
    assert number is not None
    while runs.work(number, KINDS):
        pass
    db.session.refresh(run)


def looked(pays: Pays = Pays.AVAILABLE) -> PayRun:
    """Make a run, and look at everybody."""
    run = make(pays, clock.today("Europe/Moscow"))
    go_on(run)
    return run


def told(run: PayRun) -> dict[int, tuple[int, str | None]]:
    """Return {partner: (amount, reason)} of a run's lines."""
    found = db.session.execute(queries.lines(run.id))
    return {line.PayLine.partner_id: (line.PayLine.amount, line.PayLine.reason) for line in found}


def worker() -> None:
    """Let all long work come to its end."""
    jobs.sweep_runs()


def balance(partner_id: int) -> PartnerBalance:
    return partner_balances([partner_id])[partner_id]


def prepared(pays: Pays = Pays.AVAILABLE) -> PayRun:
    run = looked(pays)
    service.prepare(run)
    go_on(run)
    return run


def approved(pays: Pays = Pays.AVAILABLE) -> PayRun:
    run = prepared(pays)
    with acting_as(OTHER):
        service.approve(run)
    go_on(run)
    return run


def payout_of(partner_id: int) -> Payout:
    query = select(Payout).where(Payout.partner_id == partner_id).order_by(Payout.id.desc())
    return db.session.scalars(query.limit(1)).one()


def somebody(partner_id: int, *, by_email: bool = False) -> str:
    """Let the partner be a person who can sign in, named or known by the e-mail alone; return the actor."""
    email = f"anna-{partner_id}@lampa.example"
    person = identity.ensure_person(email, "Anna")
    if by_email:
        row(partner_id).email = email
    else:
        row(partner_id).person_id = person.id
    db.session.flush()
    return f"person:{person.id}"


def happened(kind: str) -> list[Event]:
    return list(db.session.scalars(select(Event).where(Event.type == kind).order_by(Event.id)))
