"""The back office: correct a partner's balance by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.ledger import service
from app.ledger.forms import AdjustmentForm
from app.ledger.queries import partner_balances
from app.partners import queries as partners
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner

bp = Blueprint("ledger", __name__, url_prefix="/adjustments")


@bp.get("/<string:refcode>")
@requires("money")
def adjust(refcode: str) -> Response:
    """Offer an accrual or a deduction."""
    return _adjust(_partner(refcode), AdjustmentForm())


@bp.post("/<string:refcode>")
@requires("money")
def adjusted(refcode: str) -> Response:
    """Book it."""
    partner, form = _partner(refcode), AdjustmentForm()
    if not form.validate_on_submit():
        return _adjust(partner, form, status=422)
    try:
        service.adjust(partner.id, form.amount.data.minor, form.reason.data, g.tenant.currency)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _adjust(partner, form, status=error.status)
    return see_other("office.partners.balance", refcode=partner.refcode, message=_("Booked."))


def _partner(refcode: str) -> Partner:
    found = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if found is None:
        raise NotFound
    return found


def _adjust(partner: Partner, form: AdjustmentForm, status: int = 200) -> Response:
    return page(
        "ledger/office/adjust.html",
        status=status,
        partner=partner,
        form=form,
        balance=partner_balances([partner.id])[partner.id],
    )
