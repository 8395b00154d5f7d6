"""The back office: who a partner is as a customer, so that commission can become bonuses of the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from app.errors import Conflict, DomainError, FieldError
from app.extensions import db
from app.members import queries as members
from app.partners import service
from app.partners.forms import CustomerForm
from app.partners.models import Partner
from app.partners.office import card
from app.partners.office.lists import bp, partner_of
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import see_other

if TYPE_CHECKING:
    from flask import Response

    from app.members.models import Member


@bp.post("/card/<string:refcode>/customer")
@requires("manage")
def link_customer(refcode: str) -> Response:
    """Say who the partner is as a customer; an empty number: nobody."""
    partner, form = partner_of(refcode), CustomerForm(prefix="customer")
    if not form.validate_on_submit():
        return card.basics(partner, customer=form)
    try:
        found = _found(partner, form.number.data or "")
    except DomainError as error:
        form.tell(error)
        return card.basics(partner, customer=form)
    service.change(partner, member_id=found.id if found else None)
    words = _("Linked: commission can become bonuses.") if found else _("No longer linked.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words)


def _found(partner: Partner, number: str) -> Member | None:
    """Return the customer of a number. Raises DomainError for an unknown one, and another partner's."""
    if not number.strip():
        return None
    shops = [each.id for each in tenants.shops()]
    found = next(filter(None, (members.by_external(shop, number) for shop in shops)), None)
    if found is None:
        words = _("The shop has no customer with this id.")
        raise DomainError("no_customer", words, FieldError("number", words))
    others = select(Partner.name).where(
        Partner.member_id == found.id, Partner.id != partner.id, Partner.status != "removed"
    )
    other = db.session.scalar(others.order_by(Partner.id).limit(1))
    if other is not None:
        words = _("This customer is the partner %(name)s.", name=other)
        raise Conflict("linked", words, FieldError("number", words))
    return found
