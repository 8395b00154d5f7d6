"""The cabinet: a partner misses a sale, and is answered by the journal at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app.commissions import explain
from app.errors import DomainError
from app.site.access import requires
from app.site.attempts import count_question
from app.trust import queries, service
from app.trust.forms import AskForm, NumberForm, RemarkForm
from app.trust.office.words import ANSWERS
from app.trust.rules import LIFECYCLE, State
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.trust.models import Dispute
    from app.trust.service import Verdict
    from app.web.forms import Form

bp = Blueprint("trust", __name__, url_prefix="/missing")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Ask for the order's number; list what was asked before."""
    form = NumberForm(formdata=None, data={"number": request.args.get("number", "")[:128]})
    return _index(form)


@bp.post("/")
@requires("partner")
def check() -> Response:
    """Answer from the journal."""
    count_question(f"partner:{g.partner_id}")
    form = NumberForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        verdict = service.check(g.partner_id, form.number.data)
    except DomainError as error:
        _complain(form, error)
        return _index(form, 422)
    return _answer(verdict, AskForm(formdata=None, data={"number": verdict.number}))


@bp.post("/ask")
@requires("partner")
def ask() -> Response:
    """Put the question to the merchant's staff."""
    count_question(f"partner:{g.partner_id}")
    form = AskForm()
    try:
        if form.validate_on_submit():
            made = service.open_dispute(
                g.partner_id, form.number.data, form.text.data, g.tenant.timezone
            )
            words = _("Sent. You get a letter as soon as somebody answers.")
            return see_other("cabinet.trust.show", dispute=made.public_id, message=words)
    except DomainError as error:
        _complain(form, error)
    if not form.number.data:
        return _index(NumberForm(formdata=None), 422)
    return _answer(service.check(g.partner_id, form.number.data), form, 422)


@bp.get("/<string:dispute>")
@requires("partner")
def show(dispute: str) -> Response:
    """Show one of the partner's own questions with its thread."""
    return _show(service.find(dispute, g.partner_id), RemarkForm(formdata=None))


@bp.post("/<string:dispute>/remark")
@requires("partner")
def remark(dispute: str) -> Response:
    """Add to the thread."""
    found, form = service.find(dispute, g.partner_id), RemarkForm()
    if not form.validate_on_submit():
        return _show(found, form, 422)
    service.remark(found, form.text.data, by_staff=False)
    return see_other("cabinet.trust.show", dispute=dispute, message=_("Sent."))


@bp.post("/<string:dispute>/withdraw")
@requires("partner")
def withdraw(dispute: str) -> Response:
    """Take the question back."""
    service.withdraw(service.find(dispute, g.partner_id))
    return see_other("cabinet.trust.index", message=_("Taken back."))


def _complain(form: Form, error: DomainError) -> None:
    form.complain(error.errors[0].field if error.errors else "", error.message)


def _index(form: NumberForm, status: int = 200) -> Response:
    own = queries.disputes_of(g.partner_id)
    return page("trust/cabinet/index.html", status=status, form=form, disputes=own)


def _answer(verdict: Verdict, form: AskForm, status: int = 200) -> Response:
    title, words = ANSWERS[verdict.answer.value]
    return page(
        "trust/cabinet/answer.html",
        status=status,
        verdict=verdict,
        title=title,
        words=words,
        why=explain.nothing(verdict.reason) if verdict.reason else None,
        stronger=explain.KINDS.get(verdict.stronger or ""),
        form=form,
    )


def _show(found: Dispute, form: RemarkForm, status: int = 200) -> Response:
    return page(
        "trust/cabinet/show.html",
        status=status,
        dispute=found,
        thread=queries.thread(found.id),
        answered=ANSWERS[found.verdict][0],
        actions=LIFECYCLE.actions(State(found.state)),
        form=form,
    )
