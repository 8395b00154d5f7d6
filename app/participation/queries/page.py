"""The registration page as it now stands: texts, questions, links, who may join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.extensions import db
from app.participation.models import Admission, JoinField, JoinLink, JoinPage, JoinPicture
from app.participation.rules import Entry, Kind, Option, Question
from app.participation.rules.entry import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANK: dict[str, Any] = {
    "texts": {},
    "picture": None,
    "phone": "optional",
    "site": "optional",
    "group_id": None,
    "min_orders": 0,
    "groups_allowed": [],
    "groups_forbidden": [],
}


def page() -> JoinPage:
    """Return the page's row; where the merchant has said nothing yet, one that says so and is not kept."""
    return db.session.scalar(select(JoinPage)) or JoinPage(**BLANK)


def entry() -> Entry:
    """Return who may join."""
    said = page()
    return Entry(said.min_orders, folded(said.groups_allowed), folded(said.groups_forbidden))


def picture(key: str) -> JoinPicture | None:
    """Return a picture by its key."""
    return db.session.scalar(select(JoinPicture).where(JoinPicture.key == key))


def questions(*, retired: bool = False) -> list[Question]:
    """Return the form's questions in their order; retired ones, if wanted, after them."""
    query = select(JoinField).order_by(
        JoinField.retired_at.is_not(None), JoinField.position, JoinField.id
    )
    if not retired:
        query = query.where(JoinField.retired_at.is_(None))
    return [read(row) for row in db.session.scalars(query)]


def question(key: str) -> JoinField | None:
    """Return one question's row."""
    return db.session.scalar(select(JoinField).where(JoinField.key == key))


def read(row: JoinField) -> Question:
    """Return a row as the rules know it."""
    options = tuple(Option(each["key"], each["label"]) for each in row.options)
    return Question(row.key, Kind(row.kind), row.label, row.help, options, row.required)


def links() -> Sequence[JoinLink]:
    """Return the merchant's own registration links, the newest first, closed ones last."""
    query = select(JoinLink).order_by(JoinLink.closed_at.is_not(None), JoinLink.id.desc())
    return db.session.scalars(query).all()


def link_by_code(code: str) -> JoinLink | None:
    """Return an open link of this code."""
    return db.session.scalar(
        select(JoinLink).where(JoinLink.code == code, JoinLink.closed_at.is_(None))
    )


def link_counts() -> dict[int, int]:
    """Return how many partners came by each link."""
    query = (
        select(Admission.link_id, func.count())
        .where(Admission.link_id.is_not(None))
        .group_by(Admission.link_id)
    )
    return {link: number for link, number in db.session.execute(query) if link is not None}
