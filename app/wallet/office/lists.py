"""The list of partners with what each has earned, was paid, and is owed now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.lists.queries import views
from app.partners import queries as partners
from app.partners.models import Partner
from app.payouts import queries as payouts
from app.requisites.forms import STATUS_NAMES
from app.site.access import may, requires
from app.wallet import queries
from app.wallet.rules import Held
from app.web import lists
from app.web.cells import linked
from app.web.pages import page
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.wallet.queries import Line

bp = Blueprint("wallet", __name__)

_wallet = linked("office.wallet.purse", "refcode", lambda row: row.partner.refcode)

OWED = [
    ("free", _l("Owed now")),
    ("ready", _l("Can be paid now")),
    ("debt", _l("In debt")),
]
HELD = [(each.value, STATES[each.value][0]) for each in Held]


def _tax(row: Line) -> str | None:
    status = row.partner.tax_status
    return str(STATUS_NAMES[status]) if status else None


# fmt: off
COLUMNS = (
    Column("name", lazy_pgettext("person", "Name"), render="name", main=True, sort=Partner.name, href=_wallet,
           value=lambda row: row.partner.name),
    Column("refcode", _l("Code"), render="code", value=lambda row: row.partner.refcode, spare=True),
    Column("accrued", _l("Accrued"), render="money", end=True, value=lambda row: row.purse.accrued),
    Column("paid", _l("Paid out"), render="money", end=True, sort=queries.paid, value=lambda row: row.purse.paid),
    Column("owed", _l("Owed now"), render="money", end=True, sort=queries.available,
           value=lambda row: row.purse.available),
    Column("held", _l("On hold"), render="money", end=True, value=lambda row: row.purse.pending),
    Column("reserved", _l("In payout"), render="money", end=True, value=lambda row: row.purse.reserved, spare=True),
    Column("debt", _l("Debt"), render="money", end=True, sort=queries.debt, value=lambda row: -row.purse.debt,
           spare=True),
    Column("tax", _l("Tax status"), value=_tax, spare=True),
    Column("method", _l("Method"), quiet=True),
    Column("details", _l("Details"), render="badge", value=lambda row: row.state),
)
WALLET = Column("wallet", _l("Pay"), render="wallet", value=lambda row: row.partner.refcode, tool=True)
# fmt: on


def _table() -> Table:
    methods = [(each.code, each.name) for each in payouts.methods()]
    return Table(
        name="wallet",
        listing="wallet",
        caption=_l("Accruals by partner"),
        key=Partner.id,
        default="-owed",
        columns=(*COLUMNS, WALLET) if may("money") else COLUMNS,
        filters=(
            Filter("owed", _l("Money"), OWED, queries.owed),
            Filter("details", _l("Details"), HELD, queries.with_details),
            Filter("method", _l("Method"), methods, queries.by_method),
            Filter(
                "tax", _l("Tax status"), list(STATUS_NAMES.items()),
                lambda s, v: s.where(Partner.tax_status == v),
            ),
        ),
        search=partners.matching,
        search_label=_l("Name, e-mail or code"),
        empty=Empty(
            _l("Nobody to pay yet"),
            _l("Partners appear here with what they have earned and what you owe them."),
            icon="coins",
        ),
    )  # fmt: skip


@bp.get("/wallet/")
@requires("money.read")
def index() -> Response:
    """List partners with what each has earned, was paid, and is owed now."""
    view = _table().load(queries.statement())
    view.rows = queries.lines(view.rows)
    view.saved, view.shares = views("wallet", g.person.id), may("manage")
    available, debt, number = queries.totals()
    return page(
        "wallet/office/index.html",
        "_table.html",
        wallet=view,
        available=available,
        debt=debt,
        number=number,
        counters=payouts.counters(),
    )


lists.register(
    lists.Listing(
        "wallet",
        "office.wallet.index",
        _table,
        queries.statement,
        queries.lines,
        needs="money.read",
    )
)
