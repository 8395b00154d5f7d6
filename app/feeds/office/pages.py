"""Feeds: added, changed, uploaded; looked at, loaded, stopped; their history, and what was wrong."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from flask_babel import gettext as _

from app.catalog.forms import offered
from app.errors import DomainError, NotFound
from app.feeds import queries, service
from app.feeds.forms import (
    FLAWS,
    MOST_MB,
    NOWHERE,
    WHY,
    AddForm,
    SettingsForm,
    UploadForm,
    columns_form,
    heads_of,
)
from app.feeds.office.tables import FEEDS, PROBLEMS
from app.feeds.office.telling import told
from app.feeds.rules import FIELDS, LARGEST, MIB, Unreadable, guess
from app.runs import service as runs
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.files import attachment
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response

    from app.feeds.models import CatalogFeed, FeedLoad
    from app.runs.models import Run

_MORNING = time(4)
bp = Blueprint("feeds", __name__, url_prefix="/feeds")


@bp.url_value_preprocessor
def larger(endpoint: str | None, _values: object) -> None:
    """Let a file be larger than other forms, before anything of it is read."""
    if (endpoint or "").endswith(("feeds.upload", "feeds.upload_new")):
        request.max_content_length = LARGEST + MIB


@bp.get("/")
@requires("read")
def index() -> Response:
    """List the feeds."""
    return page("feeds/office/index.html", "_feeds.html", feeds=FEEDS.load(queries.listed()))


@bp.get("/new")
@requires("manage")
def new() -> Response:
    """Offer an address, or a file."""
    return _new(AddForm(formdata=None), UploadForm(formdata=None))


def _new(form: AddForm, upload: UploadForm, status: int = 200) -> Response:
    shops = tenants.shops()
    return page(
        "feeds/office/new.html",
        status=status,
        form=offered(form, shops),
        upload=offered(upload, shops),
        most=MOST_MB,
    )


@bp.post("/new")
@requires("manage")
def create() -> Response:
    """Add a feed with an address; it is fetched in the background."""
    form = offered(AddForm(), tenants.shops())
    if form.validate_on_submit():
        try:
            feed = service.add(form.shop.data, _wish(form))
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.feeds.show", feed_id=feed.public_id)
    return _new(form, UploadForm(formdata=None), 422)


def _wish(form: SettingsForm, feed: CatalogFeed | None = None) -> service.Wish:
    by_address = "address" in form
    login = None
    if by_address and (feed is None or form.login.data or form.password.data):
        login = (form.login.data or "", form.password.data or "")
    return service.Wish(
        name=form.name.data or "",
        address=form.address.data if by_address else None,
        every=form.every.data if by_address else "never",
        at=form.moment,
        hides=form.hides.data,
        marks_sales=form.marks_sales.data,
        login=login,
    )


@bp.post("/upload")
@requires("manage")
def upload_new() -> Response:
    """Add a feed by upload, with its first file."""
    form = offered(UploadForm(), tenants.shops())
    sent: Any = form.file.data
    if form.validate_on_submit() and _has_file(form):
        try:
            wish = service.Wish(form.name.data or sent.filename or "", None, "never", _MORNING)
            feed, load = service.add_with(form.shop.data, wish, sent.stream, sent.filename or "")
        except Unreadable as error:
            form.complain("file", str(WHY[error.why]))
        except DomainError as error:
            form.tell(error)
        else:
            return _taken(feed, load)
    return _new(AddForm(formdata=None), form, 422)


def _has_file(form: UploadForm) -> bool:
    if form.file.data:
        return True
    form.complain("file", _("Choose a file."))
    return False


def _taken(feed: CatalogFeed, load: FeedLoad | None) -> Response:
    if load is not None and load.run_id is None:
        return see_other("office.feeds.columns", feed_id=feed.public_id, load_id=load.public_id)
    return see_other("office.feeds.show", feed_id=feed.public_id)


@bp.get("/<string:feed_id>")
@requires("read")
def show(feed_id: str) -> Response:
    """Show how a feed stands; while something is under way the page asks again by itself."""
    return _show(_found(feed_id), UploadForm(formdata=None).of_known())


def _show(feed: CatalogFeed, form: UploadForm, status: int = 200) -> Response:
    return page(
        "feeds/office/feed.html",
        "_feed.html",
        status=status,
        upload=form,
        most=MOST_MB,
        **told(feed),
    )


@bp.post("/<string:feed_id>/upload")
@requires("manage")
def upload(feed_id: str) -> Response:
    """Take a file of a feed."""
    feed, form = _found(feed_id), UploadForm().of_known()
    if form.validate_on_submit() and _has_file(form):
        sent: Any = form.file.data
        try:
            load = service.take(feed, sent.stream, sent.filename or "", at_once=False)
        except Unreadable as error:
            form.complain("file", str(WHY[error.why]))
        except DomainError as error:
            form.tell(error)
        else:
            return _taken(feed, load)
    return _show(feed, form, 422)


@bp.get("/<string:feed_id>/settings")
@requires("manage")
def settings(feed_id: str) -> Response:
    """Show what may be changed."""
    feed = _found(feed_id)
    said = {
        name: getattr(feed, name) for name in ("name", "address", "every", "hides", "marks_sales")
    }
    form = SettingsForm(formdata=None, data={**said, "at": f"{feed.at.hour:02}"})
    return _settings(feed, form if feed.address else form.by_upload())


def _settings(feed: CatalogFeed, form: SettingsForm, status: int = 200) -> Response:
    return page("feeds/office/settings.html", status=status, feed=feed, form=form)


@bp.post("/<string:feed_id>/settings")
@requires("manage")
def change(feed_id: str) -> Response:
    """Change a feed."""
    feed = _found(feed_id)
    form = SettingsForm() if feed.address else SettingsForm().by_upload()
    if form.validate_on_submit():
        try:
            service.change(feed, _wish(form, feed))
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.feeds.show", feed_id=feed_id, message=_("Saved."))
    return _settings(feed, form, 422)


@bp.post("/<string:feed_id>/fetch")
@requires("manage")
def fetch(feed_id: str) -> Response:
    """Have it fetched now."""
    service.fetch_now(_found(feed_id))
    return see_other("office.feeds.show", feed_id=feed_id, message=_("It is fetched in a moment."))


@bp.post("/<string:feed_id>/retire")
@requires("manage")
def retire(feed_id: str) -> Response:
    """Throw a feed away."""
    service.retire(_found(feed_id))
    return see_other("office.feeds.index", message=_("Thrown away. Its products stay as they are."))


@bp.get("/<string:feed_id>/<string:load_id>/columns")
@requires("manage")
def columns(feed_id: str, load_id: str) -> Response:
    """Ask what the columns mean, beside the first rows."""
    feed = _found(feed_id)
    load = _load(feed, load_id)
    if load.kind != "csv" or load.run_id is not None or load.ended_at is not None:
        return see_other("office.feeds.show", feed_id=feed_id)
    return _columns(feed, load, columns_form(load, guess(load.columns)))


def _columns(feed: CatalogFeed, load: FeedLoad, form: Any, status: int = 200) -> Response:
    return page(
        "feeds/office/columns.html",
        status=status,
        feed=feed,
        load=load,
        form=form,
        fields=FIELDS,
        heads=heads_of(load),
    )


@bp.post("/<string:feed_id>/<string:load_id>/columns")
@requires("manage")
def choose(feed_id: str, load_id: str) -> Response:
    """Keep what the columns mean, and look at what would come of the file."""
    feed = _found(feed_id)
    load = _load(feed, load_id)
    form = columns_form(load, {})
    if form.validate_on_submit():
        said = {name: form.data[name] for name in FIELDS if form.data[name] != NOWHERE}
        try:
            service.choose(feed, load, said)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.feeds.show", feed_id=feed_id)
    return _columns(feed, load, form, 422)


@bp.post("/<string:feed_id>/<string:load_id>/apply")
@requires("manage")
def apply(feed_id: str, load_id: str) -> Response:
    """Load what was looked at."""
    service.approve(_load(_found(feed_id), load_id))
    return see_other("office.feeds.show", feed_id=feed_id)


@bp.post("/<string:feed_id>/<string:load_id>/discard")
@requires("manage")
def discard(feed_id: str, load_id: str) -> Response:
    """Leave it aside."""
    service.discard(_load(_found(feed_id), load_id))
    return see_other("office.feeds.show", feed_id=feed_id, message=_("Left aside."))


@bp.post("/<string:feed_id>/<string:load_id>/stop")
@requires("manage")
def stop(feed_id: str, load_id: str) -> Response:
    """Stop after the part that is under way."""
    runs.act(_run(_load(_found(feed_id), load_id)), "stop")
    return see_other("office.feeds.show", feed_id=feed_id)


@bp.post("/<string:feed_id>/<string:load_id>/resume")
@requires("manage")
def resume(feed_id: str, load_id: str) -> Response:
    """Go on where it was."""
    runs.resume(_run(_load(_found(feed_id), load_id)), service.KINDS)
    return see_other("office.feeds.show", feed_id=feed_id)


@bp.get("/<string:feed_id>/<string:load_id>/problems")
@requires("read")
def problems(feed_id: str, load_id: str) -> Response:
    """List what was wrong with the rows."""
    feed = _found(feed_id)
    load = _load(feed, load_id)
    listed = PROBLEMS.load(queries.flaws_of(load))
    return page("feeds/office/problems.html", "_problems.html", feed=feed, load=load, listed=listed)


@bp.get("/<string:feed_id>/<string:load_id>/problems.csv")
@requires("read")
def report(feed_id: str, load_id: str) -> Response:
    """Give what was wrong as a file."""
    load = _load(_found(feed_id), load_id)
    head = [_("Line"), _("Id"), _("What is wrong"), _("What stands there")]
    return attachment("problems", load.name, "csv", [str(text) for text in head], _report(load))


def _report(load: FeedLoad) -> Iterator[list[Any]]:
    last = (0, 0)
    while part := queries.flaws_after(load, last):
        for flaw in part:
            words = str(FLAWS.get(flaw.code, flaw.code))
            yield [flaw.line, flaw.external_id, words, flaw.said]
        last = (part[-1].line, part[-1].id)


def _found(feed_id: str) -> CatalogFeed:
    feed = queries.find(feed_id)
    if feed is None:
        raise NotFound
    return feed


def _load(feed: CatalogFeed, load_id: str) -> FeedLoad:
    load = queries.load(feed, load_id)
    if load is None:
        raise NotFound
    return load


def _run(load: FeedLoad) -> Run:
    run = queries.run_of(load)
    if run is None:
        raise NotFound
    return run
