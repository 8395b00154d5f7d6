"""The cabinet: a partner asks the merchant from any page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app.errors import DomainError
from app.help import queries, service
from app.help.forms import SHORT, AskForm, LineForm
from app.help.office import facts
from app.help.rules import Kind, read_page
from app.site.access import requires
from app.site.attempts import count_help
from app.web.locale import select_locale
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("help", __name__, url_prefix="/help")


def asker() -> service.Asker:
    """Return the partner who asks."""
    return service.Asker(
        tenant_id=g.tenant.id,
        slug=g.tenant.slug,
        person_id=g.person.id,
        name=g.person.name,
        role="partner",
        locale=select_locale(),
        partner_id=g.partner_id,
    )


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Offer the form and list what was asked; `?page=` is where the reader came from."""
    came = read_page(request.args.get("page", ""))
    return _index(AskForm(formdata=None, data={"page": came, "kind": Kind.SUPPORT.value}))


@bp.post("/")
@requires("partner")
def ask() -> Response:
    count_help(f"partner:{g.partner_id}")
    form = AskForm()
    try:
        if form.validate_on_submit():
            made = service.ask(asker(), Kind(form.kind.data), form.text.data, form.page.data or "")
            words = _("Sent. You get a letter as soon as somebody answers.")
            return see_other("cabinet.help.show", question=made, message=words)
    except DomainError as error:
        form.tell(error)
        return _index(form, error.status)
    return _index(form, 422)


@bp.get("/<string:question>")
@requires("partner")
def show(question: str) -> Response:
    return _show(question, LineForm(formdata=None))


@bp.post("/<string:question>/say")
@requires("partner")
def say(question: str) -> Response:
    count_help(f"partner:{g.partner_id}")
    form = LineForm()
    if not form.validate_on_submit():
        return _show(question, form, 422)
    service.say(asker(), question, form.text.data)
    return see_other("cabinet.help.show", question=question, message=_("Sent."))


@bp.post("/<string:question>/close")
@requires("partner")
def close(question: str) -> Response:
    service.settle(asker(), question)
    return see_other("cabinet.help.index", message=_("Closed."))


def _index(form: AskForm, status: int = 200) -> Response:
    own = queries.own_requests(asker())
    return page("help/cabinet/index.html", status=status, form=form, requests=own, kinds=SHORT)


def _show(question: str, form: LineForm, status: int = 200) -> Response:
    found = service.find(question, asker())
    lines = queries.thread(found.id)
    service.mark_read(found, g.person.id)
    return page("help/cabinet/show.html", status=status, lines=lines, form=form, **facts(found))


def numbers() -> dict[str, int]:
    """Return how much waits behind entries of the menu, by their endpoints."""
    return {"cabinet.help.index": queries.unread(asker())}
