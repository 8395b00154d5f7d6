"""A customer's bonuses for programs: what there is, what moved it, and entries by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app import clock
from app.bonuses import queries, service
from app.bonuses.rules import Grant
from app.bonuses.schemas import BonusesOut, BonusIn, BonusOut, EntriesIn, EntryList
from app.errors import DomainError, FieldError, NotFound
from app.members import queries as members
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.orders import queries as orders
from app.site.access import requires
from app.tenancy import public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from app.members.models import Member

bp = APIBlueprint("bonuses", __name__, url_prefix="", tag="Bonuses")

KINDS = {
    "grant": "earned",
    "spend": "spent",
    "return": "returned",
    "lapse": "lapsed",
    "claw": "taken_back",
    "debt": "taken_back",
}
_CURSOR = re.compile(r"(\d{1,17})-([01])-(\d{1,18})", re.ASCII)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@bp.get("/members/<path:external_id>/bonuses")
@bp.output(BonusesOut)
@requires("orders")
def balance(external_id: str) -> dict[str, Any]:
    """Return what a customer has in bonuses, and what of it lapses next."""
    return _balance(_member(external_id), external_id)


@bp.get("/members/<path:external_id>/bonuses/entries")
@bp.input(EntriesIn, location="query")
@bp.output(EntryList)
@requires("orders")
def entries(external_id: str, query_data: EntriesIn) -> dict[str, Any]:
    """Return the statement, newest first."""
    member, limit = _member(external_id), query_data.limit
    found = queries.entries(member.id, limit + 1, _cursor(query_data.cursor))
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    known = orders.external_ids([row.order_id for row in page if row.order_id])
    return {
        "items": [_entry(row, known) for row in page],
        "next": None if last is None else f"{(last.at - _START) // _TICK}-{last.place}-{last.n}",
    }


@bp.post("/bonuses")
@bp.input(BonusIn)
@bp.output(BonusOut, status_code=201)
@requires("orders")
def book(json_data: BonusIn) -> dict[str, Any]:
    """Accrue by hand or from an outside service, or deduct with a minus. 422 above what there is."""
    if not tenants.setting("loyalty"):
        raise DomainError("no_loyalty", _("Bonuses are not switched on."))
    member, currency = _named(json_data.member), g.tenant.currency
    amount, reason = _amount(json_data.amount, currency), json_data.reason.strip()
    until, entry = json_data.expires_at, public_id("be")
    if until is not None and until <= clock.now():
        raise _invalid("expires_at", _("This moment has passed."))
    if amount > 0:
        grant = Grant(
            member_id=member.id,
            amount=amount,
            reference=f"hand:{entry}",
            kind="api",
            expires_at=until,
            reason=reason,
        )
        service.grant([grant])
    else:
        _deduct(member, -amount, f"hand:{entry}", reason)
    return {
        "id": entry,
        "member": json_data.member,
        "amount": to_decimal_string(amount, currency),
        "reason": reason,
        "expires_at": until if amount > 0 else None,
        "balance": _balance(member, json_data.member),
    }


def _deduct(member: Member, amount: int, reference: str, reason: str) -> None:
    try:
        service.spend(member.id, amount, reference, reason=reason)
    except service.NotEnough as error:
        raise _invalid("amount", _("The customer has fewer bonuses.")) from error


def _member(external_id: str) -> Member:
    found = None
    if "\x00" not in external_id and len(external_id) <= 128:
        found = members.by_external(g.shop_id, external_id)
    if found is None:
        raise NotFound
    return found


def _named(external_id: str) -> Member:
    try:
        return _member(external_id)
    except NotFound as error:
        raise _invalid("member", _("The shop has no such customer.")) from error


def _balance(member: Member, external_id: str) -> dict[str, Any]:
    found, currency = queries.balance(member.id), g.tenant.currency
    following = found.next_expiry
    return {
        "member": external_id,
        **{
            name: to_decimal_string(getattr(found, name), currency)
            for name in ("available", "pending", "held", "debt")
        },
        "next_expiry": following
        and {"at": following[0], "amount": to_decimal_string(following[1], currency)},
    }


def _entry(row: Any, known: dict[int, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "kind": KINDS[row.act],
        "why": row.why,
        "amount": to_decimal_string(row.amount, g.tenant.currency),
        "active": row.active,
        "activates_at": row.activates_at,
        "expires_at": row.expires_at,
        "order": known.get(row.order_id),
        "reason": row.reason,
    }


def _amount(text: str, currency: str) -> int:
    words = _('Write a sum as a string, such as "200.00" or "-50.00", not zero.')
    try:
        amount = parse_decimal(text, currency, allow_negative=True)
    except MoneyError as error:
        raise _invalid("amount", words) from error
    if not amount:
        raise _invalid("amount", words)
    return amount


def _cursor(text: str | None) -> tuple[datetime, int, int] | None:
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise _invalid("cursor", _("This cursor is none of ours."))
    at, place, n = (int(part) for part in found.groups())
    return _START + at * _TICK, place, n


def _invalid(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
