"""The operator's page: merchants, and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError
from app.onboarding import queries
from app.onboarding.service import create_merchant
from app.site.access import requires
from app.tenants.forms import MerchantForm
from app.tenants.models import Tenant
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("tenants", __name__)


def _search(statement: Select[Any], words: str) -> Select[Any]:
    found = Tenant.slug.contains(words.lower(), autoescape=True)
    return statement.where(found | Tenant.name.icontains(words, autoescape=True))


MERCHANTS = Table(
    name="merchants",
    caption=_l("Merchants"),
    columns=(
        Column("name", _l("Name"), render="name", main=True),
        Column("slug", _l("Address"), render="code", sort=Tenant.slug),
        Column("email", _l("E-mail"), quiet=True),
        Column("currency", _l("Currency"), quiet=True),
        Column("partners", _l("Partners"), render="number", end=True),
        Column("orders", _l("Orders"), render="number", end=True),
        Column("created_at", _l("Since"), render="datetime", sort=Tenant.created_at),
    ),
    key=Tenant.id,
    default="-created_at",
    empty=Empty(_l("No merchants yet"), endpoint="platform.tenants.new", act=_l("Open an account")),
    search=_search,
)


@bp.get("/")
@requires("operator")
def index() -> Response:
    view = MERCHANTS.load(queries.merchants())
    sizes = queries.sizes(row.id for row in view.rows)
    view.rows = [_line(row, *sizes[row.id]) for row in view.rows]
    return page("tenants/platform/index.html", "_table.html", merchants=view)


@bp.get("/merchants/new")
@requires("operator")
def new() -> Response:
    return page("tenants/platform/new.html", form=MerchantForm())


@bp.post("/merchants/new")
@requires("operator")
def create() -> Response:
    form = MerchantForm()
    if form.validate_on_submit():
        try:
            made = create_merchant(**form.facts())
        except DomainError as error:
            form.tell(error)
        else:
            text = _("%(name)s is open; the owner is invited by e-mail.", name=made.tenant.name)
            return see_other("platform.tenants.index", message=text)
    return page("tenants/platform/new.html", form=form, status=422)


def _line(row: Tenant, partners: int, orders: int) -> dict[str, Any]:
    shown = {
        name: getattr(row, name) for name in ("name", "slug", "email", "currency", "created_at")
    }
    return {**shown, "partners": partners, "orders": orders}
