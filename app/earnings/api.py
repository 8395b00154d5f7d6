"""What customers do besides ordering, as shops and outside services report it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app import clock
from app.earnings import service
from app.errors import DomainError, FieldError, NotFound
from app.members import queries as members
from app.site.access import requires
from app.web.bodies import Instant, Moment

bp = APIBlueprint("earnings", __name__, url_prefix="/members", tag="Bonuses")

SKEW = timedelta(minutes=5)
MOST, LONGEST = 50, 500  # fields of the data, characters of a text


class EventIn(BaseModel):
    """What happened: registered, profile_updated, subscribed, review.published, or a type of one's own.

    `data` holds texts, whole numbers, yes and no, and lists of texts; review.removed takes back.
    """

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]
    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$", strict=True)]
    at: Instant | None = Field(None, description="When; absent: now.")
    data: dict[str, Any] = Field(default_factory=dict)


class EventOut(BaseModel):
    """What was taken in."""

    id: str
    type: str
    member: str
    at: Moment


@bp.post("/<path:external_id>/events")
@bp.input(EventIn)
@bp.output(EventOut, status_code=201)
@requires("orders")
def report(external_id: str, json_data: EventIn) -> dict[str, Any]:
    """Report what a customer did, once by its id; rules of bonuses give for it. 409: another under the id."""
    member = None
    if "\x00" not in external_id and len(external_id) <= 128:
        member = members.by_external(g.shop_id, external_id)
    if member is None:
        raise NotFound
    at, now = json_data.at, clock.now()
    if at is not None and at > now + SKEW:
        raise _invalid("at", _("This moment is yet to come."))
    if "\x00" in json_data.id:
        raise _invalid("id", _("The id must have 1 to 128 characters."))
    made = service.report(
        g.tenant,
        g.shop_id,
        member.id,
        json_data.id,
        json_data.type,
        _plain(json_data.data),
        at,
    )
    return {
        "id": made.external_id,
        "type": made.type,
        "member": external_id,
        "at": made.happened_at.isoformat(),
    }


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse what no rule could ask: objects, fractions, texts without end."""
    if len(data) > MOST:
        raise _invalid("data", _("There are too many fields."))
    for name, value in data.items():
        values = value if isinstance(value, list) else [value]
        good = len(values) <= MOST and all(_is_plain(each) for each in values)
        if not good or not name.isprintable() or len(name) > 64:
            raise _invalid("data", _("Send texts, whole numbers, yes and no, or lists of texts."))
    return data


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST and "\x00" not in value
    return value is None or (isinstance(value, int) and abs(value) < 2**53)


def _invalid(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
