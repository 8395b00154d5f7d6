"""The back office: what would this order pay, and to whom."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app import clock
from app.catalog import queries as catalog
from app.commissions import explain
from app.errors import NotFound
from app.orders.rules import State, problems
from app.orders.service import MESSAGES, Incoming
from app.reports.queries import sources
from app.simulator import service
from app.simulator.forms import SimulatorForm
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.filters import money_text
from app.web.forms import storable
from app.web.pages import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from app.catalog.models import Product
    from app.orders.rules import Snapshot

bp = Blueprint("simulator", __name__, url_prefix="/simulator")

OFFERED = 50  # products in the list under the field


@bp.get("/")
@requires("read")
def index() -> Response:
    """Offer the form."""
    return _page(SimulatorForm(formdata=None))


@bp.post("/")
@requires("read")
def run() -> Response:
    """Say what the typed order would pay; nothing is written, so the answer is a page, no redirect."""
    form = SimulatorForm()
    snapshot = _read(form) if form.validate_on_submit() else None
    if snapshot is None:
        return _page(form, 422)
    found = service.simulate(
        Incoming(
            shop_id=_shop(),
            external_id="",
            snapshot=snapshot,
            state=State(form.state.data),
            map_version=0,
            source="simulator",
            received_at=clock.now(),
        )
    )
    return _page(form, found=found, **_told(found, snapshot))


@bp.get("/products")
@requires("read")
def products() -> Response:
    """Offer products whose name or id has what is typed in a row."""
    row = request.args.get("row", "0")
    words = request.args.get(f"lines-{row}-product", "")
    return page("simulator/office/_products.html", offered=_offered(words))


def _page(form: SimulatorForm, status: int = 200, **told: Any) -> Response:
    template = "simulator/office/index.html"
    return page(template, status=status, form=form, offered=_offered(""), **{"found": None, **told})


def _offered(words: str) -> Sequence[Product]:
    shops = tenants.shops()
    said = words if storable(words) else ""
    return catalog.offered(shops[0].id, said, OFFERED) if shops else []


def _read(form: SimulatorForm) -> Snapshot | None:
    snapshot = form.snapshot(g.tenant.currency, partial(catalog.product_said, _shop()))
    for problem in problems(snapshot) if snapshot else ():
        form.complain("lines", str(MESSAGES[problem.code]))
        snapshot = None
    return snapshot


def _told(found: service.Simulated, snapshot: Snapshot) -> dict[str, Any]:
    view, at = found.view, snapshot.created_at
    reader = explain.Reader(money_text, sources(explain.owners(view.shares), at))
    lines = {
        line.id: line.name or line.product or _("Line %(number)s", number=line.id)
        for line in snapshot.lines
    }
    return explain.spoken(view, reader, lines, found.names, clock.now())


def _shop() -> int:
    shops = tenants.shops()
    if not shops:
        raise NotFound
    return shops[0].id
