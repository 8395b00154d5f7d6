"""The money calendar at its secret address, as calendar programs read it."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, g
from flask_babel import force_locale
from flask_babel import gettext as _

from app import clock
from app.calendars import queries
from app.calendars.forms import notes
from app.calendars.rules import FEED_AHEAD, FEED_BACK, icalendar
from app.errors import NotFound
from app.identity.queries import people, staff_membership
from app.identity.rules import PERMISSIONS, Role
from app.partners import queries as partners
from app.site.access import requires

bp = Blueprint("calendars", __name__, url_prefix="/<merchant>/calendar")


@bp.get("/<string:token>.ics")
@requires("anyone")
def feed(token: str) -> Response:
    """Answer with the calendar of whoever has this secret, while he may still see it."""
    found = queries.by_token(token) if "\x00" not in token else None
    if found is None:
        raise NotFound
    partner_id, locale = _reader(found.owner)
    today, tenant = clock.today(g.tenant.timezone), g.tenant
    first, last = today - timedelta(days=FEED_BACK), today + timedelta(days=FEED_AHEAD)
    with force_locale(locale):
        lines = notes(queries.items(tenant, first, last, partner_id), tenant.currency, found.owner)
        name = str(_("Money calendar: %(brand)s", brand=tenant.name))
    answer = Response(
        icalendar(name, lines, clock.wall()), content_type="text/calendar; charset=utf-8"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _reader(owner: str) -> tuple[int | None, str]:
    """Return whose money it is (None: all partners') and the reader's language. Raises NotFound."""
    kind, _colon, number = owner.partition(":")
    if kind == "partner":
        partner = partners.by_id(int(number))
        if partner is None or partner.status not in {"active", "blocked"}:
            raise NotFound
        return partner.id, partner.locale
    person = people([int(number)]).get(int(number))
    member = staff_membership(int(number), g.tenant.twin_of or g.tenant.id)
    if person is None or member is None or "money.read" not in PERMISSIONS[Role(member.role)]:
        raise NotFound
    return None, person.locale or g.tenant.locale
