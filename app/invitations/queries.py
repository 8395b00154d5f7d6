"""Read invitations, batches and pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app import clock, crypto
from app.extensions import db
from app.invitations.models import Batch, Invitation, PartnerPage
from app.invitations.rules import OPEN, VALID, State
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select


def by_id(invitation_id: int) -> Invitation | None:
    """Return an invitation of the scope."""
    return db.session.get(Invitation, (current_tenant(), invitation_id))


def find(public_id: str) -> Invitation | None:
    """Return an invitation by its outside id."""
    return db.session.scalar(select(Invitation).where(Invitation.public_id == public_id))


def by_token(token: str) -> Invitation | None:
    """Return the invitation that an address answers, while it may be answered."""
    query = select(Invitation).where(
        Invitation.token_hash == crypto.digest(token),
        Invitation.state.in_((State.SENT, State.OPENED)),
        Invitation.sent_at > clock.wall() - VALID,
    )
    return db.session.scalar(query)


def batch(batch_id: int) -> Batch | None:
    """Return a batch by our id."""
    return db.session.get(Batch, (current_tenant(), batch_id))


def find_batch(public_id: str) -> Batch | None:
    """Return a batch by its outside id."""
    return db.session.scalar(select(Batch).where(Batch.public_id == public_id))


def latest_batch() -> Batch | None:
    """Return the newest batch: its words are offered for the next one."""
    return db.session.scalar(select(Batch).order_by(Batch.id.desc()).limit(1))


def batches(limit: int = 20) -> Sequence[Batch]:
    """Return the newest batches."""
    return db.session.scalars(select(Batch).order_by(Batch.id.desc()).limit(limit)).all()


def listed() -> Select[Any]:
    """Return the statement of all invitations."""
    return select(Invitation)


def open_among(emails: Iterable[str]) -> set[str]:
    """Return which e-mails have an open invitation."""
    wanted = set(emails)
    query = select(Invitation.email).where(
        Invitation.email.in_(wanted), Invitation.state.in_(list(OPEN))
    )
    return set(db.session.scalars(query)) if wanted else set()


def codes_promised(keys: Iterable[str]) -> set[str]:
    """Return which folded codes an open invitation promises."""
    wanted = set(keys)
    query = select(Invitation.code_key).where(
        Invitation.code_key.in_(wanted), Invitation.state.in_(list(OPEN))
    )
    return {key for key in db.session.scalars(query) if key} if wanted else set()


def figures(batch_id: int | None = None) -> dict[str, int]:
    """Return how many invitations were asked for, are queued, were sent, opened, joined, withdrawn.

    Who opened was sent one, and who joined opened it: each figure holds the ones after it.
    """
    query = select(Invitation.state, func.count()).group_by(Invitation.state)
    if batch_id is not None:
        query = query.where(Invitation.batch_id == batch_id)
    counted = Counter({state: int(number) for state, number in db.session.execute(query)})
    opened = counted[State.OPENED] + counted[State.JOINED]
    return {
        "all": counted.total(),
        "queued": counted[State.QUEUED],
        "sent": counted[State.SENT] + opened,
        "opened": opened,
        "joined": counted[State.JOINED],
        "withdrawn": counted[State.WITHDRAWN],
    }


def waiting_batches(limit: int = 500) -> list[tuple[int, int]]:
    """Return (tenant, id) of batches whose next letters may go; to be asked as partnerka_drain."""
    query = (
        select(Batch.tenant_id, Batch.id)
        .where(Batch.next_at <= clock.wall(), Batch.is_paused.is_(False))
        .order_by(Batch.next_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in db.session.execute(query)]


def page_of(partner_id: int) -> PartnerPage | None:
    """Return a partner's page that is open now."""
    query = select(PartnerPage).where(
        PartnerPage.partner_id == partner_id, PartnerPage.revoked_at.is_(None)
    )
    return db.session.scalar(query)


def page_by_token(token: str) -> PartnerPage | None:
    """Return the open page of an address."""
    query = select(PartnerPage).where(
        PartnerPage.token_hash == crypto.digest(token), PartnerPage.revoked_at.is_(None)
    )
    return db.session.scalar(query)


def open_of(partner_id: int) -> Invitation | None:
    """Return the open invitation that is to give a partner an account."""
    query = select(Invitation).where(
        Invitation.partner_id == partner_id, Invitation.state.in_(list(OPEN))
    )
    return db.session.scalar(query)
