"""The back office: connected shops, how each stands, what they sent, and what waits for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext

from app import clock
from app.errors import DomainError, NotFound
from app.intake.forms import CouponsForm, HistoryForm, SecretForm
from app.intake.models import Inbox, ShopErrand
from app.intake.shops import (
    FETCHED,
    GOODS,
    LISTED,
    PEOPLE,
    REVIEWS,
    connections,
    errands,
    history,
    inbox,
    pulling,
    standing,
    thanks,
)
from app.intake.shops.registry import CONNECTORS
from app.runs import rules as run_rules
from app.site.access import requires
from app.tenants import queries as tenants
from app.tenants.forms import STATE_NAMES
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.tenants.models import Connection
    from app.web.forms import Form

bp = Blueprint("intake", __name__, url_prefix="/connections")
_STATES = [
    ("waiting", lazy_pgettext("delivery", "Waiting")),
    ("done", _l("Booked")),
    ("parked", _l("Set aside")),
]
TOPICS = {
    "order.created": _l("New order"),
    "order.updated": _l("Order changed"),
    "order.deleted": _l("Order deleted"),
    "order.restored": _l("Order restored"),
    FETCHED: _l("Order that we asked for"),
    LISTED: _l("Order found by asking"),
    "product.created": _l("New product"),
    "product.updated": _l("Product changed"),
    "customer.created": _l("New customer"),
    "customer.updated": _l("Customer changed"),
    "event": _l("Word that something changed"),
    "order": _l("Word of an order"),
}
_COLUMNS = (
    Column("received_at", _l("Received"), render="datetime", sort=Inbox.received_at, main=True),
    Column("topic", _l("About"), render="name", value=lambda row: TOPICS.get(row.topic, row.topic)),
    Column("number", _l("Its id in the shop"), render="code", value=inbox.about),
    Column("problem", _l("Problem"), render="name"),
    Column("state", _l("State"), render="badge", value=lambda row: f"delivery_{row.state}"),
    Column("id", _l("Act"), render="again"),
)
PARKED = Table(
    name="parked",
    caption=_l("Deliveries that wait"),
    key=Inbox.id,
    default="-received_at",
    columns=_COLUMNS,
    empty=Empty(
        _l("Nothing waits"), _l("Every delivery of your shops was read and booked."), icon="check"
    ),
)
LOG = Table(
    name="log",
    caption=_l("What the shop sent"),
    key=Inbox.id,
    default="-received_at",
    columns=_COLUMNS,
    filters=(Filter("state", _l("State"), _STATES, lambda s, v: s.where(Inbox.state == v)),),
    empty=Empty(
        _l("Nothing came yet"),
        _l("The first order that is made or changed in the shop shows here within a minute."),
        icon="webhook",
    ),
)
PULLED = {
    GOODS: _l("Products and categories"),
    PEOPLE: _l("Customers"),
    REVIEWS: _l("Reviews"),
}
WHAT = {
    "fetch": _l("Ask for an order"),
    "card": _l("Write the partner fields of an order"),
    "group": _l("Put a partner into a customer group"),
    "coupon": _l("Make or stop a coupon"),
    thanks.KIND: _l("Prove whose an order is"),
    connections.LEAVE: _l("Remove our webhooks"),
}


@bp.get("/")
@requires("settings")
def index() -> Response:
    """List the shops' connections and what could not be read."""
    return listed()


@bp.get("/<string:public_id>/")
@requires("settings")
def show(public_id: str) -> Response:
    """Show one connection: each direction, what came, what waits."""
    return shown_page(connections.find(public_id))


@bp.post("/<string:public_id>/sweep")
@requires("settings")
def sweep(public_id: str) -> Response:
    """Ask the shop now, and try again what failed."""
    connection = connections.find(public_id)
    connections.hurry(connection)
    errands.again(connection.id)
    return seen(connection, _("The shop is asked now: look again in a moment."))


@bp.post("/<string:public_id>/history")
@requires("settings")
def load(public_id: str) -> Response:
    """Take in orders of the past from a day on."""
    connection, form = connections.find(public_id), HistoryForm()
    if connection.credentials is None:
        raise NotFound
    if not form.validate_on_submit() or form.since.starts_at is None:
        return shown_page(connection, form=form, status=422)
    if form.since.starts_at > clock.now():
        form.complain("since", _("This day has not come yet."))
        return shown_page(connection, form=form, status=422)
    try:
        history.start(connection.id, form.since.starts_at)
    except DomainError as error:
        form.complain("since", error.message)
        return shown_page(connection, form=form, status=error.status)
    return seen(connection, _("The orders are being taken in."))


@bp.post("/<string:public_id>/statuses")
@requires("settings")
def statuses(public_id: str) -> Response:
    """Take what the merchant says that the shop's states of orders mean."""
    connection = connections.find(public_id)
    said = zip(request.form.getlist("word"), request.form.getlist("state"), strict=False)
    try:
        connections.explain(connection, dict(said))
    except DomainError as error:
        return shown_page(connection, status=error.status, trouble=error.message)
    words = _("Saved. Orders that come from now on are read so.")
    return seen(connection, words)


@bp.post("/<string:public_id>/pulls")
@requires("settings")
def pulls(public_id: str) -> Response:
    """Take in goods, customers and reviews, or not; or all of them anew."""
    connection = connections.find(public_id)
    if request.form.get("anew"):
        pulling.anew(connection)
    else:
        pulling.wish(connection, request.form.getlist("what"))
    connections.hurry(connection)
    return seen(connection, _("Saved. The shop is asked now: look again in a moment."))


@bp.post("/<string:public_id>/coupons")
@requires("settings")
def coupons(public_id: str) -> Response:
    """Have partners' codes made coupons of the shop, or not."""
    connection, form = connections.find(public_id), CouponsForm()
    connections.wish_coupons(connection, wished=bool(form.coupons.data))
    return seen(connection, _("Saved."))


@bp.post("/<string:public_id>/goods")
@requires("settings")
def goods(public_id: str) -> Response:
    """Look up in the shop what orders name and the catalogue does not hold."""
    connection = connections.find(public_id)
    if connection.credentials is None:
        raise NotFound
    found = {each.order for each in standing.strangers(connection.shop_id)}
    errands.ask(connection.id, "fetch", found)
    words = ngettext("%(num)s order is looked up.", "%(num)s orders are looked up.", len(found))
    return seen(connection, words)


@bp.post("/<string:public_id>/close")
@requires("settings")
def close(public_id: str) -> Response:
    """Close a channel: what still arrives there is refused."""
    connection = connections.find(public_id)
    connections.close(connection)
    return see_other("office.intake.index", message=_("The channel is closed."))


@bp.post("/parked/<int:inbox_id>/again")
@requires("settings")
def again(inbox_id: int) -> Response:
    """Take in a delivery once more."""
    inbox.again(inbox_id)
    said = _("It will be tried again now.")
    known = {each.public_id for each in tenants.connections()}
    here = request.args.get("of", "")
    if here in known:
        return see_other("office.intake.show", public_id=here, message=said)
    return see_other("office.intake.index", message=said)


def listed() -> Response:
    """Return the page of all connections."""
    return page(
        "intake/office/index.html",
        "_table.html",
        kinds=list(CONNECTORS.values()),
        shops=standing.all_of(),
        table=PARKED.load(inbox.listed()),
    )


def shown_page(
    connection: Connection,
    form: Form | None = None,
    status: int = 200,
    trouble: str | None = None,
    *,
    secret_form: Form | None = None,
    secret: str | None = None,
) -> Response:
    """Return the page of one connection; `secret`: one that is shown on this answer only."""
    [found] = standing.all_of(connection.public_id)
    run = history.latest(connection.id)
    failed = errands.failed_of(connection.id)
    return page(
        "intake/office/show.html",
        "_table.html",
        status,
        each=found,
        lag=standing.lag(connection.id),
        strangers=standing.strangers(connection.shop_id),
        form=form or HistoryForm(),
        wishes=CouponsForm(formdata=None, coupons=connection.coupons),
        run=run,
        run_since=history.begins(run) if run else None,
        run_open=run is not None and run.standing in run_rules.OPEN,
        can_resume=run is not None and run_rules.can_resume(run.standing, run.phase),
        percent=run_rules.percent_done(run.done, run.total) if run else 0,
        failed=[(WHAT[row.kind], row, _reason(row, connection.kind)) for row in failed],
        statuses=standing.statuses(connection),
        pulled_names=PULLED,
        pulled=pulling.progress(connection, connections.shown(connection)),
        states=STATE_NAMES,
        reason_of=lambda code: connections.words_of(code, connection.kind),
        trouble=trouble,
        secret=secret,
        secret_form=secret_form or SecretForm(formdata=None),
        old_until=connections.old_secret_until(connection),
        shop=tenants.shop_by_id(connection.shop_id),
        table=LOG.load(inbox.log(connection.id)),
    )


def _reason(errand: ShopErrand, kind: str) -> str:
    return connections.words_of((errand.problem or "").partition(":")[0], kind)


def seen(connection: Connection, words: str | None) -> Response:
    """Lead to the page of a connection, with a message."""
    return see_other("office.intake.show", public_id=connection.public_id, message=words)
