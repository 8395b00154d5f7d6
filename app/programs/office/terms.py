"""The back office: sets of terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, url_for
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, NotFound
from app.installation import public_address
from app.margins.office.guarding import red_by, warning
from app.money import Money
from app.partners import queries as partners
from app.partners.service import lead_to_terms
from app.programs import queries, service
from app.programs.forms import ByBuyerField, TermsForm, summary
from app.reports.queries import activity_of
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flask import Response

    from app.margins.service import Stack
    from app.programs.models import Terms

bp = Blueprint("programs", __name__)


@bp.get("/terms/")
@requires("read")
def index() -> Response:
    """List the sets of terms, each in plain words, with how many partners are on it."""
    found = queries.all_terms()
    now = queries.conditions([terms.id for terms in found])
    return page(
        "programs/office/index.html",
        terms=found,
        versions=queries.versions([terms.id for terms in found], clock.now()),
        summaries={terms.id: summary(now[terms.id]) for terms in found},
        counts=partners.terms_counts(),
        joins={terms.id: _join(terms) for terms in found},
        drafts={terms.id: queries.drafts_of(terms.id, clock.now()) for terms in found},
    )


@bp.get("/terms/new")
@requires("settings")
def new_terms() -> Response:
    """Show the form of a new set."""
    return _edit(None, TermsForm())


@bp.post("/terms/new")
@requires("settings")
def create_terms() -> Response:
    """Make a set of terms."""
    form = TermsForm()
    if form.validate_on_submit():
        try:
            red = red_by(lambda: service.create_terms(**form.said, base=_base(form)))
            if red:
                return _edit(None, form, 422, red)
            terms = service.create_terms(**form.said, base=_base(form))
            lead_to_terms(terms.id, form.named_codes)
        except DomainError as error:
            form.tell(error)
            return _edit(None, form, error.status)
        return see_other("office.programs.index", message=_("The terms are saved."))
    return _edit(None, form, 422)


@bp.get("/terms/<string:terms_id>")
@requires("settings")
def edit(terms_id: str) -> Response:
    """Show the form of a set as it stands."""
    terms = _terms(terms_id)
    now = queries.conditions([terms.id])[terms.id]
    said = {
        "version": str(terms.version),
        "name": terms.name,
        "text": terms.text,
        "levels": now.levels,
        "by_buyer": ByBuyerField.written(now.levels_by_buyer),
        "hold_days": now.hold_days,
        "window_days": now.window_days,
        "shipping": now.shipping,
        "tax": now.tax,
        "discount": now.discount,
        "cashback": now.cashback_rate,
        "cap": None if now.cap is None else Money(now.cap, g.tenant.currency),
        "valid_from": terms.valid_from,
        "valid_to": terms.valid_to,
        "codes": ", ".join(code.display for code in partners.codes_to(terms.id)),
    }
    return _edit(terms, _of(terms, TermsForm(formdata=None, data=said)))


@bp.post("/terms/<string:terms_id>")
@requires("settings")
def change(terms_id: str) -> Response:
    """Change a set; a real change is a new version."""
    terms = _terms(terms_id)
    form = _of(terms, TermsForm())
    if not form.validate_on_submit():
        return _edit(terms, form, 422)
    bonus = queries.conditions([terms.id])[terms.id].base.get("bonus", False)
    said = form.said | {"base": _base(form, bonus=bonus)}
    if not terms.is_base and _same_minute(said.get("valid_from"), terms.valid_from):
        del said["valid_from"]
    try:
        red = red_by(lambda: service.change_terms(terms, version=form.seen, **said))
        if red:
            return _edit(terms, form, 422, red)
        service.change_terms(terms, version=form.seen, **said)
        if not terms.is_base:
            lead_to_terms(terms.id, form.named_codes)
    except DomainError as error:
        form.tell(error)
        return _edit(terms, form, error.status)
    label = queries.conditions([terms.id])[terms.id].label
    version = label.rpartition(" v")[2]
    words = _("Saved: version %(version)s holds for orders from now on.", version=version)
    return see_other("office.programs.index", message=words)


def _same_minute(said: datetime | None, known: datetime) -> bool:
    """Whether the form only gives back what it showed, cut to minutes."""
    return said is not None and said == known.replace(second=0, microsecond=0)


def _base(form: TermsForm, *, bonus: bool = False) -> dict[str, bool]:
    return {name: form[name].data for name in ("shipping", "tax", "discount")} | {"bonus": bonus}


def _join(terms: Terms) -> str | None:
    """Return the address by which people join on these terms; the base needs none of its own."""
    if terms.is_base:
        return None
    values = {"merchant": g.tenant.slug, "terms": terms.public_id}
    return public_address(url_for("public.partners.join", **values))


def _of(terms: Terms, form: TermsForm) -> TermsForm:
    return form.as_of_base() if terms.is_base else form


def _terms(terms_id: str) -> Terms:
    found = queries.find_terms(terms_id)
    if found is None:
        raise NotFound
    return found


def _edit(
    terms: Terms | None, form: TermsForm, status: int = 200, red: Sequence[Stack] = ()
) -> Response:
    happened = activity_of(f"terms:{terms.id}") if terms else None
    versions = queries.versions([terms.id], clock.now())[terms.id] if terms else None
    plans = queries.plans_of(terms.id, clock.now()) if terms else []
    return page(
        "programs/office/edit.html",
        status=status,
        terms=terms,
        form=form,
        versions=versions,
        happened=happened,
        plans=plans,
        **warning(red),
    )
