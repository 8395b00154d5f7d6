"""The back office: materials for partners, uploaded, written, shown to some or to all, and what each brought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.creatives import queries, rules, service
from app.creatives.forms import KINDS, STATES, CreativeForm, UploadForm
from app.creatives.models import Creative
from app.creatives.rules import Kind
from app.errors import DomainError, NotFound
from app.events import queries as events
from app.links import queries as links
from app.partners import queries as partners
from app.programs import queries as programs
from app.site.access import requires
from app.web.headers import with_frames
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.creatives.forms import PlaceForm

bp = Blueprint("creatives", __name__, url_prefix="/materials")

SHOWN = (rules.State.ON, rules.State.OFF, rules.State.ARCHIVED)
UPLOADS = frozenset({"upload", "create", "change"})


@dataclass(frozen=True)
class Row:
    """A creative in the list, with what it is about and what it brought."""

    creative: Creative
    picture: str
    about: str
    state: rules.State
    counts: rules.Counts


def _show(statement: Select[Any], value: str) -> Select[Any]:
    if value == "archived":
        return statement.where(Creative.archived_at.is_not(None))
    on = Creative.shown if value == "on" else ~Creative.shown
    return statement.where(on, Creative.archived_at.is_(None))


TABLE = Table(
    name="materials",
    caption=_l("Materials"),
    key=Creative.id,
    default="place",
    columns=(
        Column(
            "name", _l("Name"), main=True, render="named", sort=Creative.search,
            value=lambda row: row.creative,
        ),
        Column("kind", _l("Kind"), render="kind", value=lambda row: row.creative),
        Column("about", _l("Leads to"), render="name", quiet=True),
        Column("state", _l("State"), render="state"),
        Column("shows", _l("Shows"), render="number", end=True, quiet=True,
               value=lambda row: row.counts.shows),
        Column("clicks", _l("Clicks"), render="number", end=True,
               value=lambda row: row.counts.clicks),
        Column("sales", _l("Sales"), render="number", end=True,
               value=lambda row: row.counts.sales),
        Column("conversion", _l("Conversion"), render="percent", end=True, quiet=True,
               value=lambda row: row.counts.conversion),
        Column("place", _l("Place"), render="number", end=True, quiet=True,
               sort=Creative.position, value=lambda row: row.creative.position),
    ),
    filters=(
        Filter("kind", _l("Kind"), [(str(k), v) for k, v in KINDS.items()],
               lambda s, v: s.where(Creative.kind == v)),
        Filter("show", _l("Show"), [(str(each), STATES[each][0]) for each in SHOWN], _show),
        Filter("token", _l("Advertising token"), [("missing", _l("Missing"))],
               lambda s, _v: s.where(Creative.erid.is_(None))),
    ),
    search=queries.matching,
    search_label=_l("Name"),
    empty=Empty(
        _l("No materials yet"),
        _l("Banners, texts, letters and files that partners put up with their links inside."),
        icon="photo",
        endpoint="office.creatives.upload_page",
        act=_l("Upload banners"),
    ),
)  # fmt: skip


@bp.url_value_preprocessor
def take_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let pages that take files take larger bodies; said before anything reads the body."""
    if (endpoint or "").rpartition(".")[2] in UPLOADS:
        request.max_content_length = rules.BIGGEST_BODY


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show all materials but those put away; `?show=archived` shows these."""
    found = queries.listed()
    if request.args.get("show") != "archived":
        found = found.where(Creative.archived_at.is_(None))
    view = _table().load(found)
    about = queries.about(view.rows)
    counts = queries.by_creative(each.id for each in view.rows)
    view.rows = [
        Row(
            each,
            _picture(each),
            about.get(each.id) or each.place or _("Home"),
            _state(each),
            counts.get(each.id, rules.Counts()),
        )
        for each in view.rows
    ]
    return page(
        "creatives/office/index.html", "_table.html", materials=view, kinds=KINDS, states=STATES
    )


@bp.get("/upload")
@requires("manage")
def upload_page() -> Response:
    return _upload(_offered(UploadForm()))


@bp.post("/upload")
@requires("manage")
def upload() -> Response:
    """Make a banner of each picture: of all that were sent together, or of none."""
    form = _offered(UploadForm())
    if not form.validate_on_submit():
        return _upload(form, 422)
    made = []
    for each in form.chosen:
        said = service.Said(**form.place(), file=each.read(), filename=each.filename or "")
        try:
            made.append(service.create(Kind.BANNER, said))
        except DomainError as error:
            name = error.errors[0].field if error.errors else ""
            at_file = name in {"file", "name"}
            words = f"{each.filename}: {error.message}" if at_file else error.message
            form.complain("files" if at_file else name, words)
            return _upload(form, error.status)
    if request.headers.get("X-One-File"):  # the page's script sends them one by one
        return page("creatives/office/uploaded.html", made=made[0], picture=_picture(made[0]))
    words = _("The banners are there.") if len(made) > 1 else _("The banner is there.")
    return see_other("office.creatives.index", message=words)


@bp.get("/new")
@requires("manage")
def new() -> Response:
    """Show the form of a new one; `?kind=` says of what."""
    kind = _kind()
    return _edit(None, kind, _form(kind))


@bp.post("/new")
@requires("manage")
def create() -> Response:
    kind = _kind()
    form = _form(kind)
    if not form.validate_on_submit():
        return _edit(None, kind, form, 422)
    try:
        made = service.create(kind, form.said())
    except DomainError as error:
        form.tell(error)
        return _edit(None, kind, form, error.status)
    return see_other("office.creatives.show", public_id=made.public_id, message=_("It is there."))


@bp.get("/<string:public_id>/")
@requires("read")
def show(public_id: str) -> Response:
    """Show one: how it looks, where it leads, and what it brought by which partners."""
    creative = service.find(public_id)
    total, best = queries.by_partner(creative.id)
    happened = events.history(f"creative:{creative.id}")
    groups, terms = queries.readers_of(creative.id)
    response = page(
        "creatives/office/show.html",
        creative=creative,
        kind=KINDS[Kind(creative.kind)],
        state=STATES[_state(creative)],
        picture=_picture(creative),
        preview=_preview(creative),
        about=queries.about([creative]).get(creative.id),
        leads_to=queries.page_of(creative),
        label=service.label_of(creative),
        readers=[each.name for each in programs.all_groups() if each.id in groups]
        + [each.name for each in programs.all_terms() if each.id in terms],
        total=total,
        best=best,
        events=happened,
        actors=partners.actor_names(event.actor for event in happened),
    )
    return with_frames(response)


@bp.get("/<string:public_id>/edit")
@requires("manage")
def edit(public_id: str) -> Response:
    creative = service.find(public_id)
    groups, terms = queries.readers_of(creative.id)
    said = {
        name: getattr(creative, name)
        for name in (
            *("name", "subject", "body", "html", "label", "erid", "valid_from", "valid_to"),
            *("position", "shown", "language"),
        )
    }
    said |= {"page": queries.page_of(creative), "groups": groups, "terms": terms}
    said |= {"product": _chosen(creative.product_id), "category": _chosen(creative.category_id)}
    return _edit(creative, Kind(creative.kind), _form(Kind(creative.kind), said, creative))


@bp.post("/<string:public_id>/edit")
@requires("manage")
def change(public_id: str) -> Response:
    creative = service.find(public_id)
    kind = Kind(creative.kind)
    form = _form(kind, creative=creative)
    if not form.validate_on_submit():
        return _edit(creative, kind, form, 422)
    try:
        service.change(creative, form.said())
    except DomainError as error:
        form.tell(error)
        return _edit(creative, kind, form, error.status)
    return see_other("office.creatives.show", public_id=public_id, message=_("Saved."))


@bp.post("/<string:public_id>/archive")
@requires("manage")
def archive(public_id: str) -> Response:
    service.archive(service.find(public_id))
    undo = url_for("office.creatives.restore", public_id=public_id)
    words = _("Put away; where it is put up already it goes on working.")
    return see_other("office.creatives.index", message=words, undo=undo)


@bp.post("/<string:public_id>/restore")
@requires("manage")
def restore(public_id: str) -> Response:
    service.archive(service.find(public_id), back=True)
    return see_other("office.creatives.show", public_id=public_id, message=_("It is back."))


@bp.post("/<string:public_id>/<any(on, off):way>")
@requires("manage")
def switch(public_id: str, way: str) -> Response:
    service.switch(service.find(public_id), shown=way == "on")
    words = _("Partners see it.") if way == "on" else _("Partners do not see it any more.")
    return see_other("office.creatives.show", public_id=public_id, message=words)


def _table() -> Table:
    """The list can be narrowed to a product that has materials."""
    products = [(str(i), name) for i, name in queries.products_named(queries.listed())]
    narrow = Filter(
        "product", _l("Product"), products, lambda s, v: s.where(Creative.product_id == int(v))
    )
    return replace(TABLE, filters=(*TABLE.filters, narrow)) if products else TABLE


def _kind() -> Kind:
    """Return what the address asks for; a banner, where it says nothing."""
    said = request.args.get("kind", Kind.BANNER)
    if said not in set(Kind):
        raise NotFound
    return Kind(said)


def _form(
    kind: Kind, said: dict[str, Any] | None = None, creative: Creative | None = None
) -> CreativeForm:
    form = CreativeForm(formdata=None, data=said) if said is not None else CreativeForm()
    form.groups.choices = [(each.id, each.name) for each in programs.all_groups()]
    form.terms.choices = [(each.id, each.name) for each in programs.all_terms()]
    form.narrow(kind, new=creative is None)
    _offered(form, creative)
    return form


def _offered(form: Any, creative: Creative | None = None) -> Any:
    """Give the choices of places; what a creative leads to now is among them, also if it is hidden."""
    products, categories = links.products_to_pick(), links.categories_to_pick()
    if creative is not None:
        about = queries.about([creative]).get(creative.id, "")
        if creative.product_id not in {None, *(i for i, _name in products)}:
            products = [(creative.product_id or 0, about), *products]
        if creative.category_id not in {None, *(i for i, _name in categories)}:
            categories = [(creative.category_id or 0, about), *categories]
    place: PlaceForm = form
    place.offer(products, categories)
    return form


def _upload(form: UploadForm, status: int = 200) -> Response:
    return page("creatives/office/upload.html", "_complaints.html", status, form=form)


def _edit(creative: Creative | None, kind: Kind, form: CreativeForm, status: int = 200) -> Response:
    return page(
        "creatives/office/edit.html",
        None,
        status,
        creative=creative,
        kind=str(kind),
        title=KINDS[kind],
        form=form,
        picture=_picture(creative) if creative else "",
    )


def _picture(creative: Creative) -> str:
    if creative.kind != Kind.BANNER:
        return ""
    return queries.content_source(queries.file_path(creative, g.tenant.slug))


def _preview(creative: Creative) -> str:
    if not creative.html:
        return ""
    return queries.content_source(queries.preview_path(creative, g.tenant.slug))


def _state(creative: Creative) -> rules.State:
    return rules.state_of(
        clock.now(),
        shown=creative.shown,
        archived=creative.archived_at is not None,
        valid_from=creative.valid_from,
        valid_to=creative.valid_to,
    )


def _chosen(number: int | None) -> str:
    return "" if number is None else str(number)
