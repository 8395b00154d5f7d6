"""The tills themselves: where they stand, and the key of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import NotFound
from app.installation import settings
from app.site.access import allowed, requires
from app.site.people import freshly
from app.tenants import queries as tenants
from app.tenants import service as keys
from app.tills import queries, service
from app.tills.forms import KINDS, TillForm
from app.tills.models import Till
from app.tills.office.door import bp
from app.tills.rules import Kind
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response


TILLS = Table(
    name="tills",
    caption=_l("Tills"),
    key=Till.id,
    default="name",
    columns=(
        Column("name", _l("Name"), render="name", main=True, sort=Till.name,
               href=lambda t: url_for("office.tills.place", till_id=t.id) if allowed("office.tills.place") else None),
        Column("kind", _l("Kind"), value=lambda t: KINDS[t.kind]),
        Column("place", _l("Place"), quiet=True),
        Column("external_id", _l("Id in the shop"), render="code", quiet=True),
        Column("state", "", value=lambda t: t, render="state"),
    ),
    empty=Empty(
        _l("No tills yet"),
        _l("A till is made once, and then each of its receipts names it."),
        icon="device-desktop",
    ),
)  # fmt: skip


@bp.get("/places/")
@requires("read")
def places() -> Response:
    """List the tills."""
    listed = TILLS.load(queries.listed())
    return page("tills/office/places.html", "_tills.html", listed=listed)


@bp.get("/places/new")
@requires("settings")
def new() -> Response:
    """Ask for a new till."""
    return _form(TillForm(formdata=None, shops=_shops()))


@bp.post("/places/new")
@requires("settings")
def make() -> Response:
    """Make a till."""
    form = TillForm(shops=_shops())
    if not form.validate_on_submit():
        return _form(form, status=422)
    shop = next(each for each in tenants.shops() if each.public_id == form.shop.data)
    till = service.make(
        shop.id, form.name.data.strip(), Kind(form.kind.data), form.place.data or ""
    )
    return see_other("office.tills.place", till_id=till.id, message=_("The till is made."))


@bp.get("/places/<int:till_id>")
@requires("settings")
def place(till_id: int) -> Response:
    """Show a till, to change it."""
    till = _found(till_id)
    data = {"name": till.name, "kind": till.kind, "place": till.place, "shop": _shop(till)}
    return _form(TillForm(formdata=None, data=data, shops=_shops()), till)


@bp.post("/places/<int:till_id>")
@requires("settings")
def change(till_id: int) -> Response:
    """Change a till; its shop stays."""
    till, form = _found(till_id), TillForm(shops=_shops())
    form.shop.data = _shop(till)
    if not form.validate_on_submit():
        return _form(form, till, 422)
    service.change(till, form.name.data.strip(), Kind(form.kind.data), form.place.data or "")
    return see_other("office.tills.place", till_id=till.id, message=_("Saved."))


@bp.post("/places/<int:till_id>/retire")
@requires("settings")
def retire(till_id: int) -> Response:
    """Take a till out of use."""
    service.retire(_found(till_id))
    return see_other(
        "office.tills.places",
        message=_("The till is out of use."),
        undo=url_for("office.tills.restore", till_id=till_id),
    )


@bp.post("/places/<int:till_id>/restore")
@requires("settings")
def restore(till_id: int) -> Response:
    """Bring a till back."""
    service.retire(_found(till_id), back=True)
    return see_other("office.tills.places", message=_("The till is in use again."))


@bp.post("/places/<int:till_id>/key")
@requires("keys")
@freshly
def key(till_id: int) -> Response:
    """Make a key for the till's own program: its orders name the till by themselves."""
    till = _found(till_id)
    kind = "test" if g.tenant.twin_of else "live"
    made = keys.make_key(till.shop_id, till.name, ["orders"], kind, till=till.external_id)
    # No redirect: the key is told in this answer and in no other place.
    return page(
        "tenants/office/key.html",
        key=made.key,
        secret=made.secret,
        public_url=settings().public_url,
    )


def _found(till_id: int) -> Till:
    found = queries.by_id(till_id)
    if found is None:
        raise NotFound
    return found


def _shops() -> list[tuple[str, str]]:
    return [(each.public_id, each.domain or each.name) for each in tenants.shops()]


def _shop(till: Till) -> str:
    found = tenants.shop_by_id(till.shop_id)
    return found.public_id if found else ""


def _form(form: TillForm, till: Till | None = None, status: int = 200) -> Response:
    return page("tills/office/place.html", status=status, form=form, till=till)
