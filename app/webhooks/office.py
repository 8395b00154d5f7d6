"""The back office: servers that are told what happened, the log of each, and what is told once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext

from app.errors import DomainError, NotFound
from app.extensions import kick_after_commit
from app.site.access import requires
from app.site.people import freshly
from app.web.happenings import HAPPENINGS
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table
from app.webhooks import queries, service
from app.webhooks.forms import ALL, CHOSEN, AgainForm, EndpointForm, EventsForm
from app.webhooks.models import WebhookDelivery
from app.webhooks.rules import OFFERED, TRIED

if TYPE_CHECKING:
    from flask import Response

    from app.web.forms import Form
    from app.webhooks.models import Endpoint

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
JOB = "send_webhooks"
DIGITS = 18
_NAMED = [(kind, HAPPENINGS[kind]) for kinds in OFFERED.values() for kind in kinds]
MESSAGES = Table(
    name="messages",
    caption=_l("Messages"),
    key=WebhookDelivery.id,
    default="-made",
    columns=(
        Column("type", _l("Event"), main=True, value=lambda row: HAPPENINGS[row.type],
               href=lambda row: _address(row.WebhookDelivery)),
        Column("made", _l("When"), render="datetime", sort=WebhookDelivery.id,
               value=lambda row: row.at),
        Column("state", _l("Message"), render="badge", value=lambda row: badge_of(row.WebhookDelivery)),
        Column("answer", _l("Answer"), value=lambda row: answer_of(row.WebhookDelivery)),
        Column("attempts", _l("Tries"), render="number", end=True, quiet=True,
               value=lambda row: row.WebhookDelivery.attempts),
        Column("ms", _l("Took, ms"), render="number", end=True, quiet=True,
               value=lambda row: row.WebhookDelivery.ms),
    ),
    filters=(
        Filter(
            "state", _l("Message"),
            [("sent", lazy_pgettext("webhook", "Taken")),
             ("due", lazy_pgettext("webhook", "Waiting")), ("dead", _l("Given up"))],
            lambda s, v: s.where(
                WebhookDelivery.state.in_(queries.WAITING if v == "due" else (v,))
            ),
        ),
        Filter("type", _l("Event"), [*_NAMED, (TRIED, HAPPENINGS[TRIED])],
               lambda s, v: s.where(queries.of_type(v))),
    ),
    empty=Empty(
        _l("Nothing was told yet"),
        _l("Send a trial message, or wait for the next event."),
        icon="webhook",
    ),
)  # fmt: skip


@bp.get("/")
@requires("keys")
def index() -> Response:
    """List endpoints, with the form of a new one."""
    return _index(EndpointForm())


@bp.post("/")
@requires("keys")
@freshly
def create() -> Response:
    """Set up an endpoint, and tell its secret in this answer alone."""
    form = EndpointForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        made, secret = service.create(form.url.data, form.types, form.note.data or "")
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, error.status)
    return page("webhooks/office/secret.html", endpoint=made, secret=secret)


@bp.get("/<string:webhook_id>/")
@requires("keys")
def show(webhook_id: str) -> Response:
    """Show one endpoint: its state, its events, its log."""
    return _show(service.get(webhook_id))


@bp.post("/<string:webhook_id>/")
@requires("keys")
def change(webhook_id: str) -> Response:
    """Let an endpoint be told of other events."""
    endpoint, form = service.get(webhook_id), EventsForm()
    if not form.validate_on_submit():
        return _show(endpoint, form=form, status=422)
    service.change(endpoint, form.types, form.note.data or "")
    return _shown(endpoint, _("Saved. It holds for events from now on."))


@bp.post("/<string:webhook_id>/rotate")
@requires("keys")
@freshly
def rotate(webhook_id: str) -> Response:
    """Give an endpoint a new secret, and tell it in this answer alone."""
    endpoint = service.get(webhook_id)
    return page("webhooks/office/secret.html", endpoint=endpoint, secret=service.rotate(endpoint))


@bp.post("/<string:webhook_id>/try")
@requires("keys")
def try_out(webhook_id: str) -> Response:
    """Send a message that tells nothing but that it works."""
    endpoint = service.get(webhook_id)
    service.try_out(endpoint)
    return _shown(endpoint, _("A trial message is on its way: see it below in a moment."))


@bp.post("/<string:webhook_id>/stop")
@requires("keys")
def stop(webhook_id: str) -> Response:
    endpoint = service.get(webhook_id)
    service.stop(endpoint)
    return _shown(endpoint, _("Stopped."))


@bp.post("/<string:webhook_id>/start")
@requires("keys")
def start(webhook_id: str) -> Response:
    endpoint = service.get(webhook_id)
    service.start(endpoint)
    kick_after_commit(JOB)
    return _shown(endpoint, _("It is told again what happens from now on."))


@bp.post("/<string:webhook_id>/remove")
@requires("keys")
def remove(webhook_id: str) -> Response:
    service.remove(service.get(webhook_id))
    undo = url_for("office.webhooks.restore", webhook_id=webhook_id)
    return see_other("office.webhooks.index", message=_("The webhook is removed."), undo=undo)


@bp.post("/<string:webhook_id>/restore")
@requires("keys")
def restore(webhook_id: str) -> Response:
    endpoint = service.removed(webhook_id)
    service.remove(endpoint, back=True)
    return _shown(endpoint, None)


@bp.post("/<string:webhook_id>/again")
@requires("keys")
def tell_again(webhook_id: str) -> Response:
    """Let what happened since a day be told once more."""
    endpoint, form = service.get(webhook_id), AgainForm()
    if not form.validate_on_submit() or form.since.starts_at is None:
        return _show(endpoint, again=form, status=422)
    try:
        count = service.tell_again(
            endpoint, form.since.starts_at, failed_only=form.which.data == "missed"
        )
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _show(endpoint, again=form, status=error.status)
    kick_after_commit(JOB)
    return _shown(
        endpoint,
        ngettext(
            "%(num)s message is sent once more.", "%(num)s messages are sent once more.", count
        ),
    )


@bp.get("/<string:webhook_id>/messages/<string:message>/")
@requires("keys")
def message(webhook_id: str, message: str) -> Response:
    """Show one message as it is sent, and how that ended."""
    endpoint = service.get(webhook_id)
    found = queries.delivery(endpoint.id, _number(message))
    if found is None:
        raise NotFound
    delivery, event = found
    body = json.dumps(queries.told([event])[0], ensure_ascii=False, indent=2)
    return page(
        "webhooks/office/message.html",
        endpoint=endpoint,
        delivery=delivery,
        event=event,
        title=HAPPENINGS[event.type],
        badge_of=badge_of,
        answer_of=answer_of,
        body=body,
    )


@bp.post("/<string:webhook_id>/messages/<string:message>/again")
@requires("keys")
def again(webhook_id: str, message: str) -> Response:
    endpoint = service.get(webhook_id)
    service.again(endpoint, _number(message))
    kick_after_commit(JOB)
    return _shown(endpoint, _("It is sent once more."))


def badge_of(delivery: WebhookDelivery) -> str:
    """Return how a message's state is shown."""
    return "queued" if delivery.state in queries.WAITING else delivery.state


def answer_of(delivery: WebhookDelivery) -> str:
    """Return what a receiver said, in a word; never more of it."""
    if delivery.status is not None:
        return str(delivery.status)
    return _("No answer") if delivery.problem else ""


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise NotFound
    return int(text)


def _address(delivery: WebhookDelivery) -> str:
    return url_for("office.webhooks.message", webhook_id=_of_page(), message=delivery.id)


def _of_page() -> Any:
    return (request.view_args or {})["webhook_id"]


def _index(form: Form, status: int = 200) -> Response:
    endpoints = queries.endpoints()
    return page(
        "webhooks/office/index.html",
        None,
        status,
        form=form,
        endpoints=endpoints,
        counts=queries.counts(each.id for each in endpoints),
    )


def _show(
    endpoint: Endpoint,
    *,
    form: EventsForm | None = None,
    again: AgainForm | None = None,
    status: int = 200,
) -> Response:
    own = {group: [k for k in kinds if k in endpoint.types] for group, kinds in OFFERED.items()}
    what = CHOSEN if endpoint.types else ALL
    return page(
        "webhooks/office/show.html",
        "_messages.html",
        status,
        endpoint=endpoint,
        form=form or EventsForm(note=endpoint.note, what=what, **own),
        again=again or AgainForm(),
        messages=MESSAGES.load(queries.deliveries(endpoint.id)),
        counts=queries.counts([endpoint.id]).get(endpoint.id, {}),
    )


def _shown(endpoint: Endpoint, words: str | None) -> Response:
    return see_other("office.webhooks.show", webhook_id=endpoint.public_id, message=words)
