"""What keeps money from being decided on or from leaving: asked here by every door, for one payout or for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import and_, select

from app.errors import Conflict, Forbidden
from app.extensions import db
from app.papers import service as papers
from app.papers.queries import needs, of_missing
from app.papers.rules import Need
from app.partners.models import Partner
from app.payouts.models import Payout
from app.payouts.rules import PLATFORM, Refusal, State
from app.tenants.queries import people_behind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def refuse_leaving(payout: Payout) -> None:
    """Raise Conflict (409) where an approved payout may not leave: details in doubt, or a paper missing.

    Money that has left, or may have, is noted whatever there is. What the prepaid balance pays was asked
    for its papers before it was funded.
    """
    if payout.state == State.APPROVED:
        refuse_frozen(payout.partner_id)
        if payout.settled_by != PLATFORM:
            papers.refuse_missing(payout.partner_id)


def kept_back(partner_ids: Iterable[int]) -> dict[int, Refusal]:
    """Return why money may not leave to partners now; the others are left out."""
    ids = set(partner_ids)
    found = dict.fromkeys(lacking(ids), Refusal.DOCUMENTS)
    return found | dict.fromkeys(frozen(ids), Refusal.FROZEN)


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
        raise Conflict(
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
    if partner.person_id is not None and partner.person_id in people_behind(by):
        raise Forbidden("own_payout", _("Your own payout must be decided by somebody else."))


def refuse_own_among(payout_ids: Collection[int], by: str) -> None:
    """Nobody says of many that they came back where one of them is their own."""
    people = people_behind(by)
    query = (
        select(Payout.id)
        .join(Partner, and_(Partner.tenant_id == Payout.tenant_id, Partner.id == Payout.partner_id))
        .where(Payout.id.in_(payout_ids), Partner.person_id.in_(people))
    )
    if payout_ids and people and db.session.scalar(query.limit(1)) is not None:
        raise Forbidden(
            "own_payout",
            _("A payout of your own is among those that came back: somebody else must apply this."),
        )
