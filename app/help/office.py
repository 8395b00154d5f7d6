"""The back office: ask the platform from any page, and answer what partners ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import NotFound
from app.help import queries, service
from app.help.asking import Asking, facts
from app.help.forms import SHORT, LineForm
from app.help.models import Request
from app.help.rules import State
from app.partners.models import Partner
from app.partners.queries import actor_names, by_id
from app.site.access import may, requires
from app.web.locale import select_locale
from app.web.pages import page, see_other
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.help.forms import AskForm

bp = Blueprint("help", __name__, url_prefix="/help")

STATE_CHOICES = [(s.value, STATES[f"help_{s.value}"][0]) for s in State]
KIND_CHOICES = list(SHORT.items())

# fmt: off
QUESTIONS = Table(
    name="questions",
    caption=_l("Partners' questions"),
    key=Request.id,
    default="-moved_at",
    columns=(
        Column("partner", _l("Partner"), render="name", main=True, sort=Partner.name,
               href=lambda row: url_for("office.help.question", question=row.Request.public_id)),
        Column("kind", _l("About"), value=lambda row: SHORT[row.Request.kind]),
        Column("state", _l("State"), render="badge", value=lambda row: f"help_{row.Request.state}"),
        Column("moved_at", _l("Last word"), render="datetime", sort=Request.moved_at,
               value=lambda row: row.Request.moved_at),
        Column("page", _l("Page"), render="code", quiet=True, value=lambda row: row.Request.page),
    ),
    filters=(
        Filter("state", _l("State"), STATE_CHOICES, lambda s, v: s.where(Request.state == v)),
        Filter("kind", _l("About"), KIND_CHOICES, lambda s, v: s.where(Request.kind == v)),
    ),
    empty=Empty(
        _l("No partner has asked anything"),
        _l("Partners ask you from any page of their cabinet, by the question mark above."),
        "message-circle",
    ),
)
# fmt: on


def asker() -> service.Asker:
    """Return the staff member who asks."""
    return service.Asker(
        tenant_id=g.tenant.twin_of or g.tenant.id,
        slug=g.tenant.slug,
        person_id=g.person.id,
        name=g.person.name,
        role=g.membership.role,
        locale=select_locale(),
    )


ASKING = Asking("office", "asked", asker)


@bp.get("/")
@requires("member")
def index() -> Response:
    """List what was asked of the platform."""
    return page("help/office/index.html", requests=queries.own_requests(asker()), kinds=SHORT)


@bp.get("/ask")
@requires("member")
def new() -> Response:
    """Offer the form; `?page=` is where the reader came from."""
    return _new(ASKING.offered())


@bp.post("/ask")
@requires("member")
def ask() -> Response:
    return ASKING.ask(_new)


@bp.get("/<string:asked>")
@requires("member")
def show(asked: str) -> Response:
    return ASKING.show(asked)


@bp.post("/<string:asked>/say")
@requires("member")
def say(asked: str) -> Response:
    return ASKING.say(asked)


@bp.post("/<string:asked>/close")
@requires("member")
def close(asked: str) -> Response:
    return ASKING.close(asked)


@bp.get("/partners/")
@requires("answer")
def questions() -> Response:
    """List what partners asked."""
    return page(
        "help/office/questions.html",
        "_table.html",
        questions=QUESTIONS.load(queries.partners_requests()),
    )


@bp.get("/partners/<string:question>")
@requires("answer")
def question(question: str) -> Response:
    return _question(_asked(question), LineForm(formdata=None))


@bp.post("/partners/<string:question>/answer")
@requires("answer")
def answer(question: str) -> Response:
    found, form = _asked(question), LineForm()
    if not form.validate_on_submit():
        return _question(found, form, 422)
    service.answer(found, form.text.data)
    words = _("Sent. The partner gets a letter.")
    return see_other("office.help.question", question=question, message=words)


@bp.post("/partners/<string:question>/settle")
@requires("answer")
def settle(question: str) -> Response:
    service.close(_asked(question))
    undo = url_for("office.help.reopen", question=question)
    return see_other("office.help.questions", message=_("Closed."), undo=undo)


@bp.post("/partners/<string:question>/reopen")
@requires("answer")
def reopen(question: str) -> Response:
    service.reopen(_asked(question))
    return see_other("office.help.question", question=question, message=_("Open again."))


def _asked(question: str) -> Request:
    found = service.find(question)
    if found.partner_id is None:
        raise NotFound
    return found


def _new(form: AskForm, status: int = 200) -> Response:
    return page("help/office/new.html", status=status, form=form)


def _question(found: Request, form: LineForm, status: int = 200) -> Response:
    lines = queries.thread(found.id)
    return page(
        "help/office/question.html",
        status=status,
        lines=lines,
        names=actor_names(line.actor for line in lines if line.by_helper),
        partner=by_id(found.partner_id or 0),
        form=form,
        door="office",
        named={"question": found.public_id},
        **facts(found),
    )


def numbers() -> dict[str, int]:
    """Return how much waits behind entries of the menu, by their endpoints."""
    found = {"office.help.index": queries.unread(asker())}
    if may("answer"):
        found["office.help.questions"] = queries.waiting()
    return found
