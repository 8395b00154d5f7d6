"""The back office's first page: how it goes, what is owed, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, redirect, url_for
from flask_babel import lazy_gettext as _l

from app.events import queries as events
from app.events.models import Event
from app.identity import queries as identity
from app.onboarding.queries import steps_dismissed
from app.partners.queries import actor_names
from app.reports import queries
from app.reports.rules import change, steps
from app.site.access import may, requires
from app.site.lists import chosen_shop, name_of
from app.tenants import queries as tenants
from app.web.pages import page
from app.web.ranges import Range
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select
    from werkzeug.wrappers import Response as Redirect

bp = Blueprint("reports", __name__)

KINDS = [
    ("partner", _l("Partners")),
    ("deal", _l("Deals")),
    ("commission", _l("Commissions")),
    ("payout", _l("Payouts")),
    ("product", _l("Products")),
    ("category", _l("Categories")),
    ("terms", _l("Terms")),
    ("group", _l("Groups")),
    ("campaign", _l("Campaigns")),
    ("shop", _l("Shops")),
    ("merchant", _l("Settings")),
    ("staff", _l("Team")),
    ("key", _l("Keys")),
    ("connection", _l("Connections")),
    ("list", _l("Exports")),
    ("run", _l("Recalculations")),
]
ACTORS = [
    ("person", _l("People of the team")),
    ("api", _l("API")),
    ("partner", _l("Partners themselves")),
    ("public", _l("Visitors")),
    ("system", _l("Partnerka itself")),
]


def _log() -> Table:
    """Make the table of all that happened; the team is the merchant's."""
    team = [
        (f"person:{person.id}", person.name)
        for _membership, person in identity.staff(g.tenant.twin_of or g.tenant.id)
    ]
    return Table(
        name="log",
        caption=_l("Activity"),
        key=Event.id,
        default="-at",
        counted=False,
        columns=(
            Column("at", _l("When"), render="datetime", sort=Event.id),
            Column("type", _l("What"), render="happened", main=True),
            Column("subject", _l("About"), render="about"),
            Column("actor", _l("Who"), render="done_by"),
            Column("facts", _l("Before and after"), render="changes"),
        ),
        filters=(
            Filter("kind", _l("What"), KINDS, lambda s, v: s.where(Event.type.startswith(f"{v}."))),
            Filter("actor", _l("Who"), [*ACTORS, *team], _by),
        ),
        ranges=(Range("at", _l("When"), Event.at, "date"),),
        empty=Empty(_l("Nothing happened yet"), icon="history"),
    )


def _by(statement: Select[Any], who: str) -> Select[Any]:
    exact = Event.actor == who
    return statement.where(exact if ":" in who else exact | Event.actor.startswith(f"{who}:"))


@bp.get("/activity")
@requires("read")
def activity() -> Response:
    """List all that happened: who, what, when, before and after."""
    view = _log().load(events.log())
    return page(
        "reports/office/activity.html",
        "_log.html",
        log=view,
        about_of=queries.places(view.rows),
        actors=actor_names(event.actor for event in view.rows),
    )


@bp.get("/")
@requires("member")
def index() -> Response | Redirect:
    """Show the overview; an accountant starts at the money desk, and a cashier at the till."""
    if not may("read"):
        return redirect(url_for(f"office.{'payouts' if may('money') else 'tills'}.index"))
    seen = None if steps_dismissed() else queries.first_steps(g.tenant)
    shop = chosen_shop()
    chosen = shop.id if shop else None
    return page(
        "reports/office/index.html",
        shop=shop,
        shops=tenants.shops(),
        name_of=name_of,
        figures=queries.overview(g.tenant, chosen),
        liability=queries.liability(g.tenant),
        top=queries.top_partners(g.tenant, chosen),
        waiting=queries.waiting(),
        steps=steps(seen, queries.STEPS) if seen and not all(seen.values()) else [],
        change=change,
    )
