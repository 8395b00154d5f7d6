"""People who asked to join: how they came in, what they answered, who was turned away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from app.extensions import db
from app.participation.models import Admission, JoinLink, JoinRequest
from app.participation.queries.page import questions
from app.participation.rules import Kind, in_language
from app.partners.models import Partner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.participation.rules import Question


@dataclass(frozen=True)
class Told:
    """An answer beside its question, in a reader's language. A `value` of None: not answered."""

    key: str
    label: str
    kind: Kind
    value: Any


def admission(partner_id: int) -> tuple[Admission, JoinLink | None] | None:
    """Return how a partner came in, with the link."""
    query = (
        select(Admission, JoinLink)
        .outerjoin(
            JoinLink,
            (JoinLink.tenant_id == Admission.tenant_id) & (JoinLink.id == Admission.link_id),
        )
        .where(Admission.partner_id == partner_id)
    )
    row = db.session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def decided_in(batch: str) -> Sequence[Partner]:
    """Return the partners on whose applications one act decided."""
    query = (
        select(Partner)
        .join(
            Admission,
            (Admission.tenant_id == Partner.tenant_id) & (Admission.partner_id == Partner.id),
        )
        .where(Admission.decided_in == batch)
    )
    return db.session.scalars(query.order_by(Partner.id)).all()


def request_by(public_id: str) -> JoinRequest | None:
    """Return an application by its outside id."""
    return db.session.scalar(select(JoinRequest).where(JoinRequest.public_id == public_id))


def turned_away() -> Select[Any]:
    """Return the statement of the applications that the rules refused."""
    return select(JoinRequest).where(JoinRequest.state == "refused")


def turned_away_count() -> int:
    """Return how many applications the rules refused."""
    query = select(func.count()).select_from(JoinRequest).where(JoinRequest.state == "refused")
    return db.session.scalar(query) or 0


def answers_of(answers: Mapping[str, Any], *languages: str) -> list[Told]:
    """Return what somebody answered, in the form's order; questions retired since only where answered."""
    asked = {each.key for each in questions()}
    return [
        told(each, answers.get(each.key), *languages)
        for each in questions(retired=True)
        if each.key in asked or answers.get(each.key) is not None
    ]


def told_shortly(said: Mapping[int, Mapping[str, Any]], *languages: str) -> dict[int, str]:
    """Return the answers of many in a line each: texts and choices, in the form's order."""
    asked = [each for each in questions() if each.kind not in {Kind.LONG, Kind.YES}]
    return {
        i: "; ".join(
            str(told(each, answers[each.key], *languages).value)
            for each in asked
            if answers.get(each.key) is not None
        )
        for i, answers in said.items()
    }


def told(question: Question, value: Any, *languages: str) -> Told:
    """Return one answer with the words of its options."""
    words = {each.key: in_language(each.label, *languages) for each in question.options}
    shown = value
    if question.kind is Kind.CHOICE and value is not None:
        shown = words.get(value, value)
    elif question.kind is Kind.SEVERAL and value is not None:
        shown = ", ".join(words.get(each, each) for each in value)
    return Told(question.key, in_language(question.label, *languages), question.kind, shown)
