"""The back office: drafts of terms, what they would have cost, and their publication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, NotFound
from app.money import Money
from app.programs import queries as programs
from app.programs import service as terms_service
from app.programs.forms import ByBuyerField, shown
from app.reruns import service
from app.reruns.forms import DraftForm, PublishForm, UpForm
from app.reruns.office.runs import bp, result
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.filters import money_text
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from datetime import date

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
    form = _filled(said, earning)
    form.seen_at.data = clock.now().isoformat()
    return _page(terms, None, form)


@bp.post("/terms/<string:terms_id>/drafts/new")
@requires("settings")
def make_draft(terms_id: str) -> Response:
    """Keep a draft; nothing holds by it."""
    terms, form = _terms(terms_id), DraftForm()
    if form.validate_on_submit():
        try:
            draft = terms_service.draft_terms(
                terms, form.earning, seen_at=form.seen, **form.said, base=_base(form, terms)
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


@bp.post("/drafts/<string:draft_id>/bring-up")
@requires("settings")
def bring_up(draft_id: str) -> Response:
    """Let a draft keep only what it changes itself."""
    form = UpForm()
    if not form.validate_on_submit():
        raise DomainError("invalid", _("Choose a day after today, within a year."))
    service.bring_up(_draft(draft_id)[0], form.day.data)
    words = _("The draft is up to date. Look at it, then try it again.")
    return see_other("office.reruns.draft", draft_id=draft_id, message=words)


@bp.post("/drafts/<string:draft_id>/withdraw")
@requires("settings")
def withdraw(draft_id: str) -> Response:
    """Take back a published draft before its day."""
    found, terms = _draft(draft_id)
    service.withdraw(found, terms)
    words = _("Withdrawn: it will not hold. It is a draft again.")
    return see_other("office.reruns.draft", draft_id=draft_id, message=words)


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
        "reruns/office/draft.html",
        status=status,
        terms=terms,
        draft=found,
        form=form,
        tried=tried_,
        waits=found is not None and found.holds_from is not None and found.holds_from > clock.now(),
        moved=_moved(found, None) if found else [],
        day=None,
    )


def _tried(found: TermsDraft, terms: Terms, form: PublishForm, status: int = 200) -> Response:
    run = service.backtest_of(found)
    context = result(run) if run else {"run": None}
    day = form.chosen if status == Conflict.status else None
    return page(
        "reruns/office/tried.html",
        "_run.html",
        status=status,
        terms=terms,
        draft=found,
        form=form,
        moved=_moved(found, day),
        day=day,
        **context,
    )


def _moved(found: TermsDraft, day: date | None) -> list[tuple[str, str, str, str]]:
    """Return what publishing the draft would undo: its name, as it was, is, and is in the draft."""
    if found.published_at is not None:
        return []
    labels = DraftForm(formdata=None)
    named = {"levels_by_buyer": "by_buyer", "cashback_rate": "cashback"}
    return [
        (
            str(_("Bonuses belong to the base"))
            if each.name == "bonus"
            else str(labels[named.get(each.name, each.name)].label.text),
            _said(each.name, each.was),
            _said(each.name, each.now),
            _said(each.name, each.draft),
        )
        for each in service.moved(found, day)
    ]


def _said(name: str, value: Any) -> str:
    """Say a value as the reader would."""
    if isinstance(value, bool):
        return str(_("Yes")) if value else str(_("No"))
    if name == "levels_by_buyer":
        return ByBuyerField.written(value or {}).replace("\n", ", ") or "—"
    if name in {"levels", "cashback_rate"}:
        rates = [value] if isinstance(value, str) else value or []
        return ", ".join("—" if rate is None else str(rate) for rate in shown(rates)) or "—"
    if value is None:
        return "—"
    return money_text(value) if name == "cap" else str(value)
