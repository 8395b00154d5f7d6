"""Which signs hold a deal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.events import queries as events
from app.fraud import service as fraud
from app.fraud.rules import Sign
from app.partners.queries import actor_names
from app.payouts.service import remember_details
from app.programs.queries import all_terms
from app.site.access import requires
from app.trust import queries
from app.trust.forms import PolicyForm
from app.trust.office.door import bp
from app.trust.office.words import MEANING, SIGNS
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response


@bp.get("/policy")
@requires("settings")
def policy() -> Response:
    """Show what each sign means, whether it holds deals, and how often it was right."""
    return _page(PolicyForm(formdata=None, data=PolicyForm.said(fraud.policy())))


@bp.post("/policy")
@requires("settings")
def save_policy() -> Response:
    """Switch signs on and off; it holds for orders made from now on."""
    form = PolicyForm().offer(_terms())
    if not form.validate_on_submit():
        return _page(form, 422)
    if Sign.DETAILS in form.policy.on:
        remember_details()
    fraud.say_policy(form.policy)
    return see_other("office.trust.policy", message=_("Saved. It holds for orders from now on."))


def _terms() -> list[tuple[int, str]]:
    return [(terms.id, terms.name) for terms in all_terms()]


def _page(form: PolicyForm, status: int = 200) -> Response:
    form.offer(_terms())
    happened = events.history("fraud:policy", 20)
    return page(
        "trust/office/policy.html",
        status=status,
        form=form,
        signs=SIGNS,
        meaning=MEANING,
        judged=queries.statistics(),
        events=happened,
        actors=actor_names(event.actor for event in happened),
    )
