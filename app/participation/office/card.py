"""A partner's card: how he came in, what he answered and agreed to, and whether the rules close his cabinet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request
from flask_babel import get_locale
from flask_babel import gettext as _

from app.errors import DomainError
from app.participation import queries, service
from app.participation.forms import AnswersForm, answers_form
from app.participation.forms.questions import written
from app.participation.forms.words import CONSENT_NAMES, SOURCES
from app.participation.office.page import bp
from app.partners import queries as partners
from app.partners.office.card import actions_of
from app.partners.office.lists import partner_of
from app.programs import queries as programs
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner


@bp.get("/card/<string:refcode>")
@requires("read")
def card(refcode: str) -> Response:
    """Show the tab Registration."""
    partner = partner_of(refcode)
    asked = queries.questions()
    form = answers_form(asked, *_languages())
    return _card(partner, form(formdata=None, data=written(asked, partner.answers)))


@bp.post("/card/<string:refcode>")
@requires("manage")
def change_answers(refcode: str) -> Response:
    """Correct what a partner answered."""
    partner = partner_of(refcode)
    form = answers_form(queries.questions(), *_languages())()
    if form.validate_on_submit():
        try:
            service.change_answers(partner, form.answers)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(
                "office.participation.card", refcode=partner.refcode, message=_("Saved.")
            )
    return _card(partner, form, 422)


@bp.post("/card/<string:refcode>/<any(overrule, uphold):what>")
@requires("manage")
def overrule(refcode: str, what: str) -> Response:
    """Open the cabinet against the rule of forbidden groups, or let the rule hold again."""
    partner = partner_of(refcode)
    if what == "overrule":
        service.admit_against(partner, request.form.get("word", ""))
        words = _("The cabinet is open.")
    else:
        service.uphold(partner)
        words = _("The rule holds again.")
    return see_other("office.participation.card", refcode=partner.refcode, message=words)


def _languages() -> tuple[str, str]:
    return (str(get_locale()), g.tenant.locale)


def _card(partner: Partner, form: AnswersForm, status: int = 200) -> Response:
    found = queries.admission(partner.id)
    row, link = found or (None, None)
    consents = queries.consents_of(partner.id)
    actors = [each.actor for each in consents]
    return page(
        "participation/office/card.html",
        status=status,
        partner=partner,
        actions=actions_of(partner),
        form=form,
        answers=queries.answers_of(partner.answers, *_languages()),
        admission=row,
        link=link,
        sources=SOURCES,
        gate=queries.gate(partner),
        standing=queries.standing_of_partner(partner),
        consents=consents,
        names=CONSENT_NAMES,
        terms={each.id: each.name for each in programs.all_terms()},
        actors=partners.actor_names(
            [*actors, row.overruled_by] if row and row.overruled_by else actors
        ),
    )
