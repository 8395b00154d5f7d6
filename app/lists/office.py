"""The back office: views of lists, kept and forgotten; exports, at once or in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.errors import DomainError, Forbidden, NotFound
from app.lists import queries, service
from app.lists.rules import AT_ONCE, FORMATS, kept_query
from app.runs import queries as runs
from app.runs import service as runs_service
from app.runs.rules import OPEN, State, can_resume, percent_done
from app.site.access import may, requires
from app.web.exports import head_of, number_of, rows_of
from app.web.files import attachment
from app.web.lists import LISTINGS
from app.web.pages import page, see_address, see_other, toast

if TYPE_CHECKING:
    from app.runs.models import Run
    from app.web.lists import Listing
    from app.web.tables import Table

bp = Blueprint("lists", __name__, url_prefix="/lists")


def _listing() -> Listing:
    found = LISTINGS.get(request.form.get("list", ""))
    if found is None:
        raise NotFound
    if not may(found.needs):
        raise Forbidden("forbidden", "")
    return found


def _query(table: Table) -> str:
    names = {f.key for f in table.filters} | {n for r in table.ranges for n in r.names}
    return kept_query(request.form.get("query", ""), names | {"q", "sort", "size", "cols"})


@bp.post("/views")
@requires("member")
def keep() -> Response:
    """Keep what the address shows under a name."""
    listing = _listing()
    query = _query(listing.table())
    shared = bool(request.form.get("shared")) and may("manage")
    person = None if shared else g.person.id
    try:
        service.keep(listing.name, request.form.get("name", ""), query, person)
    except DomainError as error:
        toast(error.message, "danger")
        return see_address(f"{url_for(listing.endpoint)}?{query}")
    return see_address(f"{url_for(listing.endpoint)}?{query}", message=_("The view is kept."))


@bp.post("/views/<int:view_id>/delete")
@requires("member")
def forget(view_id: int) -> Response:
    """Delete a view; everybody's only by whoever manages."""
    found = queries.view(view_id, g.person.id)
    if found is None or found.list not in LISTINGS:
        raise NotFound
    if not may(LISTINGS[found.list].needs) or (found.person_id is None and not may("manage")):
        raise Forbidden("forbidden", "")
    endpoint = LISTINGS[found.list].endpoint
    service.forget(found)
    return see_other(endpoint, message=_("The view is deleted."))


@bp.post("/export")
@requires("member")
def export() -> Response:
    """Answer with the file, or begin the work that makes it."""
    listing = _listing()
    table, kind = listing.table(), request.form.get("format", "csv")
    if kind not in FORMATS:
        raise NotFound
    query = _query(table)
    number = number_of(listing, query)
    service.told(listing.name, number, kind)
    if number <= AT_ONCE:
        rows = list(rows_of(listing, query, AT_ONCE))
        return attachment(listing.name, str(table.caption), kind, head_of(listing, query), rows)
    said = {
        "list": listing.name,
        "query": query,
        "format": kind,
        "caption": str(table.caption),
        "head": head_of(listing, query),
        "locale": str(get_locale()),
        "permissions": sorted(g.permissions),
    }
    run = runs_service.start(queries.EXPORT, said, "apply", lane=f"export:{g.person.id}")
    return see_other("office.lists.show", run_id=run.public_id)


@bp.get("/exports/")
@requires("member")
def exports() -> Response:
    """List the newest exports."""
    mine = [run for run in queries.exports() if _open_to_me(run)]
    return page("lists/office/exports.html", runs=mine)


@bp.get("/exports/<string:run_id>")
@requires("member")
def show(run_id: str) -> Response:
    """Show how far an export is; whoever may not see the list is shown those that are."""
    run = _run(run_id)
    if not _open_to_me(run):
        return see_other("office.lists.exports")
    return page(
        "lists/office/show.html",
        "_run.html",
        run=run,
        open=run.standing in OPEN,
        can_resume=can_resume(run.standing, run.phase),
        percent=percent_done(run.done, run.total),
        kept=run.standing is State.DONE and queries.has_rows(run.id),
        back=url_for(LISTINGS[run.parameters["list"]].endpoint),
    )


@bp.get("/exports/<string:run_id>/file")
@requires("member")
def file(run_id: str) -> Response:
    """Answer with the file, once it is whole; whoever may see less than it holds gets none."""
    run, said = _run(run_id), _run(run_id).parameters
    held_back = not _open_to_me(run) or run.standing is not State.DONE
    if held_back or not set(said["permissions"]) <= set(g.permissions):
        return see_other("office.lists.show", run_id=run_id)
    rows = queries.rows_of(run.id)
    return attachment(said["list"], said["caption"], said["format"], said["head"], rows)


def _run(run_id: str) -> Run:
    run = runs.find(run_id)
    if run is None or run.kind != queries.EXPORT:
        raise NotFound
    return run


def _open_to_me(run: Run) -> bool:
    listing = LISTINGS.get(run.parameters["list"])
    return listing is not None and may(listing.needs)
