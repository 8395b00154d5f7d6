"""The cabinet: what a partner's sales earn, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, url_for
from flask_babel import lazy_gettext as _l

from app.attribution.explain import evidence
from app.attribution.models import Claim
from app.commissions import explain
from app.commissions.office import BUCKETS, sale
from app.commissions.queries import accruals
from app.ledger.queries import partner_balances
from app.orders.models import Order
from app.partners.models import Partner
from app.reports.queries import lost_claims
from app.site.access import requires
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("commissions", __name__, url_prefix="/sales")


def _address(row: Any) -> str:
    return url_for("cabinet.commissions.show", deal=row.deal)


def _sales() -> tuple[Select[Any], Table]:
    statement = accruals()
    columns = statement.selected_columns
    table = Table(
        name="sales",
        caption=_l("Sales and accruals"),
        key=columns["key"],
        default="-created_at",
        columns=(
            Column("number", _l("Order"), main=True, href=_address),
            Column("created_at", _l("Ordered"), render="datetime", sort=columns["created_at"]),
            Column("state", _l("Order's state"), render="badge", quiet=True),
            Column("level", _l("Level"), render="number", end=True),
            Column("amount", _l("You earn"), render="money", sort=columns["amount"], end=True),
            Column("bucket", _l("Money"), render="badge"),
            Column("available_at", _l("Free from"), render="date", quiet=True),
        ),
        filters=(
            Filter("bucket", _l("Money"), BUCKETS, lambda s, v: s.where(columns["bucket"] == v)),
        ),
        empty=Empty(
            _l("No sales yet"),
            _l("Share your link: every order through it appears here within seconds."),
            icon="coins",
            endpoint="cabinet.links.index",
            act=_l("Take a link"),
        ),
    )
    return statement.where(Partner.id == g.partner_id), table


@bp.get("/")
@requires("partner")
def index() -> Response:
    """List the partner's sales at every level, with what each earns."""
    statement, table = _sales()
    return page(
        "commissions/cabinet/index.html",
        "_table.html",
        sales=table.load(statement),
        balance=partner_balances([g.partner_id])[g.partner_id],
    )


LOST = Table(
    name="lost",
    caption=_l("Claims that lost"),
    key=Claim.id,
    default="-created_at",
    columns=(
        Column("created_at", _l("Ordered"), render="datetime", sort=Order.created_at, main=True,
               href=_address),
        Column("kind", _l("What spoke for you"), value=lambda row: explain.KINDS.get(row.kind, row.kind)),
        Column("evidence", _l("Evidence"), render="code", quiet=True,
               value=lambda row: evidence(row.kind, row.evidence)),
        Column("why", _l("Why it lost"), value=lambda row: explain.nothing(row.why)),
    ),
    empty=Empty(
        _l("No claim of yours has lost"),
        _l("Where a click or code of yours was on an order and did not count, it is told here with the reason."),
        icon="scale",
    ),
)  # fmt: skip


@bp.get("/lost")
@requires("partner")
def lost() -> Response:
    """List the partner's claims on orders that did not count, each with the reason."""
    found = LOST.load(lost_claims(g.partner_id))
    return page("commissions/cabinet/lost.html", "_lost.html", lost=found)


@bp.get("/<string:deal>/")
@requires("partner")
def show(deal: str) -> Response:
    """Show why a sale earns what it earns; only the partner's own shares and claims."""
    return page("commissions/cabinet/show.html", **sale(deal, g.partner_id))
