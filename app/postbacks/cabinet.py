"""The cabinet: the partner's own postbacks, their log, and a call made once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, NotFound
from app.extensions import kick_after_commit
from app.partners import queries as partners
from app.postbacks import queries, rules, service
from app.postbacks.forms import PostbackForm
from app.postbacks.models import Delivery
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("postbacks", __name__, url_prefix="/postbacks")

DIGITS = 18
CALLS = Table(
    name="calls",
    caption=_l("Calls"),
    key=Delivery.id,
    default="-made",
    columns=(
        Column("deal", _l("Deal"), main=True, render="code"),
        Column("said", _l("Told"), render="told", value=lambda row: row.Delivery.said),
        Column("state", _l("Call"), render="badge", value=lambda row: _badge(row.Delivery)),
        Column("answer", _l("Answer"), value=lambda row: _answer(row.Delivery)),
        Column(
            "attempts", _l("Tries"), render="number", end=True, quiet=True,
            value=lambda row: row.Delivery.attempts,
        ),
        Column(
            "made", _l("When"), render="datetime", sort=Delivery.id,
            value=lambda row: row.Delivery.sent_at or row.Delivery.created_at,
        ),
        Column("url", _l("Address"), render="address", value=lambda row: row.Delivery.url),
        Column("again", _l("Acts"), render="again", value=lambda row: row.Delivery),
    ),
    filters=(
        Filter(
            "state", _l("Call"),
            [("sent", _l("Taken")), ("due", _l("Waiting")), ("dead", _l("Given up"))],
            lambda s, v: s.where(
                Delivery.state.in_(queries.WAITING if v == "due" else (v,))
            ),
        ),
    ),
    empty=Empty(
        _l("No calls yet"),
        _l("The first comes with your next sale."),
        icon="webhook",
    ),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    return _index(PostbackForm())


@bp.post("/")
@requires("partner")
def create() -> Response:
    form = PostbackForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    partner = partners.by_id(g.partner_id) or abort(404)
    try:
        made = service.create(partner, form.url.data, form.method.data, form.states.data or [])
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, error.status)
    return see_other(
        "cabinet.postbacks.show", public_id=made.public_id, message=_("The postback is set up.")
    )


@bp.get("/<string:public_id>/")
@requires("partner")
def show(public_id: str) -> Response:
    """Show one postback and every call of it."""
    postback = service.get(public_id, g.partner_id)
    view = CALLS.load(queries.calls(postback.id))
    return page("postbacks/cabinet/show.html", "_calls.html", postback=postback, calls=view)


@bp.post("/<string:public_id>/calls/<string:call>/again")
@requires("partner")
def again(public_id: str, call: str) -> Response:
    postback = service.get(public_id, g.partner_id)
    if not (call.isascii() and call.isdecimal() and len(call) <= DIGITS):
        raise NotFound
    service.again(postback, int(call))
    kick_after_commit("send_postbacks")
    return see_other(
        "cabinet.postbacks.show", public_id=public_id, message=_("It is called once more.")
    )


@bp.post("/<string:public_id>/stop")
@requires("partner")
def stop(public_id: str) -> Response:
    service.stop(service.get(public_id, g.partner_id))
    return see_other("cabinet.postbacks.show", public_id=public_id, message=_("Stopped."))


@bp.post("/<string:public_id>/start")
@requires("partner")
def start(public_id: str) -> Response:
    service.stop(service.get(public_id, g.partner_id), back=True)
    return see_other(
        "cabinet.postbacks.show", public_id=public_id, message=_("It is called again.")
    )


@bp.post("/<string:public_id>/remove")
@requires("partner")
def remove(public_id: str) -> Response:
    service.remove(service.get(public_id, g.partner_id))
    undo = url_for("cabinet.postbacks.restore", public_id=public_id)
    return see_other("cabinet.postbacks.index", message=_("The postback is removed."), undo=undo)


@bp.post("/<string:public_id>/restore")
@requires("partner")
def restore(public_id: str) -> Response:
    service.remove(service.removed(public_id, g.partner_id), back=True)
    return see_other("cabinet.postbacks.show", public_id=public_id)


def _index(form: PostbackForm, status: int = 200) -> Response:
    return page(
        "postbacks/cabinet/index.html",
        None,
        status,
        form=form,
        postbacks=queries.of_partner(g.partner_id),
        macros=rules.MACROS,
    )


def _badge(delivery: Delivery) -> str:
    return "queued" if delivery.state in queries.WAITING else delivery.state


def _answer(delivery: Delivery) -> str:
    if delivery.status is not None:
        return str(delivery.status)
    return _("No answer") if delivery.problem else ""
