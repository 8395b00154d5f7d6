"""The cabinet: why is my balance this. Each bucket opens the entries that sum to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_

from app.commissions.models import Deal
from app.ledger.models import Transfer
from app.ledger.queries import entries, partner_balances
from app.ledger.rules import BUCKETS
from app.orders.models import Order
from app.proofs.queries import word
from app.reports.queries import next_free
from app.site.access import requires
from app.statements.forms import KINDS
from app.web.pages import page
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("ledger", __name__, url_prefix="/account")

# What a bucket is, and what happens to it next.
ENDINGS = {
    "available": _l("You decide next: ask for a payout when you like."),
    "pending": _l("Each sum becomes available on its own day, when the hold of its order ends."),
    "reserved": _l("You asked for this money; the merchant decides next."),
    "debt": _l("What you earn next repays this first; nobody asks you for it."),
}
NAMES = {
    "available": _l("Available"),
    "pending": _l("On hold"),
    "reserved": _l("In payout"),
    "debt": _l("Debt"),
}


def _address(row: Any) -> str | None:
    return url_for("cabinet.commissions.show", deal=row.deal) if row.deal else None


ENTRIES = Table(
    name="entries",
    caption=_l("Entries"),
    key=Transfer.id,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", sort=Transfer.id, main=True),
        Column("kind", _l("What"), value=lambda row: KINDS.get(row.kind, row.kind)),
        Column("number", _l("Order"), href=_address),
        Column("level", _l("Level"), render="number", end=True, quiet=True),
        Column("reason", _l("Note"), quiet=True),
        Column("available_at", _l("Free from"), render="date"),
        Column("amount", _l("Amount"), render="signed", end=True),
    ),
    empty=Empty(
        _l("Nothing has moved here yet"), _l("Every change of the sum above gets a line."), "scale"
    ),
)


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show one bucket of the partner's balance and the entries that make it."""
    bucket = request.args.get("bucket", "")
    chosen = bucket if bucket in BUCKETS else "available"
    view = ENTRIES.load(_statement(chosen))
    view.values["bucket"] = chosen  # its orders and pages are of the same bucket
    return page(
        "ledger/cabinet/index.html",
        "_table.html",
        entries=view,
        balance=partner_balances([g.partner_id])[g.partner_id],
        chosen=chosen,
        names=NAMES,
        ending=ENDINGS[chosen],
        next_free=next_free(g.partner_id) if chosen == "pending" else None,
        word=word(g.partner_id),
    )


def _statement(bucket: str) -> Select[Any]:
    """Return the entries with the order and deal that each is about."""
    same_order = and_(Order.tenant_id == Transfer.tenant_id, Order.id == Transfer.order_id)
    same_deal = and_(Deal.tenant_id == Transfer.tenant_id, Deal.order_id == Transfer.order_id)
    return (
        entries(g.partner_id, bucket)
        .outerjoin(Order, same_order)
        .outerjoin(Deal, same_deal)
        .add_columns(Order.number.label("number"), Deal.public_id.label("deal"), Deal.available_at)
    )
