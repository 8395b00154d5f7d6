"""What people agree to: texts in versions, and whether an older yes still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request, url_for
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.participation import queries, service
from app.participation.forms import ConsentForm, consent_form
from app.participation.forms.words import CONSENT_NAMES
from app.participation.office.page import bp, say
from app.participation.rules import CONSENTS
from app.participation.rules.consents import FREE
from app.partners.queries import actor_names
from app.programs import queries as programs
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response


@bp.get("/consents")
@requires("settings")
def consents() -> Response:
    """List the texts, and the sets of terms that may be put before partners again."""
    texts = queries.current_texts()
    asked = {each.id: queries.history("terms", each.id) for each in programs.all_terms()}
    return page(
        "participation/office/consents.html",
        kinds=CONSENTS,
        names=CONSENT_NAMES,
        texts=texts,
        terms=programs.all_terms(),
        asked=asked,
    )


@bp.get("/consents/text")
@requires("settings")
def show_consent() -> Response:
    """Offer a text, with its versions: `?kind=` offer, personal or marketing."""
    kind = _kind()
    versions = queries.history(kind)
    made = consent_form(free=kind in FREE)
    values = made.said(text=versions[0].texts if versions else {})
    version = str(versions[0].version if versions else 0)
    return _consent(kind, made(formdata=None, data={**values, "version": version}))


@bp.post("/consents/text")
@requires("settings")
def save_consent() -> Response:
    """Make a new version of a text."""
    kind = _kind()
    form = consent_form(free=kind in FREE)()
    if form.validate_on_submit():
        again = bool(form.again.data) if "again" in form else False
        try:
            made = service.publish(kind, form.texts("text"), again=again, seen=form.seen)
        except DomainError as error:
            form.tell(error)
            return _consent(kind, form, error.status)
        words = _("Version %(version)s stands on the form now.", version=made.version)
        return see_other("office.participation.consents", message=words)
    return _consent(kind, form, 422)


@bp.post("/consents/terms/<string:terms_id>")
@requires("settings")
def ask_again(terms_id: str) -> Response:
    """Let partners who are on a set of terms accept it again, as it now stands."""
    terms = programs.find_terms(terms_id)
    if terms is None:
        raise NotFound
    service.publish_terms(terms)
    words = _("Partners on these terms accept them before they go on.")
    return see_other("office.participation.consents", message=words)


def _kind() -> str:
    said = request.args.get("kind", CONSENTS[0])
    if said not in CONSENTS:
        raise NotFound
    return said


def _consent(kind: str, form: ConsentForm, status: int = 200) -> Response:
    versions = queries.history(kind)
    return page(
        "participation/office/consent.html",
        status=status,
        kind=kind,
        name=CONSENT_NAMES[kind],
        form=form,
        versions=versions,
        actors=actor_names(each.actor for each in versions),
        say=say,
        join=url_for("public.partners.join"),
    )
