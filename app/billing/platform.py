"""The operator's page: merchants' top-ups, whom they are paid to, the fee, and the payment provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.billing import queries, service
from app.billing.forms import STATES, BackForm, RateForm, ReceivedForm, RequisitesForm
from app.billing.models import TopUp
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.installation import public_address
from app.money import Money
from app.site.access import requires
from app.site.people import freshly
from app.tenancy import role, tenant_scope
from app.tenants.models import Tenant
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("billing", __name__, url_prefix="/topups")


def _search(statement: Select[Any], words: str) -> Select[Any]:
    number = words.lstrip("№# ")
    named = Tenant.name.icontains(words, autoescape=True)
    if number.isascii() and number.isdecimal() and len(number) < 19:
        return statement.where(named | (TopUp.number == int(number)))
    return statement.where(named)


def _asked(row: Any) -> Money:
    return Money(row.TopUp.amount, row.TopUp.currency)


def _received(row: Any) -> Money | None:
    came = row.TopUp.received
    return None if came is None else Money(came, row.TopUp.currency)


TOP_UPS = Table(
    name="topups",
    caption=_l("Top-ups"),
    key=TopUp.id,
    default="-created",
    columns=(
        Column(
            "number", _l("Invoice"), main=True,
            value=lambda row: f"№ {row.TopUp.number}",
            href=lambda row: url_for("platform.billing.show", number=row.TopUp.number),
        ),
        Column("merchant", _l("Merchant"), render="name"),
        Column("created", lazy_pgettext("invoice", "Made"),
               render="datetime", sort=TopUp.created_at, value=lambda row: row.TopUp.created_at),
        Column("amount", _l("Sum"), render="sum", end=True, value=_asked),
        Column("received", _l("Received"), render="sum", end=True, value=_received),
        Column("state", _l("State"), render="invoice", value=lambda row: row.TopUp.state),
    ),
    filters=(
        Filter("state", _l("State"), [(k, v[0]) for k, v in STATES.items()], lambda s, v: s.where(TopUp.state == v)),
    ),
    search=_search,
    search_label=_l("Number or merchant"),
    empty=Empty(
        _l("No top-ups yet"),
        _l("Invoices of merchants appear here; confirm them when the money has come."),
        "receipt",
    ),
)  # fmt: skip


@bp.get("/")
@requires("operator")
def index() -> Response:
    with role("partnerka_list"):
        view = TOP_UPS.load(queries.all_top_ups())
    return page(
        "billing/platform/index.html",
        "_table.html",
        topups=view,
        states=STATES,
        surpluses=queries.surpluses(),
        complete=queries.requisites().complete,
    )


@bp.get("/<int:number>/")
@requires("operator")
def show(number: int) -> Response:
    return _show(number)


@bp.post("/<int:number>/receive")
@requires("operator")
def receive(number: int) -> Response:
    found, by = _found(number), actor()
    with tenant_scope(found.tenant_id):
        row = queries.top_up(found.public_id)
        form = ReceivedForm.of(row.currency if row else "RUB")
    if not form.validate_on_submit():
        return _show(number, form, 422)
    try:
        with tenant_scope(found.tenant_id):
            service.receive(found.id, form.received.data.minor, by, form.payment.data or None)
    except DomainError as error:
        form.tell(error)
        return _show(number, form, error.status)
    return see_other("platform.billing.index", message=_("Confirmed; the balance has grown."))


@bp.post("/<int:number>/back")
@requires("operator")
def give_back(number: int) -> Response:
    """Note what of a paid invoice was sent back to the merchant."""
    found, by = _found(number), actor()
    with tenant_scope(found.tenant_id):
        row = queries.top_up(found.public_id)
        form = BackForm.of(row.currency if row else "RUB")
    if not form.validate_on_submit():
        return _show(number, back=form, status=422)
    try:
        with tenant_scope(found.tenant_id):
            service.give_back(found.id, form.amount.data.minor, by)
    except DomainError as error:
        form.tell(error)
        return _show(number, back=form, status=error.status)
    return see_other(
        "platform.billing.show", number=number, message=_("Noted; the balance is less by it.")
    )


@bp.get("/settings")
@requires("operator")
def settings() -> Response:
    return _settings()


@bp.post("/settings/requisites")
@requires("operator")
@freshly
def save_requisites() -> Response:
    form = RequisitesForm()
    if not form.validate_on_submit():
        return _settings(requisites=form, status=422)
    service.set_requisites(form.said(), actor())
    return see_other("platform.billing.settings", message=_("Saved."))


@bp.post("/settings/rate")
@requires("operator")
@freshly
def save_rate() -> Response:
    form = RateForm()
    if form.validate_on_submit():
        try:
            service.set_fee_rate(form.rate.data, actor())
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("platform.billing.settings", message=_("Saved."))
    return _settings(rate=form, status=422)


@bp.post("/settings/channel/<any(close,open):act>")
@requires("operator")
@freshly
def channel(act: str) -> Response:
    if act == "close":
        service.close_channel()
        return see_other("platform.billing.settings", message=_("No provider can call now."))
    _made, secret = service.open_channel()
    return _settings(secret=secret)


def _found(number: int) -> queries.Found:
    found = queries.invoice(number) if number < 2**63 else None
    if found is None:
        raise NotFound
    return found


def _show(
    number: int,
    form: ReceivedForm | None = None,
    status: int = 200,
    back: BackForm | None = None,
) -> Response:
    found = _found(number)
    with tenant_scope(found.tenant_id):
        row = queries.top_up(found.public_id)
        if row is None:
            raise NotFound
        form = form or ReceivedForm.of(row.currency, received=Money(row.amount, row.currency))
        balance = queries.balance()
        left = min(balance, row.received or 0)
        back = back or BackForm.of(row.currency, amount=Money(left, row.currency))
    return page(
        "billing/platform/show.html",
        status=status,
        invoice=row,
        balance=balance,
        form=form,
        back=back if row.received and row.returned is None and left > 0 else None,
        states=STATES,
    )


def _settings(
    requisites: RequisitesForm | None = None,
    rate: RateForm | None = None,
    secret: str = "",
    status: int = 200,
) -> Response:
    known = queries.requisites()
    opened = queries.channel()
    return page(
        "billing/platform/settings.html",
        status=status,
        requisites=requisites or RequisitesForm(formdata=None, data=known.to_json()),
        rate=rate or RateForm(formdata=None, data={"rate": queries.fee_rate()}),
        channel=opened,
        address=public_address(f"/billing/payments/{opened.public_id}") if opened else "",
        secret=secret,
        open_now=bool(request.args.get("channel")),
    )
