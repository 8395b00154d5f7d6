"""The back office: ask the platform from any page, and answer what partners ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, NotFound
from app.help import queries, service
from app.help.forms import KINDS, SHORT, AskForm, LineForm
from app.help.models import Request
from app.help.rules import LIFECYCLE, Kind, State, read_page
from app.partners.models import Partner
from app.partners.queries import actor_names, by_id
from app.site.access import requires
from app.site.attempts import count_help
from app.web.locale import select_locale
from app.web.pages import page, see_other
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

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


@dataclass(frozen=True)
class Asking:
    """What who asks can do at a door of his: its name, what a question is called there, and who asks now."""

    door: str
    argument: str
    asker: Callable[[], service.Asker]

    def offered(self) -> AskForm:
        """Return an empty form; `?page=` is where the reader came from."""
        came = read_page(request.args.get("page", ""))
        return AskForm(formdata=None, data={"page": came, "kind": Kind.SUPPORT.value})

    def ask(self, again: Callable[[AskForm, int], Response]) -> Response:
        """Open a question, or show the form again with what is wrong in it."""
        me, form = self._counted(), AskForm()
        try:
            if form.validate_on_submit():
                made = service.ask(me, Kind(form.kind.data), form.text.data, form.page.data or "")
                return self._to(made, _("Sent. You get a letter as soon as somebody answers."))
        except DomainError as error:
            form.tell(error)
            return again(form, error.status)
        return again(form, 422)

    def show(self, question: str, form: LineForm | None = None, status: int = 200) -> Response:
        """Show one's own question, and note that its answer was read."""
        me = self.asker()
        with service.desk_of(me):
            found = service.find(question, me)
            lines = queries.thread(found.id)
            service.mark_read(found, me.person_id)
            shown = facts(found)
        return page(
            f"help/{self.door}/show.html",
            status=status,
            lines=lines,
            form=form or LineForm(formdata=None),
            door=self.door,
            named={self.argument: question},
            **shown,
        )

    def say(self, question: str) -> Response:
        """Add a line."""
        me, form = self._counted(), LineForm()
        if not form.validate_on_submit():
            return self.show(question, form, 422)
        service.say(me, question, form.text.data)
        return self._to(question, _("Sent."))

    def close(self, question: str) -> Response:
        """Let who asked say that it is settled."""
        service.settle(self.asker(), question)
        return see_other(f"{self.door}.help.index", message=_("Closed."))

    def _counted(self) -> service.Asker:
        me = self.asker()
        count_help(f"partner:{me.partner_id}" if me.partner_id else f"person:{me.person_id}")
        return me

    def _to(self, question: str, words: str) -> Response:
        return see_other(f"{self.door}.help.show", message=words, **{self.argument: question})


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


def facts(found: Request) -> dict[str, Any]:
    """Return what every page of a thread shows."""
    return {
        "asked": found,
        "kind": KINDS[found.kind],
        "actions": LIFECYCLE.actions(State(found.state)),
    }


def numbers() -> dict[str, int]:
    """Return how much waits behind entries of the menu, by their endpoints."""
    return {"office.help.index": g.membership.unread_answers}
