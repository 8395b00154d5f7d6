"""The cabinet: the partner's links, a generator of more, and QR codes for print."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, g, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.attribution.queries import clicks_of_links, orders_of_links
from app.creatives.queries import of_a_creative
from app.errors import DomainError, NotFound
from app.links import queries, service
from app.links.forms import LinkForm, PrintForm
from app.links.models import Link
from app.links.rules import share_addresses
from app.partners import queries as partners
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from app.partners.models import Partner

bp = Blueprint("links", __name__, url_prefix="/links")

TABLE = Table(
    name="links",
    caption=_l("Your links"),
    key=Link.id,
    default="-created",
    columns=(
        Column(
            "code", _l("Code"), main=True, render="code",
            href=lambda row: url_for("cabinet.links.show", short=row.short),
        ),
        Column("label", _l("Note")),
        Column("leads_to", _l("Leads to"), quiet=True),
        Column("clicks", _l("Clicks"), render="number", end=True),
        Column("scans", _l("Of them by QR code"), render="number", end=True, quiet=True),
        Column("orders", _l("Orders"), render="number", end=True),
        Column(
            "created", _l("Made"), render="date", sort=Link.id, quiet=True,
            value=lambda row: row.created_at,
        ),
    ),
    filters=(
        Filter(
            "show", _l("Show"), [("archived", _l("Put away"))],
            lambda s, _v: s.where(Link.archived_at.is_not(None)),
        ),
    ),
    empty=Empty(_l("No links yet"), _l("Make one above: for a page, or for a product."), icon="link"),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show the main link, the generator and all links; `?product=` picks one in the generator."""
    return _index(_form())


@bp.post("/")
@requires("partner")
def create() -> Response:
    form = _form()
    if not form.validate_on_submit():
        return _index(form, status=422)
    wish = service.Wish(
        address=form.address.data or "",
        product_id=int(form.product.data) if form.product.data else None,
        category_id=int(form.category.data) if form.category.data else None,
        code=form.code.data or "",
        label=form.label.data or "",
        params={name: form[name].data or "" for name in service.PARAMS},
    )
    try:
        link = service.create(_partner(), wish)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, status=error.status)
    return see_other("cabinet.links.show", short=link.short, message=_("The link is ready."))


@bp.get("/<string:short>/")
@requires("partner")
def show(short: str) -> Response:
    link = _own(short)
    line = _counted([queries.line_of(link, g.tenant.slug)])[0]
    return page(
        "links/cabinet/show.html",
        link=link,
        line=line,
        token_missing=queries.erid_required() and not link.erid,
        short_address=queries.short_address(link.short),
        direct_address=queries.direct_address(g.tenant, link),
        share=share_addresses(line.address, _share_words(line)),
    )


@bp.get("/<string:short>/print/<any(card, sheet, poster):kind>")
@requires("partner")
def sheet(short: str, kind: str) -> Response:
    """Show a sheet ready for the printer: one card, ten on A4 to be cut, or a poster."""
    link, form = _own(short), PrintForm(request.args, meta={"csrf": False})
    heading = (form.heading.data or "").strip() or g.tenant.name
    return page(
        "links/cabinet/print.html",
        "_sheet.html",
        200 if form.validate() else 422,
        link=link,
        kind=kind,
        form=form,
        heading=heading,
        short_address=queries.short_address(link.short).partition("://")[2],
        codes=[c.display for c in partners.codes_of([g.partner_id])[g.partner_id]][-1:],
    )


@bp.get("/<string:short>/qr.<any(svg, png):form>")
@requires("partner")
def picture(short: str, form: str) -> Response:
    """Send the QR code of the short address; `?download` saves it."""
    link = _own(short)
    address = queries.scan_address(link.short)
    if form == "svg":
        response = make_response(service.draw_svg(address))
        response.headers["Content-Type"] = "image/svg+xml; charset=utf-8"
    else:
        response = make_response(service.draw_png(address))
        response.headers["Content-Type"] = "image/png"
    if "download" in request.args:
        response.headers["Content-Disposition"] = f'attachment; filename="qr-{link.short}.{form}"'
    return response


@bp.post("/<string:short>/archive")
@requires("partner")
def archive(short: str) -> Response:
    service.archive(_own(short))
    undo = url_for("cabinet.links.restore", short=short)
    return see_other("cabinet.links.index", message=_("Put away; it still works."), undo=undo)


@bp.post("/<string:short>/restore")
@requires("partner")
def restore(short: str) -> Response:
    service.archive(_own(short), back=True)
    return see_other("cabinet.links.index", message=_("The link is back in the list."))


def _index(form: LinkForm, status: int = 200) -> Response:
    main = service.ensure_default(_partner())
    mine = queries.listed().where(Link.partner_id == g.partner_id, ~Link.is_site, ~of_a_creative())
    if request.args.get("show") != "archived":
        mine = mine.where(Link.archived_at.is_(None))
    view = TABLE.load(mine)
    view.rows = _counted([queries.line(row, g.tenant.slug) for row in view.rows])
    context: dict[str, Any] = {"form": form, "links": view, "main": main}
    if main is not None:
        context["main_address"] = queries.address(_partner().refcode, g.tenant.slug, main.erid)
        context["token_missing"] = queries.erid_required() and not main.erid
        context["short_address"] = queries.short_address(main.short)
        context["direct_address"] = queries.direct_address(g.tenant, main)
        context["share"] = share_addresses(context["main_address"], g.tenant.name)
    return page("links/cabinet/index.html", "_table.html", status, **context)


def _counted(lines: list[queries.Line]) -> list[queries.Line]:
    clicks = clicks_of_links(line.link_id for line in lines)
    orders = orders_of_links(g.partner_id)
    found = []
    for line in lines:
        people, scans = clicks.get(line.link_id, (0, 0))
        won = orders.get(line.link_id, 0)
        found.append(replace(line, clicks=people, scans=scans, orders=won))
    return found


def _share_words(line: queries.Line) -> str:
    """Return what goes with a shared link: never the partner's note for himself."""
    return line.about or g.tenant.name


def _form() -> LinkForm:
    picked = request.args.get("product", "")
    form = LinkForm(data={"product": picked} if picked.isdecimal() else None)
    form.product.choices = [
        ("", _("The page above, or the shop's home")),
        *((str(product_id), name) for product_id, name in queries.products_to_pick()),
    ]
    form.category.choices = [
        ("", _("No category")),
        *((str(category_id), name) for category_id, name in queries.categories_to_pick()),
    ]
    return form


def _own(short: str) -> Link:
    found = queries.by_short(short, g.partner_id) if short.isalnum() else None
    if found is None:
        raise NotFound
    return found


def _partner() -> Partner:
    return partners.by_id(g.partner_id) or abort(404)
