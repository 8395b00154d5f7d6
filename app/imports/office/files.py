"""Files: taken in, their columns chosen, looked at row by row, carried out and taken back in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _

from app.errors import DomainError, Forbidden, NotFound
from app.imports import queries, service
from app.imports.forms import (
    FIELDS,
    KEPT,
    KIND_WORDS,
    MONEY,
    NOWHERE,
    SOURCES,
    UNREADABLE,
    VERDICTS,
    InviteForm,
    UploadForm,
    columns_form,
    heads_of,
    why,
)
from app.imports.office.tables import FILES, ROWS
from app.imports.rules import GUESSED, KINDS, LARGEST, Unreadable
from app.invitations.forms import TEXTS
from app.invitations.service import PLACES
from app.payouts.queries import methods
from app.runs import queries as runs
from app.runs.rules import LIFECYCLE, OPEN, can_resume, percent_done
from app.site.access import may, requires
from app.site.lists import name_of
from app.tenants import queries as tenants
from app.tenants.queries import setting
from app.web.files import attachment
from app.web.pages import page, see_other
from app.web.texts import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response

    from app.imports.models import ImportFile
    from app.runs.models import Run

bp = Blueprint("imports", __name__, url_prefix="/moving")
TOGETHER = 5_000
OPTIONS = ("decimal", "days", "shop", "method", "ids_in_links", "parameters")


@bp.url_value_preprocessor
def larger(endpoint: str | None, _values: object) -> None:
    """Let a file be larger than other forms, before anything of it is read."""
    if (endpoint or "").endswith("imports.take"):
        request.max_content_length = LARGEST + 2**20


def _kinds() -> list[str]:
    return [kind for kind in KINDS if kind not in MONEY or may("money")]


@bp.get("/")
@requires("settings")
def index() -> Response:
    """Offer the form, and list what was taken in."""
    return _index(UploadForm(formdata=None).offer(_kinds()))


def _index(form: UploadForm, status: int = 200) -> Response:
    return page(
        "imports/office/index.html",
        "_files.html",
        status=status,
        form=form,
        listed=FILES.load(queries.listed()),
    )


@bp.post("/")
@requires("settings")
def take() -> Response:
    """Take a file in; its columns are asked for next."""
    form = UploadForm().offer(_kinds())
    if not form.validate_on_submit():
        return _index(form, 422)
    sent: Any = form.file.data
    if not sent:
        form.complain("file", _("Choose a file."))
        return _index(form, 422)
    try:
        file = service.take(sent.stream, sent.filename or "", form.source.data, form.kind.data)
    except Unreadable as error:
        form.complain("file", str(UNREADABLE[error.why]))
        return _index(form, 422)
    later = queries.unread(file) is not None
    return see_other(f"office.imports.{'show' if later else 'columns'}", file_id=file.public_id)


@bp.get("/<string:file_id>/columns")
@requires("settings")
def columns(file_id: str) -> Response:
    """Ask what the columns mean, beside the first rows."""
    file = _found(file_id)
    if queries.unread(file) is not None:
        return see_other("office.imports.show", file_id=file_id)
    return _columns(file, _form(file))


def _form(file: ImportFile) -> Any:
    shops = [(shop.public_id, name_of(shop)) for shop in tenants.shops()]
    ways = [(method.code, method.name) for method in methods()]
    return columns_form(file, setting("parameters"), shops, ways)


def _columns(file: ImportFile, form: Any, status: int = 200) -> Response:
    return page(
        "imports/office/columns.html",
        status=status,
        file=file,
        form=form,
        fields=[f.name for f in KINDS[file.kind].fields],
        heads=heads_of(file),
        samples=queries.samples(file),
        source=SOURCES[file.source],
        guessed=file.source in GUESSED,
        kind=KIND_WORDS[file.kind],
    )


@bp.post("/<string:file_id>/columns")
@requires("settings")
def choose(file_id: str) -> Response:
    """Keep what the columns mean, and begin to look at what would come of the rows."""
    file = _found(file_id)
    _may(file)
    form = _form(file)
    if not form.validate_on_submit():
        return _columns(file, form, 422)
    said = form.data
    mapping = {f.name: said[f.name] for f in KINDS[file.kind].fields if said[f.name] != NOWHERE}
    try:
        service.choose(file, mapping, {name: said[name] for name in OPTIONS if name in said})
        service.look(file)
    except DomainError as error:
        form.tell(error)
        return _columns(file, form, error.status)
    return see_other("office.imports.show", file_id=file_id)


@bp.get("/<string:file_id>")
@requires("settings")
def show(file_id: str) -> Response:
    """Show how far it is and what becomes of the rows; while it runs the page asks again by itself."""
    file = _found(file_id)
    run = queries.run_of(file)
    if run is not None:
        return page("imports/office/file.html", "_file.html", **_told(file, run))
    reading = queries.reading_of(file)
    if reading is None:
        return see_other("office.imports.columns", file_id=file_id)
    return page("imports/office/reading.html", "_reading.html", **_read(file, reading))


def _read(file: ImportFile, run: Run) -> dict[str, Any]:
    """Return how far a large file is read, and why it could not be, if so."""
    why_not = queries.unread(file)
    return {
        "file": file,
        "run": run,
        "kind": KIND_WORDS[file.kind],
        "open": run.standing in OPEN,
        "percent": percent_done(run.done, run.total),
        "can_resume": can_resume(run.standing, run.phase),
        "unreadable": UNREADABLE.get(why_not or ""),
        "ready": why_not is None,
        "poll": url_for("office.imports.show", file_id=file.public_id),
    }


def _told(file: ImportFile, run: Run) -> dict[str, Any]:
    is_open = run.standing in OPEN
    done = run.applied if run.phase == "apply" else run.sums
    return {
        "file": file,
        "run": run,
        "source": SOURCES[file.source],
        "kind": KIND_WORDS[file.kind],
        "open": is_open,
        "percent": percent_done(run.done, run.total),
        "can_resume": can_resume(run.standing, run.phase),
        "can_apply": run.state == "previewed" and LIFECYCLE.allows(run.standing, "apply"),
        "may": file.kind not in MONEY or may("money"),
        "rows": done.get("rows", {}),
        "noted": done.get("noted", 0),
        "verdicts": VERDICTS,
        "problems": runs.problems(run.id),
        **_undoing(file, run),
        "poll": url_for("office.imports.show", file_id=file.public_id),
    }


def _undoing(file: ImportFile, run: Run) -> dict[str, Any]:
    """Return what is taken back of a file, and whether that may be begun."""
    undo = queries.undo_of(file)
    busy = undo is not None and undo.standing in OPEN
    return {
        "undo": undo,
        "undo_open": busy,
        "undo_percent": percent_done(undo.done, undo.total) if undo else 0,
        "undo_can_resume": undo is not None and can_resume(undo.standing, undo.phase),
        "kept": queries.kept(undo) if undo else [],
        "kept_words": KEPT,
        "can_undo": file.kind in service.UNDONE
        and run.phase == "apply"
        and run.standing not in OPEN
        and not busy
        and bool(queries.given_by(file.id).count),
    }


@bp.get("/<string:file_id>/rows")
@requires("settings")
def rows(file_id: str) -> Response:
    """List the rows, and what becomes of each."""
    file = _found(file_id)
    listed = ROWS.load(queries.rows_of(file))
    return page("imports/office/rows.html", "_rows.html", file=file, listed=listed)


@bp.get("/<string:file_id>/report.<any(csv, xlsx):kind>")
@requires("settings")
def report(file_id: str, kind: str) -> Response:
    """Give the report line by line as a file."""
    file = _found(file_id)
    head = [_("Line"), _("Number in the old system"), _("What becomes of it"), _("Why")]
    head = [str(text) for text in (*head, *(() if KINDS[file.kind].sealed else heads_of(file)))]
    return attachment("report", file.name, kind, head, _report(file))


def _report(file: ImportFile) -> Iterator[list[Any]]:
    last = 0
    while part := queries.rows_after(file, last, TOGETHER):
        for row in part:
            words = "; ".join(f"{FIELDS[f['field']]}: {why(f)}" for f in row.flaws)
            cells = [] if KINDS[file.kind].sealed else row.cells
            verdict = str(VERDICTS.get(row.verdict or "", ""))
            yield [row.number, row.old_id, verdict, words, *cells]
        last = part[-1].number


@bp.post("/<string:file_id>/apply")
@requires("settings")
def apply(file_id: str) -> Response:
    """Do what was looked at, in the background."""
    file = _found(file_id)
    _may(file)
    run = queries.run_of(file)
    if run is None:
        raise NotFound
    names = [n.strip() for n in str(file.options.get("parameters") or "").split(",") if n.strip()]
    service.know_parameters(names)
    service.apply(run)
    return see_other("office.imports.show", file_id=file_id)


@bp.post("/<string:file_id>/undo")
@requires("settings")
def undo(file_id: str) -> Response:
    """Take back what a file gave, where nothing came after it."""
    file = _found(file_id)
    _may(file)
    service.undo(file)
    return see_other("office.imports.show", file_id=file_id)


@bp.get("/invite")
@requires("settings")
def invite() -> Response:
    """Offer the letter to those who were brought along; show how far the last one is."""
    return _invite(InviteForm(formdata=None, data=as_typed(TEXTS)))


def _invite(form: InviteForm, status: int = 200) -> Response:
    run = queries.invitation_run()
    return page(
        "imports/office/invite.html",
        "_invited.html",
        status=status,
        form=form,
        places=PLACES,
        waiting=queries.uninvited().count,
        run=run,
        open=run is not None and run.standing in OPEN,
        percent=percent_done(run.done, run.total) if run else 0,
        can_resume=run is not None and can_resume(run.standing, run.phase),
        poll=url_for("office.imports.invite"),
    )


@bp.post("/invite")
@requires("settings")
def invite_all() -> Response:
    """Invite all who were brought along and have no account."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _invite(form, 422)
    try:
        service.invite_all(form.texts or TEXTS, form.pace.data)
    except DomainError as error:
        form.tell(error)
        return _invite(form, error.status)
    return see_other("office.imports.invite")


@bp.post("/<string:file_id>/drop")
@requires("settings")
def drop(file_id: str) -> Response:
    """Throw the file away; what came of it stays."""
    service.drop(_found(file_id))
    return see_other("office.imports.index", message=_("Thrown away. What came of it stays."))


@bp.get("/control")
@requires("settings")
def control() -> Response:
    """Show sums there and here, to be printed and signed."""
    return page(
        "imports/office/control.html",
        sheets=queries.control(),
        sources=SOURCES,
        kinds=KIND_WORDS,
        currency=g.tenant.currency,
    )


def _found(file_id: str) -> ImportFile:
    file = queries.find(file_id)
    if file is None:
        raise NotFound
    return file


def _may(file: ImportFile) -> None:
    """Files that move money are for those who may move it."""
    if file.kind in MONEY and not may("money"):
        raise Forbidden("forbidden", _("Your role does not allow this."))
