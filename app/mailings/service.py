"""Verbs on mailings: write, try on oneself, start now or later, go on by a minute, pause, stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import acting_as, actor, record
from app.extensions import db, kick_after_commit
from app.lifecycle import IllegalTransition
from app.mailings import queries
from app.mailings.markup import clean
from app.mailings.models import Mailing
from app.mailings.rules import LIFECYCLE, MOST_PACE, Segment, State, spread, text_problem
from app.notifications import service as notifications
from app.notifications.service import Reader
from app.tenancy import current_tenant, public_id
from app.tenants.queries import refuse_in_shadow

if TYPE_CHECKING:
    from collections.abc import Mapping

JOB = "go_on_mailings"
MINUTE = timedelta(minutes=1)


def write(
    mailing: Mailing | None,
    *,
    texts: Mapping[str, Mapping[str, str]],
    segment: Segment,
    pace: int,
    is_html: bool = False,
) -> Mailing:
    """Keep a draft. HTML is cleaned now, so what is previewed is what goes.

    Raises DomainError for what cannot be sent, Conflict for a mailing that has begun.
    """
    kept = {
        locale: {"subject": said["subject"].strip(), "body": _body(said["body"], is_html=is_html)}
        for locale, said in texts.items()
    }
    _check(kept, pace)
    strange = queries.strangers(segment.refcodes)
    if strange:
        raise _refusal("refcodes", _("No partner has the code %(code)s.", code=strange[0]))
    now = clock.now()
    if mailing is None:
        mailing = Mailing(
            public_id=public_id("ml"),
            state=State.DRAFT,
            pace=pace,
            created_at=now,
            created_by=actor(),
            changed_at=now,
        )
        db.session.add(mailing)
    elif mailing.standing is not State.DRAFT:
        raise _meanwhile()
    mailing.texts, mailing.segment, mailing.is_html = kept, segment.stored(), is_html
    mailing.pace, mailing.changed_at = pace, now
    db.session.flush()
    return mailing


def _body(said: str, *, is_html: bool) -> str:
    return clean(said) if is_html else said.replace("\r\n", "\n").strip()


def _check(texts: Mapping[str, Mapping[str, str]], pace: int) -> None:
    if not texts:
        raise _refusal("subject_en", _("Write the letter in one language at least."))
    for locale, said in texts.items():
        problem = text_problem(said)
        if problem is not None:
            part, why = problem
            field = f"{part}_{locale}"
            raise _refusal(field, _words(why))
    if not 0 < pace <= MOST_PACE:
        words = _("From 1 to %(most)s letters a minute.", most=MOST_PACE)
        raise _refusal("pace", words)


def _words(why: str) -> str:
    strange = why.partition(":")[2]
    said: dict[str, str] = {"empty": _("Fill this in."), "long": _("This is too long.")}
    return said.get(why) or str(_("{%(name)s} cannot be filled in here.", name=strange))


def _refusal(name: str, words: str) -> DomainError:
    return DomainError("invalid_mailing", words, FieldError(name, words))


def discard(mailing: Mailing) -> None:
    """Forget a draft. Raises Conflict for a mailing that has begun."""
    if mailing.standing is not State.DRAFT:
        raise _meanwhile()
    db.session.delete(mailing)


def try_out(mailing: Mailing, person_id: int, partner_id: int | None) -> None:
    """Send one copy to a member of staff, filled in as for a partner."""
    facts: dict[str, Any] = {"texts": mailing.texts, "is_html": mailing.is_html}
    if partner_id is not None:
        facts["partner_id"] = partner_id
    record("mailing.tried", f"person:{person_id}", person_id=person_id, **facts)


def start(mailing: Mailing, at: datetime | None = None) -> None:
    """Let it go now, or at a moment to come.

    Raises Conflict for what has begun, DomainError for the past and where nobody would be written to.
    """
    refuse_in_shadow()
    if at is not None and at <= clock.wall():
        raise _refusal("at", _("Choose a moment to come."))
    if not queries.count(mailing.wishes):
        raise _refusal("at", _("Nobody with an e-mail fits. Choose other partners."))
    if at is not None:
        _move(mailing, "schedule", scheduled_at=at, next_at=at)
        return
    _move(mailing, "start", next_at=clock.wall())
    kick_after_commit(JOB)


def unschedule(mailing: Mailing) -> None:
    """Take a planned mailing back to a draft. Raises Conflict."""
    _move(mailing, "unschedule", scheduled_at=None, next_at=None)


def pause(mailing: Mailing) -> None:
    """Write no more letters; those of the running minute still go. Raises Conflict."""
    _move(mailing, "pause", next_at=None)


def resume(mailing: Mailing) -> None:
    """Go on where it was paused. Raises Conflict."""
    _move(mailing, "resume", next_at=clock.wall())
    kick_after_commit(JOB)


def stop(mailing: Mailing) -> None:
    """End it: what has not gone does not go. Raises Conflict."""
    _move(mailing, "stop", next_at=None, ended_at=clock.now())
    if mailing.event_id is not None:
        notifications.call_off(mailing.event_id)
    record("mailing.stopped", f"mailing:{mailing.id}", written=mailing.written)


def go_on(mailing_id: int) -> int:
    """Write the letters that one minute takes; returns how many. Twice in a minute writes none.

    The letters and the place are one transaction: killed anywhere, nobody is written to twice or left out.
    """
    held = select(Mailing).where(Mailing.id == mailing_id).with_for_update()
    mailing = db.session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    now = clock.wall()
    if mailing is None or mailing.next_at is None or mailing.next_at > now:
        return 0
    with acting_as(mailing.created_by):
        if mailing.standing is State.SCHEDULED:
            _move(mailing, "start", next_at=now)
        if mailing.standing is not State.SENDING:
            return 0
        if mailing.event_id is None:
            _begin(mailing)
        return _write(mailing, now)


def _begin(mailing: Mailing) -> None:
    mailing.total = queries.count(mailing.wishes)
    mailing.started_at = clock.now()
    event = record(
        "mailing.started",
        f"mailing:{mailing.id}",
        texts=mailing.texts,
        is_html=mailing.is_html,
        total=mailing.total,
    )
    db.session.flush()
    mailing.event_id = event.id


def _write(mailing: Mailing, now: datetime) -> int:
    found = queries.next_readers(mailing.wishes, mailing.place, mailing.pace)
    readers = [Reader(f"partner:{p.id}", p.email, p.locale) for p in found]
    moments = spread(now, len(readers), mailing.pace)
    notifications.write(
        mailing.event_id or 0, "mailing.started", list(zip(readers, moments, strict=True))
    )
    if found:
        mailing.place = found[-1].id
        mailing.written += len(found)
        mailing.next_at = now + MINUTE
        kick_after_commit("sweep")
    else:
        mailing.total = mailing.written
        _move(mailing, "finish", next_at=None, ended_at=clock.now())
    db.session.flush()
    return len(found)


def _move(mailing: Mailing, action: str, **values: Any) -> None:
    """Change the state by a conditional UPDATE on the old one. Raises Conflict."""
    try:
        target = LIFECYCLE.next(mailing.standing, action)
    except IllegalTransition as error:
        raise _meanwhile() from error
    db.session.flush()
    mine = (Mailing.tenant_id == current_tenant()) & (Mailing.id == mailing.id)
    moved = (
        update(Mailing)
        .where(mine, Mailing.state == mailing.state)
        .values(state=target.value, changed_at=clock.now(), **values)
        .returning(Mailing.id)
    )
    if db.session.scalar(moved) is None:
        raise _meanwhile()
    db.session.refresh(mailing)


def _meanwhile() -> Conflict:
    return Conflict("not_now", _("This is not possible any more. Look at it again."))
