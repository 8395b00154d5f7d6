"""Verbs on drafts of terms: tried on the orders of the last days, published with a notice."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.intake.service import tenant
from app.programs import service as programs
from app.reruns.rules import BACK
from app.reruns.service.kinds import ANNOUNCE, BACKTEST
from app.runs import queries as runs
from app.runs import service as work
from app.runs.rules import State

if TYPE_CHECKING:
    from datetime import date

    from app.programs.models import Terms, TermsDraft
    from app.programs.rules import Moved
    from app.runs.models import Run

LATEST = timedelta(days=366)


def start_backtest(draft: TermsDraft) -> Run:
    """Look at what a draft would have cost over the last 90 days, whole days of the merchant's zone.

    Raises Conflict while another look is under way.
    """
    zone, now = ZoneInfo(tenant().timezone), clock.now()
    first = now.astimezone(zone).date() - timedelta(days=BACK)
    since = datetime.combine(first, time(), tzinfo=zone)
    facts = {f"terms:{draft.terms_id}": draft.facts["terms"]}
    if draft.facts["merchant"]:
        facts["merchant"] = draft.facts["merchant"]
    values = {
        "draft": draft.public_id,
        "version": draft.version,
        "facts": facts,
        "since": since.isoformat(),
        "until": now.isoformat(),
    }
    return work.start(BACKTEST, values, "preview")


def backtest_of(draft: TermsDraft) -> Run | None:
    """Return the newest backtest of a draft as it now is."""
    return runs.latest(BACKTEST, draft=draft.public_id, version=draft.version)


def moved(draft: TermsDraft, day: date | None = None) -> list[Moved]:
    """Return what publishing a draft from a day (now) would undo. Raises DomainError as `publish` does."""
    return programs.moved_since(draft, _midnight(day) if day else None)


def bring_up(draft: TermsDraft, day: date | None = None) -> TermsDraft:
    """Bring a draft up to what holds now, or will on a day. Raises as `publish` does."""
    return programs.bring_up(draft, _midnight(day) if day else None)


def withdraw(draft: TermsDraft, terms: Terms) -> TermsDraft:
    """Take back a published draft before it holds.

    Raises Conflict for one that holds, and while partners are being told of it.
    """
    if runs.unfinished(ANNOUNCE, under_way=True, draft=draft.public_id):
        words = _("Partners are being told of it. Withdraw it when all are told.")
        raise Conflict("needed", words)
    return programs.withdraw_draft(draft, terms)


def publish(draft: TermsDraft, terms: Terms, day: date | None, *, tell: bool = True) -> Run | None:
    """Let a draft hold from 00:00 of a later day in the merchant's zone, or from now (None).

    `tell`: every partner on these terms gets a notice with his own figures; the run that sends them
    is returned. Raises DomainError for a day that is not to come, Conflict for a draft that is
    published, and, to tell of it, for one that was not tried to the end as it now is.
    """
    since = _midnight(day) if day else None
    tried = backtest_of(draft)
    if tell and (tried is None or tried.standing is not State.PREVIEWED):
        words = _("Try the draft on the last 90 days first: partners are told their own figures.")
        raise Conflict("not_tried", words)
    was = programs.standing(terms)
    programs.publish_draft(draft, terms, since)
    if not tell or tried is None:
        return None
    values = {
        "backtest": tried.id,
        "draft": draft.public_id,
        "terms_id": terms.id,
        "name": terms.name,
        "version": terms.version,
        "holds_from": (since or clock.now()).isoformat(),
        "was": was["terms"] | was["merchant"],
        "will": draft.facts["terms"] | draft.facts["merchant"],
    }
    return work.start(ANNOUNCE, values, "apply", lane=f"{ANNOUNCE}:{draft.id}")


def _midnight(day: date) -> datetime:
    zone, now = ZoneInfo(tenant().timezone), clock.now()
    today = now.astimezone(zone).date()
    if not today < day <= today + LATEST:
        words = _("Choose a day after today, within a year.")
        raise DomainError("invalid", words, FieldError("day", words))
    return datetime.combine(day, time(), tzinfo=zone)
