"""Partner money into bonuses and back, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict

from app.conversions import queries, service
from app.errors import DomainError, FieldError, NotFound
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.partners import queries as partners
from app.site.access import requires
from app.tenancy import public_id
from app.web.bodies import Sum

if TYPE_CHECKING:
    from app.partners.models import Partner

bp = APIBlueprint("conversions", __name__, url_prefix="/partners", tag="Partners")


class ConversionIn(BaseModel):
    """How much of the partner's available money becomes bonuses, or of the bonuses money."""

    model_config = ConfigDict(extra="ignore")

    amount: Sum
    way: Literal["to_bonuses", "to_money"] = "to_bonuses"


class ConversionOut(BaseModel):
    """What was turned, and what the partner has after it."""

    id: str
    partner: str
    way: str
    money: str
    bonuses: str
    money_available: str
    bonuses_available: str


@bp.post("/<string:refcode>/conversions")
@bp.input(ConversionIn)
@bp.output(ConversionOut, status_code=201)
@requires("partners")
def convert(refcode: str, json_data: ConversionIn) -> dict[str, Any]:
    """Turn money into bonuses with the program's premium, or bonuses into money. 422 where it may not be."""
    partner, currency = _found(refcode), g.tenant.currency
    try:
        amount = parse_decimal(json_data.amount, currency)
    except MoneyError as error:
        message = _('Write a decimal as a string, such as "1990.00".')
        raise DomainError("invalid", message, FieldError("amount", message)) from error
    verb = service.convert if json_data.way == "to_bonuses" else service.withdraw
    made, now = verb(partner, amount, f"api:{public_id('cv')}"), queries.purse(partner)
    sums = {"money": made.money, "bonuses": made.bonuses}
    sums |= {"money_available": now.money, "bonuses_available": now.bonuses}
    return {
        "id": made.public_id,
        "partner": partner.refcode,
        "way": made.way,
        **{name: to_decimal_string(sum_, currency) for name, sum_ in sums.items()},
    }


def _found(refcode: str) -> Partner:
    found = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if found is None:
        raise NotFound
    return found
