"""The operator keeps plans as dated rows, and says whether there are tariffs at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, FieldError, NotFound
from app.events import service as events
from app.extensions import db
from app.facts import service as facts
from app.tariffs import queries
from app.tariffs.models import TariffPlan
from app.tariffs.rules import EXAMPLE
from app.tenancy import PLATFORM, tenant_scope

if TYPE_CHECKING:
    from datetime import datetime

    from app.tariffs.rules import Plan


def switch(*, on: bool, by: str) -> bool:
    """Let there be tariffs on this installation, or none; False: it was so. Nothing is deleted."""
    with tenant_scope(PLATFORM):
        done = facts.put(queries.PLATFORM_OWNER, queries.SWITCH, on, actor=by)
        if done:
            events.record("platform.changed", "platform:1", what=queries.SWITCH, on=on)
    return done


def save(plan: Plan, by: str, *, offered: bool = True, since: datetime | None = None) -> None:
    """Let a plan say this from an instant on (now, or later). What it said before stays for its days.

    Raises DomainError (422) for an instant that is over, or another currency than the plan has.
    """
    now = clock.now()
    start = since or now
    if start < now:
        raise _wrong("since", _("A plan is changed from today on, not in what is over."))
    known = queries.versions().get(plan.code)
    if known and known[-1].plan.currency != plan.currency:
        raise _wrong("currency", _("A plan keeps its currency: make another plan."))
    with tenant_scope(PLATFORM):
        db.session.add(
            TariffPlan(
                code=plan.code,
                since=start,
                terms=plan.to_json(),
                offered=offered,
                made_by=by,
                made_at=now,
            )
        )
        events.record("platform.changed", "platform:1", what=f"plan:{plan.code}")


def withdraw(code: str, by: str) -> None:
    """Offer a plan no more; who has it keeps it. Raises NotFound."""
    known = queries.versions().get(code)
    if not known:
        raise NotFound
    save(queries.at(known, clock.now()).plan, by, offered=False)


def offer_example(by: str) -> None:
    """Begin with the numbers of the example, where no plan of its name is known."""
    if EXAMPLE.code not in queries.versions():
        save(EXAMPLE, by)


def _wrong(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
