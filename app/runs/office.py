"""The back office: long work is stopped, taken up again and thrown away; its pages are the kinds' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, url_for
from flask_babel import gettext as _

from app.errors import NotFound
from app.jobs.long_work import KINDS
from app.runs import queries, service
from app.site.access import requires
from app.web.pages import next_address, see_address

if TYPE_CHECKING:
    from flask import Response

    from app.runs.models import Run

bp = Blueprint("runs", __name__, url_prefix="/work")


def _found(run_id: str) -> Run:
    found = queries.find(run_id)
    if found is None:
        raise NotFound
    return found


def _back(message: str) -> Response:
    return see_address(next_address(url_for("office.reruns.index")), message=message)


@bp.post("/<string:run_id>/stop")
@requires("settings")
def stop(run_id: str) -> Response:
    """Stop it after the batch that is under way."""
    service.act(_found(run_id), "stop")
    return _back(_("Stopped. What was done stays done."))


@bp.post("/<string:run_id>/resume")
@requires("settings")
def resume(run_id: str) -> Response:
    """Go on where it was."""
    service.resume(_found(run_id), KINDS)
    return _back(_("It goes on where it was."))


@bp.post("/<string:run_id>/discard")
@requires("settings")
def discard(run_id: str) -> Response:
    """Forget a look that was not applied."""
    service.discard(_found(run_id), KINDS)
    return _back(_("Forgotten. Nothing was changed."))
