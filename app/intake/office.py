"""The back office: channels by which shops call us, and deliveries that wait for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import NotFound
from app.installation import public_address
from app.intake.forms import ConnectForm
from app.intake.models import Inbox
from app.intake.shops import inbox, woocommerce
from app.site.access import requires
from app.tenants import queries as tenants
from app.tenants import service
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("intake", __name__, url_prefix="/connections")

PARKED = Table(
    name="parked",
    caption=_l("Deliveries that wait"),
    key=Inbox.id,
    default="-received_at",
    columns=(
        Column("received_at", _l("Received"), render="datetime", sort=Inbox.received_at, main=True),
        Column("topic", _l("About"), render="code"),
        Column("problem", _l("Problem"), render="name"),
        Column("state", _l("State"), render="badge"),
        Column("id", _l("Act"), render="again"),
    ),
    empty=Empty(
        _l("Nothing waits"), _l("Every delivery of your shops was read and booked."), icon="check"
    ),
)


def _form() -> ConnectForm:
    form = ConnectForm()
    form.shop.choices = [(shop.id, shop.name) for shop in tenants.shops()]
    return form


def _page(form: ConnectForm, status: int = 200, secret: str | None = None) -> Response:
    channels = [
        (connection, public_address(f"/hooks/{connection.kind}/{connection.public_id}"))
        for connection in tenants.connections(woocommerce.kind)
    ]
    return page(
        "intake/office/index.html",
        "_table.html",
        status=status,
        form=form,
        channels=channels,
        secret=secret,
        parked=PARKED.load(inbox.listed()),
    )


@bp.get("/")
@requires("settings")
def index() -> Response:
    """List the shops' channels and what could not be read."""
    return _page(_form())


@bp.post("/")
@requires("settings")
def connect() -> Response:
    """Open a WooCommerce hook; its secret is shown on this answer only."""
    form = _form()
    if not form.validate_on_submit():
        return _page(form, status=422)
    _connection, secret = inbox.connect(form.shop.data, woocommerce.kind, form.secret.data or None)
    return _page(_form(), secret=secret)


@bp.post("/<string:public_id>/close")
@requires("settings")
def close(public_id: str) -> Response:
    """Close a channel: what still arrives there is refused."""
    found = [c for c in tenants.connections(woocommerce.kind) if c.public_id == public_id]
    if not found:
        raise NotFound
    service.disconnect(found[0])
    return see_other("office.intake.index", message=_("The channel is closed."))


@bp.post("/parked/<int:inbox_id>/again")
@requires("settings")
def again(inbox_id: int) -> Response:
    """Try a parked delivery once more."""
    inbox.again(inbox_id)
    return see_other("office.intake.index", message=_("It will be tried again now."))
