"""The back office: one act on the partners that are ticked, or on all that the filter shows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import request, url_for
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from app.errors import DomainError, NotFound
from app.partners.office.lists import bp, chosen
from app.partners.service import bulk
from app.runs import queries as runs
from app.runs.rules import OPEN, can_resume, percent_done
from app.site.access import allowed, requires
from app.web.pages import page, see_address, see_other, toast

if TYPE_CHECKING:
    from flask import Response

    from app.runs.models import Run


BY_HAND, LETTER, AT_ONCE = "by_hand", "letter", 500
DIGITS = 19  # of a number that no column holds


@bp.post("/bulk")
@requires("manage")
def many() -> Response:
    """Do it, with the number that it was done to and a way back."""
    said, query = request.form.get("act", ""), request.form.get("query", "")[:2_000]
    back = f"{url_for('office.partners.index')}?{query}"
    if said == BY_HAND and allowed("office.adjustments.new"):
        return see_address(_by_hand(query))
    if said == LETTER and allowed("office.mailings.new"):
        return see_address(_letter(query))
    if said not in set(bulk.Act):
        return see_address(back)
    act = bulk.Act(said)
    value = request.form.get(act.value, "")
    try:
        run = bulk.start(act, _chosen(value), _ids(query))
    except DomainError as error:
        toast(error.message, "danger")
        return see_address(back)
    if run.standing in OPEN:
        return see_other("office.partners.bulk_run", run_id=run.public_id)
    undo = None
    if bulk.can_undo(run):
        undo = url_for("office.partners.undo_bulk", run_id=run.public_id, next=back)
    return see_address(back, message=_words(run), undo=undo)


@bp.get("/bulk/<string:run_id>")
@requires("manage")
def bulk_run(run_id: str) -> Response:
    """Show how far an act on many is."""
    run = _run(run_id)
    return page(
        "partners/office/bulk.html",
        "_bulk_run.html",
        run=run,
        open=run.standing in OPEN,
        can_resume=can_resume(run.standing, run.phase),
        percent=percent_done(run.done, run.total),
        words=_words(run),
        can_undo=bulk.can_undo(run),
    )


@bp.post("/bulk/<string:run_id>/undo")
@requires("manage")
def undo_bulk(run_id: str) -> Response:
    """Take it back where nothing was changed since."""
    made = bulk.undo(_run(run_id))
    if made.standing in OPEN:
        return see_other("office.partners.bulk_run", run_id=made.public_id)
    return see_other("office.partners.index", message=_words(made))


def _by_hand(query: str) -> str:
    """Return the address of money by hand for those who are meant."""
    if request.form.get("scope") == "all":
        return f"{url_for('office.adjustments.new')}?all=1&{query}"
    codes = request.form.getlist("partner")[:AT_ONCE]
    return url_for("office.adjustments.new", partner=codes)


def _letter(query: str) -> str:
    """Return the address of a letter to those who are meant."""
    if request.form.get("scope") == "all":
        return url_for("office.mailings.new", listed=query)
    codes = request.form.getlist("partner")[:AT_ONCE]
    return url_for("office.mailings.new", to=", ".join(codes))


def _chosen(value: str) -> int | None:
    """Return the group or the terms that were chosen; 0 and nothing are none, -1 nobody's."""
    if value in {"", "0"}:
        return None
    return int(value) if value.isascii() and value.isdecimal() and len(value) < DIGITS else -1


def _ids(query: str) -> list[int]:
    if request.form.get("scope") == "all":
        return bulk.ids_of(chosen(MultiDict(parse_qsl(query))))
    return bulk.named(request.form.getlist("partner")[: bulk.MOST])


def _run(run_id: str) -> Run:
    run = runs.find(run_id)
    if run is None or run.kind not in bulk.KINDS:
        raise NotFound
    return run


def _words(run: Run) -> str:
    number = run.applied.get("changed", 0)
    words: str = ngettext("Done for %(num)s partner.", "Done for %(num)s partners.", number)
    if run.kind == bulk.UNDO:
        words = ngettext(
            "Taken back for %(num)s partner.", "Taken back for %(num)s partners.", number
        )
    return words
