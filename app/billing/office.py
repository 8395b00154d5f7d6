"""The back office: the prepaid balance, its statement, and invoices that top it up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from markupsafe import Markup

from app.billing import queries, service
from app.billing.forms import KINDS, STATES, TopUpForm
from app.billing.models import TopUp
from app.billing.rules import LIFECYCLE, Requisites, State
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.links.service import draw_svg
from app.lists.service import told
from app.money import exponent
from app.site.access import may, requires
from app.web.files import attachment
from app.web.filters import pen
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("billing", __name__, url_prefix="/balance")
SIZE, MOST = 50, 100_000  # entries of a page, and of a file

INVOICES = Table(
    name="topups",
    caption=_l("Invoices"),
    key=TopUp.id,
    default="-created",
    columns=(
        Column(
            "number", _l("Invoice"), main=True,
            value=lambda row: f"№ {row.number}",
            href=lambda row: url_for("office.billing.show", top_up=row.public_id),
        ),
        Column("created", lazy_pgettext("invoice", "Made"),
               render="datetime", sort=TopUp.id, value=lambda row: row.created_at),
        Column("amount", _l("Sum"), render="money", sort=TopUp.amount, end=True),
        Column("received", _l("Received"), render="money", end=True),
        Column("state", _l("State"), render="invoice"),
    ),
    filters=(
        Filter("state", _l("State"), [(k, v[0]) for k, v in STATES.items()], lambda s, v: s.where(TopUp.state == v)),
    ),
    empty=Empty(
        _l("No invoices yet"),
        _l("Make one, pay it by bank transfer, and the balance grows when the money has come."),
        icon="receipt",
    ),
)  # fmt: skip


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """Show the balance, its statement and its invoices."""
    return _index(TopUpForm())


@bp.post("/")
@requires("money")
def ask() -> Response:
    """Make an invoice."""
    form = TopUpForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        made = service.ask(form.amount.data.minor, actor())
    except DomainError as error:
        form.tell(error)
        return _index(form, error.status)
    return see_other(
        "office.billing.show", top_up=made.public_id, message=_("The invoice is made.")
    )


@bp.get("/statement")
@requires("money.read")
def statement() -> Response:
    """Answer with the whole statement as CSV or XLSX."""
    kind = "xlsx" if request.args.get("as") == "xlsx" else "csv"
    entries = queries.statement(size=MOST)
    about = queries.subjects(entries)
    places = -exponent(g.tenant.currency)
    rows = [
        [
            pen().local(each.at).replace(tzinfo=None, microsecond=0),
            str(KINDS.get(each.kind, each.kind)),
            called(about.get(each.id)),
            Decimal(each.amount).scaleb(places),
            Decimal(each.balance).scaleb(places),
        ]
        for each in reversed(entries)
    ]
    head = [str(word) for word in (_("When"), _("What"), _("Entry"), _("Sum"), _("Balance"))]
    told("prepaid-balance", len(rows), kind)
    return attachment("prepaid-balance", str(_("Prepaid balance")), kind, head, rows)


@bp.get("/<string:top_up>/")
@requires("money.read")
def show(top_up: str) -> Response:
    """Show an invoice as it is printed."""
    found = _found(top_up)
    payee = Requisites.of(found.payee)
    code = payee.qr(found.amount, found.currency, purpose(found)) if found.state == "open" else None
    return page(
        "billing/office/show.html",
        invoice=found,
        purpose=purpose(found),
        picture=Markup(draw_svg(code)) if code else None,  # noqa: S704 - drawn by us
        payee=payee,
        states=STATES,
        may_withdraw=may("money") and "withdraw" in LIFECYCLE.actions(State(found.state)),
        may_receive=may("money") and g.tenant.twin_of is not None and found.state == "open",
    )


@bp.post("/<string:top_up>/withdraw")
@requires("money")
def withdraw(top_up: str) -> Response:
    """Take an invoice back."""
    service.withdraw(_found(top_up), actor())
    return see_other("office.billing.index", message=_("The invoice is taken back."))


@bp.post("/<string:top_up>/receive")
@requires("money")
def receive(top_up: str) -> Response:
    """In test mode, let the money of an invoice have come: no operator looks there."""
    found = _found(top_up)
    if g.tenant.twin_of is None:
        raise NotFound
    service.receive(found.id, found.amount, actor())
    return see_other("office.billing.show", top_up=top_up, message=_("The money has come."))


def called(about: queries.About | None) -> str:
    """Return what an entry is about, in a word."""
    if about is None:
        return ""
    return f"№ {about.invoice}" if about.invoice else str(about.payout)


def purpose(invoice: TopUp) -> str:
    """Return what a payment of the invoice says it is for."""
    return str(
        _(
            "Advance for payouts to partners of %(name)s by invoice %(number)s",
            name=invoice.payer,
            number=invoice.number,
        )
    )


def _found(public_id: str) -> TopUp:
    found = queries.top_up(public_id)
    if found is None:
        raise NotFound
    return found


def _index(form: TopUpForm, status: int = 200) -> Response:
    said = request.args.get("before", "")
    before = int(said[:18]) if said.isascii() and said.isdecimal() else 0
    entries = queries.statement(before, SIZE + 1)
    return page(
        "billing/office/index.html",
        "_table.html",
        status,
        form=form,
        balance=queries.balance(),
        entries=entries[:SIZE],
        older=entries[SIZE - 1].id if len(entries) > SIZE else None,
        before=before,
        about=queries.subjects(entries[:SIZE]),
        called=called,
        kinds=KINDS,
        states=STATES,
        invoices=INVOICES.load(queries.top_ups()),
        may_ask=may("money"),
        complete=queries.requisites().complete,
    )
