"""Payouts for programs: ask on a partner's behalf, decide, record what was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.partners import queries as partners
from app.payouts import queries, service
from app.payouts.schemas import PayoutIn, PayoutList, PayoutOut, PayoutsIn, ReasonIn
from app.site.access import body_may_be_absent, requires

if TYPE_CHECKING:
    from datetime import datetime

    from app.payouts.queries import Line

bp = APIBlueprint("payouts", __name__, url_prefix="/payouts", tag="Payouts")


@bp.get("")
@bp.input(PayoutsIn, location="query")
@bp.output(PayoutList)
@requires("payouts")
def index(query_data: PayoutsIn) -> dict[str, Any]:
    """List payouts, newest first."""
    limit = query_data.limit
    found = queries.newest(
        limit + 1,
        before=query_data.before,
        state=query_data.state,
        partner_id=_partner(query_data.partner) if query_data.partner else None,
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
@bp.input(PayoutIn)
@bp.output(PayoutOut, status_code=201)
@requires("payouts")
def create(json_data: PayoutIn) -> dict[str, Any]:
    """Ask for a payout on a partner's behalf, or record a payment already made."""
    said = json_data
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
@bp.input(ReasonIn)
@bp.output(PayoutOut)
@requires("payouts")
@body_may_be_absent
def reject(public_id: str, json_data: ReasonIn) -> dict[str, Any]:
    """Refuse to pay; the money is available again. The body may say why."""
    reason = (json_data.reason or "").strip() or _("Declined by the merchant.")
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
@bp.input(ReasonIn)
@bp.output(PayoutOut)
@requires("payouts")
@body_may_be_absent
def failed(public_id: str, json_data: ReasonIn) -> dict[str, Any]:
    """Say that the money came back; it is available again. The body may say why."""
    service.fail(_line(public_id).payout.id, json_data.reason or "", actor())
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


def _invalid(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
