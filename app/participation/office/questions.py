"""The questions of the registration form: made, changed, moved, asked no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request, url_for
from flask_babel import gettext as _

from app.errors import DomainError, FieldError, NotFound
from app.participation import queries, service
from app.participation.forms import QuestionForm, question_form
from app.participation.forms.building import KINDS, shown_options
from app.participation.office.page import bp, say
from app.participation.queries.page import read
from app.participation.rules import MOST_OPTIONS, AnswerError, Kind, options_of
from app.participation.rules.questions import WITH_OPTIONS
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.participation.models import JoinField
    from app.participation.rules import Option

UNDO = {"retire": "restore", "restore": "retire"}


@bp.get("/questions")
@requires("settings")
def questions() -> Response:
    """List the questions, in the form's order."""
    asked = queries.questions()
    keys = {each.key for each in asked}
    return page(
        "participation/office/questions.html",
        asked=asked,
        retired=[each for each in queries.questions(retired=True) if each.key not in keys],
        kinds=KINDS,
        say=say,
    )


@bp.get("/questions/new")
@requires("settings")
def new_question() -> Response:
    """Offer the form of a question of the kind that was chosen."""
    kind = _kind()
    return _question(_made(kind)(formdata=None), kind, None)


@bp.post("/questions/new")
@requires("settings")
def create_question() -> Response:
    """Ask one thing more."""
    kind = _kind()
    form = _made(kind)()
    if form.validate_on_submit():
        try:
            service.make_question(
                kind,
                form.texts("label"),
                help_text=form.texts("help"),
                options=_options(form, kind),
                required=form.required.data,
            )
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.participation.questions", message=_("The form asks it now."))
    return _question(form, kind, None, 422)


@bp.get("/questions/<string:key>")
@requires("settings")
def show_question(key: str) -> Response:
    """Offer a question's words."""
    row = _found(key)
    known, made = read(row), _made(Kind(row.kind))
    values = made.said(label=row.label, help=row.help)
    values |= {f"options_{c}": text for c, text in shown_options(known.options).items()}
    form = made(formdata=None, data={**values, "required": row.required})
    return _question(form, known.kind, row)


@bp.post("/questions/<string:key>")
@requires("settings")
def save_question(key: str) -> Response:
    """Keep a question's words."""
    row = _found(key)
    kind = Kind(row.kind)
    form = _made(kind)()
    if form.validate_on_submit():
        try:
            service.change_question(
                row,
                form.texts("label"),
                help_text=form.texts("help"),
                options=_options(form, kind, read(row).options),
                required=form.required.data,
            )
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.participation.questions", message=_("Saved."))
    return _question(form, kind, row, 422)


@bp.post("/questions/<string:key>/<any(up, down, retire, restore):what>")
@requires("settings")
def move_question(key: str, what: str) -> Response:
    """Move a question, ask it no more, or again."""
    row = _found(key)
    if what in {"up", "down"}:
        service.move_question(row, up=what == "up")
        return see_other("office.participation.questions")
    if what == "retire":
        service.retire_question(row)
        words = _("The form asks it no more. What was answered stays.")
    else:
        service.restore_question(row)
        words = _("The form asks it again.")
    undo = url_for("office.participation.move_question", key=key, what=UNDO[what])
    return see_other("office.participation.questions", message=words, undo=undo)


def _found(key: str) -> JoinField:
    row = queries.question(key)
    if row is None:
        raise NotFound
    return row


def _kind() -> Kind:
    said = request.args.get("kind", "")
    return Kind(said) if said in set(Kind) else Kind.TEXT


def _made(kind: Kind) -> type[QuestionForm]:
    return question_form(choosing=kind in WITH_OPTIONS)


def _options(form: QuestionForm, kind: Kind, before: tuple[Option, ...] = ()) -> list[Option]:
    if kind not in WITH_OPTIONS:
        return []
    try:
        return options_of(form.lines(), before)
    except AnswerError as error:
        words = _("At most %(most)s answers, each once.", most=MOST_OPTIONS)
        raise DomainError("options", words, FieldError("options", words)) from error


def _question(form: QuestionForm, kind: Kind, row: JoinField | None, status: int = 200) -> Response:
    return page(
        "participation/office/question.html",
        status=status,
        form=form,
        kind=kind,
        kinds=KINDS,
        row=row,
    )
