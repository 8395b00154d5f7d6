"""The cabinet: ask for bonuses as money, see what became of it, take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses import queries as bonuses
from app.conversions import queries as purses
from app.conversions.rules import Way, allowed
from app.errors import DomainError, NotFound
from app.money import Money
from app.partners import queries as partners
from app.payouts import queries as payouts
from app.site.access import requires
from app.tenancy import public_id as new_id
from app.tenants.queries import setting
from app.web.pages import page, see_other
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table
from app.withdrawals import queries, service
from app.withdrawals.forms import AskForm
from app.withdrawals.models import Withdrawal
from app.withdrawals.queries import SHOWN
from app.withdrawals.rules import SHOWN as STATES_SHOWN

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner

bp = Blueprint("withdrawals", __name__, url_prefix="/bonuses/withdrawals")

REQUESTS = Table(
    name="withdrawals",
    caption=_l("Requests"),
    key=Withdrawal.id,
    counted=False,
    default="-requested",
    columns=(
        Column("requested", _l("Asked for"), render="datetime", main=True, sort=Withdrawal.requested_at,
               value=lambda row: row.Withdrawal.requested_at),
        Column("amount", _l("Bonuses"), render="money", end=True, sort=Withdrawal.amount,
               value=lambda row: row.Withdrawal.amount),
        Column("fee", _l("Fee"), render="money", end=True, quiet=True, value=lambda row: row.Withdrawal.fee),
        Column("method", _l("Method")),
        Column("state", _l("State"), render="badge", value=lambda row: row.shown),
        Column("reason", _l("Reason"), value=lambda row: row.Withdrawal.reason),
    ),
    filters=(
        Filter("state", _l("State"), [(each, STATES[each][0]) for each in STATES_SHOWN],
               lambda s, v: s.where(SHOWN.in_([v]))),
    ),
    empty=Empty(
        _l("No requests yet"),
        _l("What you ask for is listed here, with what became of it."),
        icon="cash",
    ),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show what can be asked for, the request that waits, and those of before."""
    return _page(_me(), None)


@bp.post("/")
@requires("partner")
def ask() -> Response:
    """Ask for bonuses as money."""
    me, form = _me(), _form(AskForm())
    if not form.validate_on_submit():
        return _page(me, form, 422)
    try:
        service.request(
            g.tenant,
            me,
            form.amount.data.minor,
            form.method.data,
            f"form:{me.id}:{form.key.data}",
            f"partner:{me.id}",
        )
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _page(me, form, error.status)
    return see_other(
        "cabinet.withdrawals.index", message=_("Asked for. You get a letter when it is decided.")
    )


@bp.post("/<string:public_id>/cancel")
@requires("partner")
def cancel(public_id: str) -> Response:
    """Take a request back while nobody has decided on it."""
    row = queries.line(public_id) if "\x00" not in public_id else None
    if row is None:
        raise NotFound
    service.cancel(row.Withdrawal.id, g.partner_id, f"partner:{g.partner_id}")
    return see_other(
        "cabinet.withdrawals.index", message=_("Taken back; the bonuses are available again.")
    )


def _me() -> Partner:
    me = partners.by_id(g.partner_id)
    if me is None:
        raise NotFound
    return me


def _form(form: AskForm) -> AskForm:
    form.method.choices = [(each.code, each.name) for each in payouts.methods()]
    return form


def _page(me: Partner, form: AskForm | None, status: int = 200) -> Response:
    program, purse = bonuses.program(), purses.purse(me)
    opened = queries.open_of(me.id)
    is_open = bool(setting("loyalty")) and Way.TO_MONEY in allowed(program) and purse.linked
    context: dict[str, Any] = {
        "purse": purse,
        "program": program,
        "opened": opened,
        "form": None,
        "terms": None,
        "requests": REQUESTS.load(queries.of_partner(me.id)),
    }
    if is_open and opened is None and purse.bonuses > 0 and not purse.owed:
        context["form"] = form or _blank(purse.bonuses)
        method = context["form"].method.data or ""
        context["terms"] = service.terms_now(g.tenant, me, purse.bonuses, method)
    return page("withdrawals/cabinet/index.html", "_table.html", status, is_open=is_open, **context)


def _blank(has: int) -> AskForm:
    form = _form(AskForm(formdata=None))
    form.key.data = new_id("wd")
    form.amount.data = Money(has, purses.currency())
    form.method.data = form.method.choices[0][0] if form.method.choices else None
    return form
