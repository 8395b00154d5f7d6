"""Reads of the chain and of the nightly checks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import Select, select

from app import sql
from app.extensions import db
from app.ledger.models import Transfer
from app.proofs.models import Block, Checkup
from app.tenancy import current_tenant
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime


def moment_text(at: datetime) -> str:
    """Return a moment as it is hashed: UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def too_many(most: int) -> str:
    """Return the refusal of a file that would be too long."""
    return str(_("More than %(most)s lines: choose a shorter period.", most=most))


def slug() -> str:
    """Return the merchant's name in addresses."""
    return str(db.session.scalar(select(Tenant.slug).where(Tenant.id == current_tenant())))


def newest() -> Block | None:
    """Return the newest block: its head is the mark."""
    query = select(Block).where(Block.tenant_id == current_tenant())
    return db.session.scalar(query.order_by(Block.number.desc()).limit(1))


def head_of(number: int) -> str | None:
    """Return a block's head."""
    query = select(Block.head).where(Block.tenant_id == current_tenant(), Block.number == number)
    return db.session.scalar(query)


def blocks() -> Select[Any]:
    """All blocks of the merchant."""
    return select(Block).where(Block.tenant_id == current_tenant())


def chain(first: int, last: int) -> Sequence[Block]:
    """Return the blocks from one number to another, both included."""
    query = blocks().where(Block.number.between(first, last))
    return db.session.scalars(query.order_by(Block.number)).all()


_ROWS = """
WITH asked AS MATERIALIZED (SELECT unnest(%(ids)s::bigint[]) AS id),
     touched AS MATERIALIZED (
         SELECT DISTINCT l.block, l.partner_id FROM proof_leaf l JOIN asked ON asked.id = l.transfer_id)
SELECT l.block, l.partner_id, l.hash, l.salt, t.reason,
       CASE WHEN asked.id IS NOT NULL THEN proof_text(t, l.reason) END AS text
FROM touched JOIN proof_leaf l USING (block, partner_id)
JOIN transfer t ON t.id = l.transfer_id LEFT JOIN asked ON asked.id = t.id
ORDER BY l.block, l.partner_id, l.transfer_id
"""


def sealed_rows(ids: Sequence[int]) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """Return {(block, partner): rows}: whole groups, with salt and text of the transfers asked for."""
    found: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for row in sql.rows(_ROWS, {"ids": list(ids)}):
        shown = {"hash": row.hash}
        if row.text is not None:
            shown |= {"salt": row.salt, "text": row.text}
            if row.reason is not None:
                shown["reason"] = row.reason
        found[row.block, row.partner_id].append(shown)
    return dict(found)


_GROUPS = """
SELECT block, partner_id, hash FROM proof_group WHERE block = ANY(%(blocks)s) ORDER BY block, partner_id
"""


def groups(numbers: Sequence[int]) -> list[Any]:
    """Return every group of some blocks, in the order of the tree."""
    return sql.rows(_GROUPS, {"blocks": list(numbers)})


def transfer_ids(
    partner_id: int | None, since: datetime | None, until: datetime | None, most: int
) -> Sequence[int]:
    """Return the ids of a partner's transfers (None: of all) of a time, the oldest first."""
    query = select(Transfer.id).order_by(Transfer.id).limit(most)
    if partner_id is not None:
        query = query.where(Transfer.partner_id == partner_id)
    if since is not None:
        query = query.where(Transfer.at >= since)
    if until is not None:
        query = query.where(Transfer.at < until)
    return db.session.scalars(query).all()


def sealed_count(partner_id: int) -> int:
    """Return how many of a partner's transfers are sealed."""
    row = sql.one(
        "SELECT coalesce(sum(rows), 0)::bigint AS many FROM proof_group WHERE partner_id = %(partner)s",
        {"partner": partner_id},
    )
    return int(row.many)


def last_checkup() -> Checkup | None:
    """Return what the last nightly check said; None before the first."""
    return db.session.scalar(select(Checkup).order_by(Checkup.day.desc()).limit(1))


def checkups(limit: int = 30) -> Sequence[Checkup]:
    """Return the last nights' checks, the newest first."""
    return db.session.scalars(select(Checkup).order_by(Checkup.day.desc()).limit(limit)).all()


def was_checked(day: date) -> bool:
    """Whether the merchant in scope has the word of a day's check."""
    return db.session.scalar(select(Checkup.id).where(Checkup.day == day)) is not None


_UNSEALED = """
SELECT count(*) AS many FROM (
    SELECT FROM transfer t WHERE t.xid >= coalesce((SELECT upto FROM proof_mark), 0)
    AND NOT EXISTS (SELECT FROM proof_leaf l WHERE l.transfer_id = t.id) LIMIT 10001) x
"""


def unsealed() -> int:
    """Return how many transfers wait for the next sealing; 10,001 says more than that."""
    return int(sql.one(_UNSEALED, {}).many)


@dataclass(frozen=True)
class Word:
    """What is said of the books on a page: the newest mark, the last check, how much is sealed."""

    mark: Block | None
    checkup: Checkup | None
    entries: int  # that the last check looked at: the merchant's, or one partner's sealed ones
    unsealed: int


def word(partner_id: int | None) -> Word:
    """Return what is said to staff (None), or to a partner, who learns nothing of others' numbers."""
    checkup, mark = last_checkup(), newest()
    if partner_id is not None:
        return Word(mark, checkup, sealed_count(partner_id), 0)
    return Word(mark, checkup, checkup.transfers if checkup else 0, unsealed())
