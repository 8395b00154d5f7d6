"""Payouts for programs: ask on a partner's behalf, decide, record what was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _
from pydantic import BaseModel, ValidationError

from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.partners import queries as partners
from app.payouts import queries, service
from app.payouts.rules import State
from app.payouts.schemas import PayoutIn, PayoutList, PayoutOut, ReasonIn
from app.site.access import requires

if TYPE_CHECKING:
    from datetime import datetime

    from app.payouts.queries import Line

Said = TypeVar("Said", bound=BaseModel)
bp = APIBlueprint("payouts", __name__, url_prefix="/payouts", tag="Payouts")
MOST = 200


@bp.get("")
@bp.output(PayoutList)
@requires("payouts")
def index() -> dict[str, Any]:
    """List payouts, newest first; `?state=`, `?partner=` narrow, `?limit=` (1 to 200) and `&cursor=` page."""
    limit = _number("limit", 50)
    if not 1 <= limit <= MOST:
        raise _invalid("limit", _("limit goes from 1 to 200."))
    partner = request.args.get("partner")
    state = request.args.get("state")
    if state is not None and state not in {s.value for s in State}:
        raise _invalid("state", _("There is no such state."))
    found = queries.newest(
        limit + 1,
        before=_number("cursor", 0) or None,
        state=state,
        partner_id=_partner(partner) if partner else None,
    )
    page = found[:limit]
    return {
        "items": [_answer(line) for line in page],
        "next": str(page[-1].payout.id) if len(found) > limit else None,
    }


@bp.get("/<string:public_id>")
@bp.output(PayoutOut)
@requires("payouts")
def show(public_id: str) -> dict[str, Any]:
    """Return one payout."""
    return _answer(_line(public_id))


@bp.post("")
@bp.input(PayoutIn, location="json", validation=False)
@bp.output(PayoutOut, status_code=201)
@requires("payouts")
def create(json_data: dict[str, Any]) -> dict[str, Any]:
    """Ask for a payout on a partner's behalf, or record a payment already made."""
    said = _read(PayoutIn)
    partner_id = _partner(said.partner)
    amount = _amount(said.amount)
    if said.state == "paid":
        made = service.record_paid(partner_id, amount, said.method, actor(), said.reason)
    else:
        made = service.request_for(partner_id, amount, said.method, actor())
    return _answer(_line(made.public_id))


@bp.post("/<string:public_id>/approve")
@bp.output(PayoutOut)
@requires("payouts")
def approve(public_id: str) -> dict[str, Any]:
    """Agree to pay; 409 while the partner owes. Above the limit of one person it waits for another's, 403 twice."""
    service.approve(_line(public_id).payout.id, actor())
    return _answer(_line(public_id))


@bp.post("/<string:public_id>/reject")
@bp.output(PayoutOut)
@requires("payouts")
def reject(public_id: str) -> dict[str, Any]:
    """Refuse to pay; the money is available again. The body may say why: `{"reason"}`."""
    reason = (_read(ReasonIn).reason or "").strip() or _("Declined by the merchant.")
    service.reject(_line(public_id).payout.id, reason, actor())
    return _answer(_line(public_id))


@bp.post("/<string:public_id>/paid")
@bp.output(PayoutOut)
@requires("payouts")
def paid(public_id: str) -> dict[str, Any]:
    """Say that the money was sent: from approved, directly."""
    service.pay(_line(public_id).payout.id, actor())
    return _answer(_line(public_id))


@bp.post("/<string:public_id>/failed")
@bp.output(PayoutOut)
@requires("payouts")
def failed(public_id: str) -> dict[str, Any]:
    """Say that the money came back; it is available again. The body may say why: `{"reason"}`."""
    service.fail(_line(public_id).payout.id, _read(ReasonIn).reason or "", actor())
    return _answer(_line(public_id))


def _answer(line: Line) -> dict[str, Any]:
    payout = line.payout
    return {
        "id": payout.public_id,
        "state": payout.state,
        "partner": line.refcode,
        "amount": to_decimal_string(payout.amount, payout.currency),
        "fee": to_decimal_string(payout.fee, payout.currency),
        "withheld": to_decimal_string(payout.withheld, payout.currency),
        "net": to_decimal_string(payout.net, payout.currency),
        "settled_by": payout.settled_by,
        "method": line.method_code,
        "reason": payout.reason,
        "requested_at": payout.requested_at.isoformat(),
        "first_approved_at": _moment(payout.first_approved_at),
        "approved_at": _moment(payout.approved_at),
        "ended_at": _moment(payout.ended_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _line(public_id: str) -> Line:
    found = queries.line(public_id) if "\x00" not in public_id else None
    if found is None:
        raise NotFound
    return found


def _read(schema: type[Said]) -> Said:
    """Read the body, strictly; none at all is an empty one."""
    body = request.get_json() if request.get_data() else {}
    try:
        return schema.model_validate(body)
    except ValidationError as error:
        complaints = [
            FieldError(".".join(str(part) for part in one["loc"]), one["msg"])
            for one in error.errors()
        ]
        raise DomainError(
            "invalid", _("The payout cannot be taken as it is."), *complaints
        ) from error


def _partner(refcode: str) -> int:
    found = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if found is None:
        raise _invalid("partner", _("There is no such partner."))
    return found.id


def _amount(text: str) -> int:
    try:
        return parse_decimal(text, g.tenant.currency)
    except MoneyError as error:
        raise _invalid("amount", _('Write a sum as a string, such as "1990.00".')) from error


def _number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise _invalid(name, _("This must be a whole number."))
    return int(text)


def _invalid(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
