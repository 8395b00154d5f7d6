"""Answers to the merchant's questions: read strictly, kept by the question's key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.errors import DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.members.rules import region_of
from app.participation import queries
from app.participation.rules import AnswerError, read_answer
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.partners.models import Partner


def read_answers(said: Mapping[str, object], *, complete: bool) -> dict[str, Any]:
    """Return answers as they are kept, by the question's key; what is not answered is absent.

    `complete`: questions that must be answered are. Raises DomainError that names every answer that
    cannot stand, at `answers.<key>`; a question that is not asked is one of these.
    """
    asked = {each.key: each for each in queries.questions()}
    region, found = _region(), {}
    unknown = answer_words("unknown")
    wrong = [FieldError(f"answers.{key}"[:200], unknown) for key in said if key not in asked]
    for key, question in asked.items():
        try:
            value = read_answer(question, said.get(key), region)
        except AnswerError as error:
            wrong.append(FieldError(f"answers.{key}", answer_words(error.code)))
            continue
        if value is not None:
            found[key] = value
        elif question.required and complete:
            wrong.append(FieldError(f"answers.{key}", answer_words("missing")))
    if wrong:
        raise DomainError("invalid_answer", _("Some answers cannot stand."), *wrong)
    return found


def change_answers(partner: Partner, said: Mapping[str, object]) -> None:
    """Let a partner's answers to the questions asked now be these; to questions retired since they stay.

    Raises DomainError as read_answers does; what must be answered may be left empty by staff.
    """
    asked = {each.key for each in queries.questions()}
    older = {key: value for key, value in partner.answers.items() if key not in asked}
    kept = {key: partner.answers[key] for key in asked - said.keys() if key in partner.answers}
    after = older | kept | read_answers(said, complete=False)
    if after == partner.answers:
        return
    changed = sorted(
        k for k in {*after, *partner.answers} if after.get(k) != partner.answers.get(k)
    )
    partner.answers = after
    record(
        "partner.changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes={"answers": changed},
    )
    db.session.flush()


def answer_words(code: str) -> str:
    """Return what to tell somebody whose answer cannot stand."""
    words: dict[str, str] = {
        "missing": _("Fill this in."),
        "long": _("This is too long."),
        "number": _("Type a number in figures."),
        "choice": _("Choose one of the answers offered."),
        "phone": _("Write the phone with its country code, such as +7 916 123-45-67."),
        "site": _("Write the site's address, such as blog.example."),
        "date": _("Type a date."),
        "unknown": _("The form has no such question."),
    }
    return str(words.get(code) or _("This cannot be read."))


def _region() -> str | None:
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return region_of(tenant.currency)
