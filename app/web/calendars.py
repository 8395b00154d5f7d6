"""The page of the money calendar, the same for both audiences."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from flask import g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.calendars import queries, service
from app.calendars.forms import KINDS
from app.calendars.rules import read_month, turned, weeks
from app.installation import public_address
from app.web.filters import locale_name
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response


def shown(
    template: str, owner: str, act: str, partner_id: int | None = None, **context: Any
) -> Response:
    """Show a month to the reader, after what he asked of his secret address; a new one is told once."""
    endpoint, address = f"{request.blueprint}.index", ""
    if act == "unlink":
        service.unlink(owner)
        return see_other(endpoint, message=_("The address holds no more."))
    if act == "link":
        token = service.link(owner)
        there = url_for("public.calendars.feed", merchant=g.tenant.slug, token=token)
        address = public_address(there)
    today = clock.today(g.tenant.timezone)
    first = read_month(request.args.get("month", ""), today)
    grid = weeks(
        first,
        queries.items(g.tenant, first, turned(first, 1) - timedelta(days=1), partner_id),
    )
    return page(
        template,
        first=first,
        today=today,
        grid=grid,
        heads=[format_date(day.day, "ccc", locale=locale_name()) for day in grid[0]],
        before=turned(first, -1).strftime("%Y-%m"),
        after=turned(first, 1).strftime("%Y-%m"),
        kinds=KINDS,
        address=address,
        linked=queries.feed(owner),
        **context,
    )
