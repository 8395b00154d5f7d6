"""The back office: who is paid by itself, who waits and why, and the settings of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from flask_babel import gettext as _
from flask_babel import pgettext

from app.billing import queries as billing
from app.errors import NotFound
from app.events.service import actor
from app.lists.service import told
from app.money import Money, exponent
from app.partners import queries as partners
from app.settlement import queries, service
from app.settlement.forms import OUTS, WAITS, SettlementForm
from app.settlement.rules import PLATFORM, Out
from app.site.access import may, requires
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from app.tenants.rules import PURSE
from app.web.files import attachment
from app.web.filters import pen
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("settlement", __name__, url_prefix="/settlement")
SHOWN = 100  # places of the queue on the page; the file has all


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """Show the balance, the queue and who stands aside."""
    how, line = queries.policy(), queries.queue()
    shown, aside = line.line[:SHOWN], line.aside[:SHOWN]
    ids = {place.candidate.partner_id for place in shown} | {c.partner_id for c, _out in aside}
    known = tenants.settings()
    return page(
        "settlement/office/index.html",
        "_queue.html",
        how=how,
        queue=line,
        shown=shown,
        aside=aside,
        names=queries.names(ids),
        waits=WAITS,
        outs=OUTS,
        came_back=Out.CAME_BACK,
        may_retry=may("money"),
        may_set=may("settings"),
        may_top_up=may("money"),
        fees=queries.fees_so_far(),
        spent=queries.paid_this_month(),
        earned=queries.earned_this_month() if known["spending_alarm"] else None,
        alarm=known["spending_alarm"],
    )


@bp.get("/file")
@requires("money.read")
def download() -> Response:
    """Answer with the whole queue as CSV or XLSX."""
    kind = "xlsx" if request.args.get("as") == "xlsx" else "csv"
    line = queries.queue().line
    names = queries.names(place.candidate.partner_id for place in line)
    places = -exponent(g.tenant.currency)
    rows = []
    for place in line:
        partner = names[place.candidate.partner_id]
        price = place.price
        sums = (price.gross, price.tax, price.withheld, price.net, price.cost)
        since = pen().local(place.candidate.since).replace(tzinfo=None, microsecond=0)
        words = [partner.name, partner.refcode, since]
        rows.append(
            [
                place.number,
                *words,
                *(Decimal(s).scaleb(places) for s in sums),
                str(WAITS[place.wait][0]),
            ]
        )
    head = (
        _("Place"), _("Partner"), _("Code"), pgettext("queue", "Since"), _("Sum"), _("Tax withheld"),
        _("Fee of the partner"), _("Reaches the partner"), _("From the balance"), _("What it waits for"),
    )  # fmt: skip
    told("payout-queue", len(rows), kind)
    return attachment("payout-queue", str(_("Queue")), kind, [str(h) for h in head], rows)


@bp.post("/again/<string:refcode>")
@requires("money")
def again(refcode: str) -> Response:
    """Let a partner queue again whose last payout came back."""
    partner = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if partner is None:
        raise NotFound
    service.try_again(partner.id, actor())
    return see_other("office.settlement.index", message=_("Will be tried again."))


@bp.get("/settings")
@requires("settings")
def settings() -> Response:
    """Show who pays partners."""
    known, unit = tenants.settings(), g.tenant.currency
    sums = {n: None if known[n] is None else Money(known[n], unit) for n in PURSE}
    said = {name: known[name] for name in ("settlement", "fee_paid_by")}
    return _settings(SettlementForm(formdata=None, data=said | sums))


@bp.post("/settings")
@requires("settings")
def save() -> Response:
    """Keep it; it holds for payouts made from now on."""
    form = SettlementForm()
    if not form.validate_on_submit():
        return _settings(form, 422)
    tenants_service.change_settings(form.said)
    if form.settlement.data == PLATFORM:
        service.open_balance()
        service.ask_for_sweep()
    return see_other(
        "office.settlement.index", message=_("Saved. It holds for payouts from now on.")
    )


def _settings(form: SettlementForm, status: int = 200) -> Response:
    return page(
        "settlement/office/settings.html", status=status, form=form, rate=billing.fee_rate()
    )
