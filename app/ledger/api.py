"""Corrections of a partner's balance by hand, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app.adjustments import service
from app.errors import DomainError, FieldError, NotFound
from app.ledger.queries import partner_balances
from app.ledger.schemas import AdjustmentIn, AdjustmentOut
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.partners import queries as partners
from app.site.access import requires

bp = APIBlueprint("ledger", __name__, url_prefix="/partners", tag="Partners")


@bp.post("/<string:refcode>/adjustments")
@bp.input(AdjustmentIn)
@bp.output(AdjustmentOut, status_code=201)
@requires("partners")
def adjust(refcode: str, json_data: AdjustmentIn) -> dict[str, Any]:
    """Accrue by hand, or deduct with a minus; what is not available becomes debt."""
    partner = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if partner is None:
        raise NotFound
    currency = g.tenant.currency
    try:
        amount = parse_decimal(json_data.amount, currency, allow_negative=True)
    except MoneyError as error:
        message = _('Write a sum as a string, such as "1990.00" or "-50.00".')
        raise DomainError("invalid", message, FieldError("amount", message)) from error
    entry = service.adjust(partner.id, amount, json_data.reason, currency)
    balance = asdict(partner_balances([partner.id])[partner.id])
    return {
        "id": entry.public_id,
        "partner": partner.refcode,
        "amount": to_decimal_string(amount, currency),
        "reason": json_data.reason.strip(),
        "balance": {name: to_decimal_string(sum_, currency) for name, sum_ in balance.items()},
    }
