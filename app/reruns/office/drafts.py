"""The back office: drafts of terms, what they would have cost, and their publication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.money import Money
from app.programs import queries as programs
from app.programs import service as terms_service
from app.programs.forms import ByBuyerField
from app.reruns import service
from app.reruns.forms import DraftForm, PublishForm
from app.reruns.office.runs import bp, result
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.programs.models import Terms, TermsDraft

BASE = ("shipping", "tax", "discount")


@bp.get("/terms/<string:terms_id>/drafts/new")
@requires("settings")
def new_draft(terms_id: str) -> Response:
    """Show the form of a new draft, filled with what holds now."""
    terms = _terms(terms_id)
    now = programs.conditions([terms.id])[terms.id]
    known = tenants.settings()
    said = {
        "levels": now.levels,
        "levels_by_buyer": now.levels_by_buyer,
        "hold_days": now.hold_days,
        "window_days": now.window_days,
        "base": {"shipping": now.shipping, "tax": now.tax, "discount": now.discount},
        "cashback_rate": now.cashback_rate,
        "cap": now.cap,
    }
    earning = {name: known[name] for name in terms_service.OF_MERCHANT}
    return _page(terms, None, _filled(said, earning))


@bp.post("/terms/<string:terms_id>/drafts/new")
@requires("settings")
def make_draft(terms_id: str) -> Response:
    """Keep a draft; nothing holds by it."""
    terms, form = _terms(terms_id), DraftForm()
    if form.validate_on_submit():
        try:
            draft = terms_service.draft_terms(
                terms, form.earning, **form.said, base=_base(form, terms)
            )
        except DomainError as error:
            form.tell(error)
            return _page(terms, None, form, error.status)
        return see_other(
            "office.reruns.draft", draft_id=draft.public_id, message=_("The draft is kept.")
        )
    return _page(terms, None, form, 422)


@bp.get("/drafts/<string:draft_id>")
@requires("settings")
def draft(draft_id: str) -> Response:
    """Show a draft as it is."""
    found, terms = _draft(draft_id)
    return _page(terms, found, _filled(found.facts["terms"], found.facts["merchant"]))


@bp.post("/drafts/<string:draft_id>")
@requires("settings")
def change_draft(draft_id: str) -> Response:
    """Change a draft that is not published."""
    found, terms = _draft(draft_id)
    form = DraftForm()
    if form.validate_on_submit():
        try:
            terms_service.change_draft(
                found, terms, form.earning, **form.said, base=_base(form, terms)
            )
        except DomainError as error:
            form.tell(error)
            return _page(terms, found, form, error.status)
        return see_other("office.reruns.draft", draft_id=draft_id, message=_("Saved."))
    return _page(terms, found, form, 422)


@bp.post("/drafts/<string:draft_id>/delete")
@requires("settings")
def delete_draft(draft_id: str) -> Response:
    """Forget a draft that is not published."""
    terms_service.delete_draft(_draft(draft_id)[0])
    return see_other("office.programs.index", message=_("The draft is deleted."))


@bp.post("/drafts/<string:draft_id>/try")
@requires("settings")
def try_draft(draft_id: str) -> Response:
    """Begin to look at what the draft would have cost over the last 90 days."""
    service.start_backtest(_draft(draft_id)[0])
    return see_other("office.reruns.tried", draft_id=draft_id)


@bp.get("/drafts/<string:draft_id>/tried")
@requires("settings")
def tried(draft_id: str) -> Response:
    """Show what the draft would have cost, and offer to publish it."""
    found, terms = _draft(draft_id)
    return _tried(found, terms, PublishForm(formdata=None))


@bp.post("/drafts/<string:draft_id>/publish")
@requires("settings")
def publish(draft_id: str) -> Response:
    """Let the draft hold from a day or from now, and tell the partners."""
    found, terms = _draft(draft_id)
    form = PublishForm()
    if not form.validate_on_submit():
        return _tried(found, terms, form, 422)
    try:
        run = service.publish(found, terms, form.chosen, tell=form.inform.data)
    except DomainError as error:
        form.tell(error)
        return _tried(found, terms, form, error.status)
    words = _("Published. Partners are told.") if run else _("Published.")
    return see_other("office.programs.index", message=words)


def _terms(terms_id: str) -> Terms:
    found = programs.find_terms(terms_id)
    if found is None:
        raise NotFound
    return found


def _draft(draft_id: str) -> tuple[TermsDraft, Terms]:
    found = programs.find_draft(draft_id)
    terms = programs.terms_by_id(found.terms_id) if found else None
    if found is None or terms is None:
        raise NotFound
    return found, terms


def _base(form: DraftForm, terms: Terms) -> dict[str, bool]:
    bonus = programs.conditions([terms.id])[terms.id].base.get("bonus", False)
    return {name: form[name].data for name in BASE} | {"bonus": bonus}


def _filled(said: dict[str, Any], earning: dict[str, Any]) -> DraftForm:
    base = said["base"] or {}
    cap = said["cap"]
    data = {
        **{name: said[name] for name in ("levels", "hold_days", "window_days")},
        **{name: base.get(name, name == "tax") for name in BASE},
        **earning,
        "by_buyer": ByBuyerField.written(said["levels_by_buyer"] or {}),
        "cashback": said["cashback_rate"],
        "cap": None if cap is None else Money(cap, g.tenant.currency),
    }
    return DraftForm(formdata=None, data=data)


def _page(terms: Terms, found: TermsDraft | None, form: DraftForm, status: int = 200) -> Response:
    tried_ = service.backtest_of(found) if found else None
    return page(
        "reruns/office/draft.html", status=status, terms=terms, draft=found, form=form, tried=tried_
    )


def _tried(found: TermsDraft, terms: Terms, form: PublishForm, status: int = 200) -> Response:
    run = service.backtest_of(found)
    context = result(run) if run else {"run": None}
    return page(
        "reruns/office/tried.html",
        "_run.html",
        status=status,
        terms=terms,
        draft=found,
        form=form,
        **context,
    )
