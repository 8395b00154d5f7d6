"""What stands before a cabinet, and what the partner agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, g, request
from flask_babel import get_locale
from flask_babel import gettext as _

from app.errors import Conflict
from app.participation import queries, service
from app.participation.forms.words import CONSENT_NAMES
from app.participation.rules import Owed, in_language
from app.partners import queries as partners
from app.programs import queries as programs
from app.programs.forms import summary
from app.site.access import requires
from app.web.pages import next_address, page, see_address, see_other

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from app.partners.models import Partner

bp = Blueprint("participation", __name__)
MOST = 10  # texts that may stand before a cabinet; there are four kinds


def stopped() -> Response | None:
    """Return what the partner sees instead of the cabinet; None: nothing stands in the way."""
    if (request.endpoint or "").startswith("cabinet.participation."):
        return None
    gate = queries.gate(_partner())
    if gate.group is not None:
        return page("participation/cabinet/closed.html", status=403, email=g.tenant.email)
    if gate.owed:
        here = request.full_path.rstrip("?") if request.method == "GET" else None
        return see_other("cabinet.participation.offer", next=here)
    return None


@bp.get("/offer")
@requires("partner")
def offer() -> Response:
    """Show what is to be accepted before the cabinet opens; money goes on meanwhile."""
    partner = _partner()
    owed = queries.owed_by(partner)
    return _offer(partner, owed) if owed else see_other("cabinet.partners.index")


@bp.post("/offer")
@requires("partner")
def accept() -> Response:
    """Accept what was seen; another version by now is shown instead."""
    partner, seen = _partner(), _seen()
    owed = queries.owed_by(partner)
    if not owed:
        return see_address(next_address(f"/{g.tenant.slug}/cabinet/"))
    if any(not request.form.get(f"accept_{each.kind}") for each in owed):
        return _offer(partner, owed, 422, _("Accept every text to go on."))
    try:
        service.accept(partner, seen, request.remote_addr)
    except Conflict as error:
        return _offer(partner, owed, 409, error.message)
    there = next_address(f"/{g.tenant.slug}/cabinet/")
    return see_address(there, message=_("Thank you. The cabinet is open again."))


@bp.get("/consents")
@requires("partner")
def consents() -> Response:
    """Show what the partner agreed to, and when."""
    partner = _partner()
    given = queries.consents_of(partner.id)
    latest = {each.kind: each for each in reversed(given)}
    return page(
        "participation/cabinet/consents.html",
        given=given,
        names=CONSENT_NAMES,
        marketing=queries.current_texts().get("marketing"),
        wants_letters=latest["marketing"].given if "marketing" in latest else False,
        terms={each.id: each.name for each in programs.all_terms()},
    )


@bp.post("/consents")
@requires("partner")
def change_consent() -> Response:
    """Give or take back the consent to letters with news."""
    given = request.form.get("what") == "give"
    service.withdraw(_partner(), "marketing", given=given, ip=request.remote_addr)
    return see_other("cabinet.participation.consents", message=_("Saved."))


def _partner() -> Partner:
    return partners.by_id(g.partner_id) or abort(404)


def _seen() -> list[Owed]:
    """Return the versions that stood on the page, as the form says them: offer:-:3."""
    found = []
    for said in request.form.getlist("seen")[:MOST]:
        kind, _colon, rest = said.partition(":")
        terms, _colon, version = rest.partition(":")
        numbers = [terms if terms != "-" else "0", version]
        if all(n.isascii() and n.isdecimal() and len(n) < 19 for n in numbers):
            found.append(Owed(kind, int(terms) if terms != "-" else None, int(version)))
    return found


def _offer(
    partner: Partner, owed: Sequence[Owed], status: int = 200, complaint: str = ""
) -> Response:
    languages = (str(get_locale()), partner.locale, g.tenant.locale)
    texts = {
        each: in_language(text.texts if text else {}, *languages)
        for each in owed
        for text in (queries.text_of(each.kind, each.version, each.terms_id),)
    }
    terms = [each.terms_id for each in owed if each.terms_id is not None]
    return page(
        "participation/cabinet/offer.html",
        status=status,
        texts=texts,
        summaries={i: summary(found) for i, found in programs.conditions(terms).items()},
        names=CONSENT_NAMES,
        complaint=complaint,
        ticked={name for name in request.form if name.startswith("accept_")},
        next=next_address(""),
    )
