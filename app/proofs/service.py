"""Seal the books, prove lines of them, keep what the nightly check said. Never on the way of a posting."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.errors import DomainError
from app.events.service import record
from app.extensions import db
from app.proofs import queries, rules
from app.proofs.models import Block, Checkup, Mark
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

TOGETHER = 20_000  # transfers of a block at most

# Only transactions below the oldest running one have surely ended, so that nothing comes later where all
# is said to be sealed. Numbers not given out yet are of a life before a restore, and have ended too.
_SEAL = """
WITH bound AS MATERIALIZED (
    SELECT pg_snapshot_xmin(s)::text::bigint AS low, pg_snapshot_xmax(s)::text::bigint AS high
    FROM pg_current_snapshot() s
), next AS MATERIALIZED (
    SELECT t.id, t.xid, coalesce(t.partner_id, 0) AS partner_id, t.reason AS words,
           encode(uuid_send(gen_random_uuid()), 'hex') AS salt
    FROM transfer t CROSS JOIN bound
    WHERE t.xid >= %(upto)s AND (t.xid < bound.low OR t.xid >= bound.high)
      AND NOT EXISTS (SELECT FROM proof_leaf l WHERE l.transfer_id = t.id)
    ORDER BY t.xid, t.id LIMIT %(most)s
), salted AS MATERIALIZED (
    SELECT next.*, CASE WHEN words IS NOT NULL THEN proof_hash('reason', salt, words) END AS reason
    FROM next
), leaves AS (
    INSERT INTO proof_leaf (transfer_id, block, partner_id, salt, reason, hash)
    SELECT t.id, %(block)s, s.partner_id, s.salt, s.reason,
           proof_hash('leaf', s.salt, proof_text(t, s.reason))
    FROM salted s JOIN transfer t ON t.id = s.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM leaves) AS sealed, bound.low, (SELECT max(xid) FROM next) AS last FROM bound
"""
_GROUPS = """
INSERT INTO proof_group (block, partner_id, rows, hash)
SELECT block, partner_id, count(*), proof_hash('group', string_agg(hash, E'\\n' ORDER BY transfer_id))
FROM proof_leaf WHERE block = %(block)s GROUP BY block, partner_id
"""
_ROOT = """
SELECT proof_root(array_agg(hash ORDER BY partner_id)) AS root FROM proof_group WHERE block = %(block)s
"""


def seal(most: int = TOGETHER) -> int:
    """Seal the oldest transfers that are not sealed yet as one block; return how many there were.

    Two at once take turns. Call it again until it returns 0: then all that had ended is sealed.
    """
    _take_turns()
    last = queries.newest()
    number = last.number + 1 if last else 1
    mark = db.session.scalar(select(Mark.upto).where(Mark.tenant_id == current_tenant())) or 0
    done = sql.one(_SEAL, {"upto": mark, "most": most, "block": number})
    sealed = int(done.sealed)
    # A full block may have left rows of its last transaction; what a restore brought has numbers too high.
    _move_mark(min(done.last, done.low) if sealed == most else done.low)
    if sealed:
        sql.send(_GROUPS, {"block": number})
        root = str(sql.one(_ROOT, {"block": number}).root)
        at = clock.now()
        before = last.head if last else rules.START
        made = Block(
            number=number,
            root=root,
            head=rules.head(number, before, root, queries.moment_text(at)),
            rows=sealed,
            sealed_at=at,
        )
        db.session.add(made)
        db.session.flush()
    return sealed


def is_due(zone: str) -> bool:
    """Whether the merchant's day has no block of its own yet."""
    last = queries.newest()
    return last is None or clock.day_of(last.sealed_at, zone) < clock.today(zone)


def forget_mark() -> None:
    """Look at all transfers again: after a restore, numbers of transactions begin anew."""
    _take_turns()
    _move_mark(0)


def _take_turns() -> None:
    db.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtext("proofs"), current_tenant()))
    )


def _move_mark(upto: int) -> None:
    moved = insert(Mark).values(upto=upto)
    moved = moved.on_conflict_do_update(index_elements=["tenant_id"], set_={"upto": upto})
    db.session.execute(moved)


def proof_of(transfers: Iterable[int]) -> dict[str, Any]:
    """Return what proves transfers of the merchant in scope, as JSON takes it; others' rows are not in it.

    Keys: format, merchant, fields, made_at, mark {number, head, sealed_at} (None where nothing of it is
    sealed), before, blocks, groups, and unsealed: how many are too new. Each group's rows carry salt and
    text where asked for, else the bare hash. Raises DomainError for more lines than a file may have.
    """
    ids = list(transfers)
    if len(ids) > rules.MOST_LINES:
        raise DomainError("too_many", queries.too_many(rules.MOST_LINES))
    parts = queries.sealed_rows(ids)
    found: dict[str, Any] = {
        "format": rules.FORMAT,
        "merchant": queries.slug(),
        "made_at": queries.moment_text(clock.now()),
        "fields": list(rules.FIELDS),
        "mark": None,
        "before": rules.START,
        "blocks": [],
        "groups": [],
        "unsealed": len(ids) - sum("text" in row for rows in parts.values() for row in rows),
    }
    if parts:
        numbers = sorted({number for number, _partner in parts})
        chain = queries.chain(numbers[0], numbers[-1])
        found["before"] = queries.head_of(numbers[0] - 1) or rules.START
        found["blocks"] = [_shown(block) for block in chain]
        found["mark"] = {
            "number": chain[-1].number,
            "head": chain[-1].head,
            "sealed_at": queries.moment_text(chain[-1].sealed_at),
        }
        found["groups"] = _proven(parts, numbers)
    return found


def _shown(block: Block) -> dict[str, Any]:
    return {
        "number": block.number,
        "root": block.root,
        "sealed_at": queries.moment_text(block.sealed_at),
    }


def _proven(
    parts: dict[tuple[int, int], list[dict[str, Any]]], numbers: Sequence[int]
) -> list[dict[str, Any]]:
    beside: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in queries.groups(numbers):
        beside[row.block].append((row.partner_id, row.hash))
    found = []
    for (number, partner), rows in sorted(parts.items()):
        place = [each for each, _hash in beside[number]].index(partner)
        way = rules.path([each for _partner, each in beside[number]], place)
        found.append({"block": number, "rows": rows, "path": way})
    return found


def file_of(
    partner_id: int | None, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Return the verifiable file of a partner's transfers (None: of all) with since <= at < until.

    Raises as `proof_of`.
    """
    return proof_of(queries.transfer_ids(partner_id, since, until, rules.MOST_LINES + 1))


def note(day: date, invariants: int, broken: Sequence[str], transfers: int) -> bool:
    """Keep what the check of a day said of the merchant in scope; False where the day has its word."""
    last = queries.newest()
    values = {
        "day": day,
        "at": clock.wall(),
        "transfers": transfers,
        "invariants": invariants,
        "broken": list(broken),
        "block": last.number if last else None,
        "head": last.head if last else None,
    }
    kept = insert(Checkup).values(values).on_conflict_do_nothing().returning(Checkup.id)
    return db.session.scalar(kept) is not None


def tell(found: dict[str, list[str]]) -> None:
    """Tell the operator which merchants' books are not in order: {slug: names of what did not hold}."""
    if found:
        names = sorted({name for each in found.values() for name in each})
        record("books.broken", "books", merchants=sorted(found)[:20], many=len(found), names=names)
