"""What the database needs now and then: tables of coming months, sums of long tails, forgetting."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import delete, func, select

from app import clock
from app.calls import service as calls
from app.carts import service as carts
from app.documents import service as documents
from app.extensions import db, queue
from app.identity.models import Session
from app.intake.shops import errands, inbox
from app.jobs.work import all_tenants, at_work, in_transaction
from app.ledger import service as ledger
from app.lists import service as lists
from app.onboarding import service as onboarding
from app.participation import service as participation
from app.payruns import service as payruns
from app.profiles import service as profiles
from app.tenancy import PLATFORM
from app.tenants.models import IdempotencyKey
from app.webhooks import service as webhooks

MONTHS_AHEAD = 4
KEPT = timedelta(days=1)  # for how long an answer is repeated to the same call


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
        for tenant_id in in_transaction(all_tenants):
            in_transaction(ledger.take_snapshots, tenant_id)


def pay_runs() -> None:
    """End pay runs whose payouts are all over, and begin those whose day has come: a transaction a tenant."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            in_transaction(payruns.tick, tenant_id)


def prune() -> None:
    """Forget what has served its time: sessions, answers to repeated calls, applications, rows of exports."""
    with at_work():
        in_transaction(_prune_sessions)
        in_transaction(onboarding.forget_unconfirmed, PLATFORM)
        for tenant_id in in_transaction(all_tenants):
            in_transaction(_prune_answers, tenant_id)
            in_transaction(participation.forget, tenant_id)
            in_transaction(lists.prune, tenant_id)
            in_transaction(documents.prune, tenant_id)
            in_transaction(profiles.forget, tenant_id)
            in_transaction(calls.prune, tenant_id)
            in_transaction(webhooks.prune, tenant_id)
            in_transaction(inbox.prune, tenant_id)
            in_transaction(errands.prune, tenant_id)
            in_transaction(carts.prune, tenant_id)


def _prune_sessions() -> None:
    db.session.execute(delete(Session).where(Session.expires_at < clock.wall() - KEPT))


def _prune_answers() -> None:
    old = IdempotencyKey.created_at < clock.wall() - KEPT
    db.session.execute(delete(IdempotencyKey).where(old))


def keep_calls() -> None:
    """Write down what keys said and were answered, a transaction a merchant."""
    queue.begun(calls.JOB)
    with at_work():
        while found := calls.take():
            for tenant_id, rows in found.items():
                in_transaction(partial(calls.write, rows), tenant_id)
