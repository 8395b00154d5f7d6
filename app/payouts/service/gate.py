"""What keeps money from being decided on or from leaving: asked here by every door, for one payout or for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.errors import Conflict, Forbidden
from app.extensions import db
from app.identity import queries as identity
from app.identity.models import Membership
from app.papers import service as papers
from app.papers.queries import needs, of_missing
from app.papers.rules import Need
from app.partners.models import Partner
from app.payouts.models import Payout
from app.payouts.rules import PLATFORM, Refusal, State
from app.tenancy import current_tenant
from app.tenants.queries import people_behind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def refuse_leaving(payout: Payout) -> None:
    """Raise Conflict (409) where an approved payout may not leave: blocked, details in doubt, a paper missing.

    Money that has left, or may have, is noted whatever there is. What the prepaid balance pays was asked
    for its papers before it was funded.
    """
    if payout.state == State.APPROVED:
        if blocked([payout.partner_id]):
            raise _while_blocked()
        refuse_frozen(payout.partner_id)
        if payout.settled_by != PLATFORM:
            papers.refuse_missing(payout.partner_id)


def kept_back(partner_ids: Iterable[int]) -> dict[int, Refusal]:
    """Return why money may not leave to partners now; the others are left out."""
    ids = set(partner_ids)
    found = dict.fromkeys(lacking(ids), Refusal.DOCUMENTS)
    found |= dict.fromkeys(blocked(ids), Refusal.BLOCKED)
    return found | dict.fromkeys(frozen(ids), Refusal.FROZEN)


def blocked(partner_ids: Iterable[int]) -> set[int]:
    """Return who is blocked, and not so that what was earned may still be paid."""
    query = select(Partner.id).where(
        Partner.id.in_(set(partner_ids)), Partner.status == "blocked", ~Partner.pays_blocked
    )
    return set(db.session.scalars(query))


def frozen(partner_ids: Iterable[int]) -> set[int]:
    """Return whose details are in doubt: a change of them was disowned, and nobody has cleared it up."""
    query = select(Partner.id).where(
        Partner.id.in_(set(partner_ids)), Partner.details_frozen_at.is_not(None)
    )
    return set(db.session.scalars(query))


def blocking() -> bool:
    """Whether there is any paper without which nothing is paid."""
    return any(need is Need.BLOCK for each in needs().values() for need in each.values())


def lacking(partner_ids: Iterable[int]) -> set[int]:
    """Return who lacks a paper without which nothing is paid."""
    if not blocking():
        return set()
    return {partner for partner, found in of_missing(partner_ids).items() if found.blocks}


def refuse_blocked(partner: Partner) -> None:
    """Raise Conflict: what a blocked partner has earned matures, and payouts wait.

    Unless whoever blocked him said that what he earned may still be paid.
    """
    if partner.status == "blocked" and not partner.pays_blocked:
        raise _while_blocked()


def _while_blocked() -> Conflict:
    return Conflict(
        "partner_blocked", _("The partner is blocked; payouts wait until that is lifted.")
    )


def refuse_frozen(partner_id: int) -> None:
    """Raise Conflict while a change of details is disowned: a payout may carry the very details in doubt."""
    if frozen([partner_id]):
        raise Conflict(
            "details_frozen",
            _(
                "The partner said that a change of details was not theirs. Speak with the partner before you pay."
            ),
        )


def refuse_own(partner: Partner, by: str) -> None:
    """Nobody decides on money for themselves, nor by a key of their own."""
    if own_among([partner.id], by):
        raise Forbidden("own_payout", _("Your own payout must be decided by somebody else."))


def refuse_own_among(payout_ids: Collection[int], by: str) -> None:
    """Nobody says of many that they came back where one of them is their own."""
    query = select(Payout.partner_id).where(Payout.id.in_(payout_ids))
    if payout_ids and own_among(db.session.scalars(query), by):
        raise Forbidden(
            "own_payout",
            _("A payout of your own is among those that came back: somebody else must apply this."),
        )


def own_among(partner_ids: Iterable[int], by: str) -> set[int]:
    """Return which of the partners are the very people behind `by`."""
    return set(partner_ids) & own_of(by)


def own_of(by: str) -> set[int]:
    """Return which partners are the very people behind `by`.

    By whom the card names, by who signs in as the partner, or by the e-mail on the card.
    """
    people = people_behind(by)
    if not people:
        return set()
    emails = {person.email for person in identity.people(people).values()}
    joined = select(Membership.partner_id).where(
        Membership.tenant_id == current_tenant(),
        Membership.person_id.in_(people),
        Membership.partner_id.is_not(None),
    )
    query = select(Partner.id).where(
        or_(Partner.person_id.in_(people), Partner.email.in_(emails), Partner.id.in_(joined))
    )
    return set(db.session.scalars(query))
