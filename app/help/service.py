"""Ask, answer, close. A partner's question is the merchant's, staff's is the platform's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from sqlalchemy import func, select, update

from app import clock
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.help.models import Line, Request
from app.help.rules import LIFECYCLE, LONGEST, MOST_LINES, MOST_OPEN, Kind, State, read_page
from app.identity.service import note_unread
from app.lifecycle import IllegalTransition
from app.tenancy import PLATFORM, public_id, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Asker:
    """Who asks, and from where: one of a merchant's staff, or (with `partner_id`) a partner."""

    tenant_id: int
    slug: str
    person_id: int
    name: str
    role: str
    locale: str
    partner_id: int | None = None


@contextmanager
def desk_of(asker: Asker) -> Iterator[None]:
    """Stand where the asker's questions are: in the platform's scope for staff."""
    if asker.partner_id is not None:
        yield
        return
    with tenant_scope(PLATFORM):
        yield


def ask(asker: Asker, kind: Kind, text: str, page: str) -> str:
    """Open a question; return its outside id. Raises DomainError (422) for no or too long a text, Conflict."""
    words = _text(text)
    with desk_of(asker):
        _not_too_many(asker)
        now = clock.wall()
        made = Request(
            public_id=public_id("hp"),
            kind=kind.value,
            state=State.OPEN.value,
            asker_tenant=None if asker.partner_id else asker.tenant_id,
            partner_id=asker.partner_id,
            person_id=asker.person_id,
            name=asker.name,
            merchant=asker.slug,
            role=asker.role,
            locale=asker.locale,
            page=read_page(page),
            asked_at=now,
            moved_at=now,
            unread=False,
        )
        db.session.add(made)
        db.session.flush()
        _line(made, words, by_helper=False)
        return made.public_id


def say(asker: Asker, request: str, text: str) -> None:
    """Add a line to one's own question; a closed one opens again. Raises NotFound, DomainError, Conflict."""
    words = _text(text)
    with desk_of(asker):
        found = find(request, asker)
        _move(found, "ask", unread=False)
        _line(found, words, by_helper=False)


def settle(asker: Asker, request: str) -> None:
    """Let who asked close the question. Raises NotFound, Conflict."""
    with desk_of(asker):
        _move(find(request, asker), "close", unread=False)


def answer(found: Request, text: str) -> None:
    """Answer as who helps; the asker is written to. Raises DomainError (422), Conflict when closed."""
    words = _text(text)
    _move(found, "answer", unread=True)
    _line(found, words, by_helper=True)


def close(found: Request) -> None:
    """Close without another word. Raises Conflict when closed."""
    _move(found, "close")


def reopen(found: Request) -> None:
    """Take the closing back. Raises Conflict when open."""
    _move(found, "reopen")


def mark_read(found: Request, person_id: int) -> None:
    """Note that who asked has seen the answer."""
    if found.unread and found.person_id == person_id:
        found.unread = False
        db.session.flush()
        _count_unread(found)


def find(request: str, asker: Asker | None = None) -> Request:
    """Return a question of the scope; to an asker only his own. Raises NotFound."""
    query = select(Request).where(Request.public_id == request)
    found = db.session.scalar(query.where(*(() if asker is None else own(asker))))
    if found is None:
        raise NotFound
    return found


def own(asker: Asker) -> tuple[Any, ...]:
    """Return the conditions of the asker's own questions; a merchant's team reads each other's."""
    if asker.partner_id is not None:
        return (Request.partner_id == asker.partner_id,)
    return (Request.asker_tenant == asker.tenant_id,)


def _not_too_many(asker: Asker) -> None:
    waiting = select(func.count()).where(*own(asker), Request.state == State.OPEN.value)
    if (db.session.scalar(waiting.select_from(Request)) or 0) >= MOST_OPEN:
        raise Conflict("too_many", gettext("Wait until some of your questions are answered."))


def _move(found: Request, action: str, **columns: Any) -> None:
    old = State(found.state)
    refusal = gettext("This question is closed.")
    try:
        new = LIFECYCLE.next(old, action)
    except IllegalTransition as error:
        raise Conflict("closed", refusal) from error
    moved = (
        update(Request)
        .where(Request.id == found.id, Request.state == old.value)
        .values(state=new.value, moved_at=clock.wall(), **columns)
        .returning(Request.id)
    )
    if db.session.scalar(moved) is None:
        raise Conflict("closed", refusal)
    db.session.refresh(found)
    if "unread" in columns:
        _count_unread(found)


def _count_unread(found: Request) -> None:
    """Push down how many answers who asked has not opened: counted anew, never added up."""
    same = (
        Request.person_id == found.person_id,
        Request.asker_tenant.is_not_distinct_from(found.asker_tenant),
        Request.partner_id.is_not_distinct_from(found.partner_id),
    )
    number = db.session.scalar(
        select(func.count()).select_from(Request).where(*same, Request.unread)
    )
    at = found.tenant_id if found.asker_tenant is None else found.asker_tenant
    note_unread(found.person_id, at, found.partner_id, number or 0)


def _line(found: Request, text: str, *, by_helper: bool) -> None:
    lines = db.session.scalar(
        select(func.count()).select_from(Line).where(Line.request_id == found.id)
    )
    if (lines or 0) >= MOST_LINES:
        raise Conflict("too_long", gettext("This thread is full: ask anew."))
    made = Line(request_id=found.id, by_helper=by_helper, actor=actor(), text=text, at=clock.wall())
    db.session.add(made)
    db.session.flush()
    if found.partner_id is not None:
        event = "question.answered" if by_helper else "question.asked"
        who: dict[str, Any] = {"partner_id": found.partner_id}
    else:
        event = "help.answered" if by_helper else "help.asked"
        who = {"person_id": found.person_id, "locale": found.locale}
    said = {"help": found.public_id, "about": found.kind, "name": found.name, "text": text}
    record(event, f"help:{found.id}", **said, merchant=found.merchant, page=found.page, **who)


def _text(text: str) -> str:
    if not text.strip():
        words = gettext("Write something.")
        raise DomainError("text_missing", words, FieldError("text", words))
    if len(text) > LONGEST:
        words = gettext("At most %(most)s characters.", most=LONGEST)
        raise DomainError("too_long", words, FieldError("text", words))
    return text.strip()
