"""Lampa where merchants pay for the platform, committed; tariffs are turned off again afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from app import jobs
from app.extensions import db
from app.facts import service as facts
from app.tariffs import queries, service
from app.tariffs.rules import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from app.application import App
    from tests.world import Merchant


@contextmanager
def tariffs(app: App) -> Iterator[None]:
    """There are tariffs, and the example's plan, until the block ends."""
    with app.app_context():
        service.switch(on=True, by="person:1")
        # Said anew, whatever was done to the plan by whoever tried the operator's forms before.
        service.save(EXAMPLE, "person:1")
        db.session.commit()
    try:
        yield
    finally:
        with app.app_context():
            service.switch(on=False, by="person:1")
            db.session.commit()


def do(app: App, merchant: Merchant, act: Callable[[], Any]) -> Any:
    """Let something happen in a merchant's scope, committed."""
    with app.app_context():
        return jobs.in_transaction(act, merchant.id)


def trial_until(app: App, merchant: Merchant, until: datetime) -> None:
    """Let the merchant's trial end at a moment, be it over."""

    def act() -> None:
        service.begin()
        queries.merchant().trial_until = until
        facts.put(queries.OWNER, queries.TRIAL, until.isoformat())
        service.stand()

    do(app, merchant, act)
