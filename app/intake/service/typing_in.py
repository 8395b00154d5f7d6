"""A customer types a partner's code himself, before any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import clock
from app.attribution import queries as attribution
from app.attribution.rules import CONFIRMED, TYPED, Kind, Reason
from app.codes import queries as codes
from app.coupons import queries as coupons
from app.events import service as events
from app.intake.service.taking import introduce
from app.members import queries as members
from app.members.service import Card, Contact
from app.tenants.queries import setting

if TYPE_CHECKING:
    from app.coupons.queries import Given
    from app.members.models import Member


@dataclass(frozen=True)
class Typed:
    """What came of it: whether the code is good at all, and the coupon that was given just now."""

    good: bool
    coupon: Given | None = None
    grant: str | None = None  # its outside id


NOTHING = Typed(good=False)


def type_code(code: str, contact: Contact, locale: str, *, may_ask: bool = True) -> Typed:
    """Bind a customer by a code that he typed on a page, with an e-mail or phone as his name.

    Nobody has shown yet that the address is his: a customer who is known already is not moved by it,
    but asked by letter, where existing customers are attracted and (`may_ask`) he may be written to
    once more. A code of nobody's leaves nothing.
    """
    found = codes.standing(code, contact.shop_id)
    if found is None:
        return NOTHING
    before = coupons.grants_of(contact.email, contact.phone)
    member_id = introduce(contact, [(Kind.PARTNER_CODE, code)], TYPED, Card(frozenset()), locale)
    ask = _must_be_asked(member_id, code)
    events.record(
        "code.typed",
        f"member:{member_id}",
        member_id=member_id,
        partner_id=found.partner.id,
        code=found.display,
        locale=locale,
        confirm=ask and may_ask and contact.email is not None,
    )
    if found.reason is not None:
        return NOTHING
    grant = next(
        (g for g in coupons.grants_of(contact.email, contact.phone) if g not in before), None
    )
    given = coupons.given_by_id(grant) if grant else None
    return Typed(good=True, coupon=given, grant=grant)


def confirm_code(member: Member, code: str, locale: str) -> None:
    """Bind a customer by a code of which the owner of his e-mail has said that it was he who typed it."""
    customer_id = member.key.removeprefix("id:") if member.key.startswith("id:") else None
    contact = Contact(
        shop_id=member.shop_id,
        customer_id=customer_id,
        email=member.email,
        phone=member.phone,
        name=member.name,
        group=member.group,
        seen_at=clock.now(),
    )
    introduce(contact, [(Kind.PARTNER_CODE, code)], CONFIRMED, Card(frozenset()), locale)


def _must_be_asked(member_id: int, code: str) -> bool:
    """Whether only the customer's own word is missing for the code to count."""
    if setting("existing") != "attract" or attribution.bound_to(member_id) is not None:
        return False
    lost = [
        each
        for each in attribution.enrolments(member_id)
        if each.evidence == code and each.how == TYPED
    ]
    known = members.by_id(member_id)
    return known is not None and any(e.why == Reason.EXISTING_CUSTOMER.value for e in lost)
