"""The cabinet: what a partner's sales earn, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, url_for
from flask_babel import lazy_gettext as _l

from app.commissions import explain
from app.commissions.office import BUCKETS
from app.commissions.queries import accruals, deal_view, order_of_deal
from app.errors import NotFound
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.site.access import requires
from app.web.filters import money_text
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


@bp.get("/<string:deal>/")
@requires("partner")
def show(deal: str) -> Response:
    """Show why a sale earns what it earns; only the partner's own shares."""
    order = order_of_deal(deal)
    view = deal_view(order.id) if order else None
    own = [row for row in view.shares if row.partner_id == g.partner_id] if view else []
    brought = view is not None and view.partner is not None and view.partner.id == g.partner_id
    if order is None or view is None or not (own or brought):
        raise NotFound
    return page(
        "commissions/cabinet/show.html",
        order=order,
        view=view,
        shares=own,
        nothing=explain.nothing,
        how=explain.KINDS.get(view.deal.how or ""),
        why=lambda part: explain.line(part.why, part.amount, money_text),
    )
