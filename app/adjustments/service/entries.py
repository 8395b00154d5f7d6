"""Accrue, deduct, write off, and take any of it back by a counter entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext, lazy_gettext
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_pass

from app import clock
from app.adjustments.models import Adjustment, Batch
from app.adjustments.rules import (
    KEY,
    MOST,
    REASON,
    Act,
    Refusal,
    Standing,
    Wish,
    gain,
    moves,
    twice,
)
from app.errors import Conflict, DomainError, FieldError, Forbidden, NotFound
from app.events.service import Happened, actor, record_all
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.queries import guarded_balances
from app.ledger.rules import available, debt
from app.ledger.service import Posting
from app.money import LARGEST
from app.payouts import service as payouts
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flask_babel.speaklater import LazyString

WORDS: dict[str, LazyString] = {
    "zero": lazy_gettext("The amount must not be zero."),
    "too_large": lazy_gettext("The sum is too large."),
    "no_debt": lazy_gettext("There is no debt to forgive."),
    "above_debt": lazy_gettext("This is more than the debt."),
    "nothing_there": lazy_gettext("There is nothing available to write off."),
    "above_available": lazy_gettext("This is more than what is available."),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry about to be booked; `amount` is what the partner gains, minor units."""

    partner_id: int
    act: Act
    amount: int
    reason: str
    undo_of: Adjustment | None = None


def refuse(code: str) -> DomainError:
    """Return the refusal of a sum, in words, at its field."""
    message = str(WORDS[code])
    return DomainError("amount", message, FieldError("amount", message))


def refuse_own(partners: Iterable[int]) -> None:
    """Raise Forbidden where one of the partners is whoever acts."""
    if payouts.own_among(partners, actor()):
        raise Forbidden(
            "own_balance", gettext("Your own balance must be changed by somebody else.")
        )


def standings(partners: Iterable[int]) -> dict[int, Standing]:
    """Return how partners stand now, unlocked: what a preview shows."""
    ids = set(partners)
    found = guarded_balances(account(p) for p in ids for account in (available, debt))
    return {p: Standing(found.get(available(p), 0), found.get(debt(p), 0)) for p in ids}


def adjust(partner: int, amount: int, reason: str, currency: str) -> Adjustment:
    """Accrue (above zero) or deduct (below) by hand, minor units, with a reason that the partner reads.

    A deduction takes what is available, the rest becomes debt; an accrual repays debt first. Raises
    DomainError (422) for zero, for a sum beyond LARGEST and without a reason.
    """
    if not amount or abs(amount) > LARGEST:
        raise refuse("too_large" if amount else "zero")
    act = Act.ACCRUE if amount > 0 else Act.DEDUCT
    [made] = _post([_Row(partner, act, amount, _reason(reason))], currency)
    return made


def book(key: str, wishes: Sequence[Wish], currency: str) -> Batch:
    """Book up to MOST wishes of different partners in one transaction; `key` names the batch.

    The same wishes under the same key again book nothing and return the batch that stands. Raises
    Conflict for other wishes under a key that is taken, DomainError (422) for a key that no form gave,
    for none, for too many, and where a sum does not fit what the partner then has.
    """
    if not KEY.fullmatch(key):
        raise DomainError("key", gettext("This form is no longer good. Look at it again."))
    if not wishes:
        raise DomainError("nobody", gettext("Choose at least one partner."))
    if len(wishes) > MOST:
        words = gettext("At most %(most)s partners at once: narrow the choice.", most=MOST)
        raise DomainError("too_many", words)
    if twice(wish.partner_id for wish in wishes):
        raise DomainError("twice", gettext("A partner stands here more than once."))
    standing = _find(key)
    if standing is not None:
        return _the_same(standing, wishes)
    held = _hold((wish.partner_id for wish in wishes), currency)
    try:
        rows = [
            _Row(w.partner_id, w.act, gain(w, held[w.partner_id]), _reason(w.reason))
            for w in wishes
        ]
    except Refusal as error:
        raise refuse(error.code) from error
    batch = _open(key, rows)
    if batch is None:  # another transaction booked it while this one waited for the accounts
        return _the_same(_batch(key), wishes)
    _post(rows, currency, batch)
    return batch


def _the_same(batch: Batch, wishes: Sequence[Wish]) -> Batch:
    """Return a batch that books these wishes; raises Conflict for one that books others."""
    query = select(Adjustment).where(Adjustment.batch_id == batch.id)
    booked = {entry.partner_id: entry for entry in db.session.scalars(query)}
    asked = {wish.partner_id: wish for wish in wishes}
    if booked.keys() != asked.keys() or any(
        (booked[i].act, booked[i].reason) != (wish.act.value, wish.reason.strip())
        or wish.amount not in {None, abs(booked[i].amount)}
        for i, wish in asked.items()
    ):
        words = gettext(
            "Something else was booked from this form already. Look at what would be booked now."
        )
        raise Conflict("key_taken", words)
    return batch


def undo(entry_public_id: str, currency: str) -> Adjustment:
    """Take one entry back by a counter entry that names it. Raises NotFound; Conflict when it was undone."""
    entry = db.session.scalar(select(Adjustment).where(Adjustment.public_id == entry_public_id))
    if entry is None:
        raise NotFound
    _hold([entry.partner_id], currency)
    if entry.act == Act.UNDO or _undone([entry.id]):
        raise Conflict("undone", gettext("This entry was taken back already."))
    [made] = _post([_counter(entry)], currency)
    return made


def undo_batch(key: str, currency: str) -> Batch:
    """Take back every entry of a batch that still stands. Raises NotFound; Conflict when none does."""
    batch = _batch(key)
    entries = db.session.scalars(
        select(Adjustment).where(Adjustment.batch_id == batch.id).order_by(Adjustment.id)
    ).all()
    _hold((entry.partner_id for entry in entries), currency)
    done = _undone([entry.id for entry in entries])
    rows = [_counter(e) for e in entries if e.id not in done and e.act != Act.UNDO]
    if not rows:
        raise Conflict("undone", gettext("Everything here was taken back already."))
    counter = _open(public_id("ab"), rows, batch.id)
    if counter is None:
        raise LookupError("a new id has no batch")
    _post(rows, currency, counter)
    return counter


def _counter(entry: Adjustment) -> _Row:
    return _Row(entry.partner_id, Act.UNDO, -entry.amount, entry.reason, entry)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > REASON:
        message = gettext("Say why: the partner will read it.")
        raise DomainError("reason_missing", message, FieldError("reason", message))
    return reason


def _open(key: str, rows: Sequence[_Row], undo_of: int | None = None) -> Batch | None:
    """Make the batch; None where the key has one already."""
    values = {
        "public_id": key,
        "undo_of_id": undo_of,
        "number": len(rows),
        "total": sum(row.amount for row in rows),
        "actor": actor(),
        "at": clock.now(),
    }
    statement = insert_or_pass(Batch).values(values).on_conflict_do_nothing().returning(Batch)
    return db.session.scalar(statement)


def _find(key: str) -> Batch | None:
    return db.session.scalar(select(Batch).where(Batch.public_id == key))


def _batch(key: str) -> Batch:
    found = _find(key)
    if found is None:
        raise NotFound
    return found


def _undone(ids: Sequence[int]) -> set[int]:
    query = select(Adjustment.undo_of_id).where(Adjustment.undo_of_id.in_(ids))
    return {found for found in db.session.scalars(query) if found is not None}


def _hold(partners: Iterable[int], currency: str) -> dict[int, Standing]:
    ids = set(partners)
    held = ledger.lock((account(p) for p in ids for account in (available, debt)), currency)
    return {p: Standing(held[available(p)], held[debt(p)]) for p in ids}


def _post(rows: Sequence[_Row], currency: str, batch: Batch | None = None) -> list[Adjustment]:
    """Write the entries, their transfers and events, with every account locked before.

    Raises Forbidden where one of the partners is whoever does this: nobody changes a balance of his own.
    """
    refuse_own(row.partner_id for row in rows)
    standing = _hold((row.partner_id for row in rows), currency)
    made = _write(rows, batch)
    postings = []
    for row, entry in zip(rows, made, strict=True):
        found, standing[row.partner_id] = moves(
            row.partner_id, row.act, row.amount, row.reason, standing[row.partner_id]
        )
        postings.append(Posting(_reference(row, entry), found))
    left = {available(p): s.available for p, s in standing.items()}
    left |= {debt(p): s.debt for p, s in standing.items()}
    repaid = ledger.repayments(standing, left)
    receipt = ledger.send_all([*postings, *repaid], currency)
    record_all([_told(row, entry, currency) for row, entry in zip(rows, made, strict=True)])
    receipt.check()
    return made


def _write(rows: Sequence[_Row], batch: Batch | None) -> list[Adjustment]:
    values = [
        {
            "public_id": public_id("ad"),
            "batch_id": batch.id if batch else None,
            "partner_id": row.partner_id,
            "act": row.act.value,
            "amount": row.amount,
            "reason": row.reason,
            "undo_of_id": row.undo_of.id if row.undo_of else None,
            "actor": actor(),
            "at": clock.now(),
        }
        for row in rows
    ]
    statement = insert(Adjustment).returning(Adjustment, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, values))


def _reference(row: _Row, entry: Adjustment) -> str:
    """Name the fact: the counter entry carries the name of the first, which posts once."""
    return (
        f"adjustment:{row.undo_of.public_id}:undo"
        if row.undo_of
        else f"adjustment:{entry.public_id}"
    )


def _told(row: _Row, entry: Adjustment, currency: str) -> Happened:
    facts = {
        "partner_id": row.partner_id,
        "amount": row.amount,
        "currency": currency,
        "reason": row.reason,
        "act": row.act.value,
        "adjustment": entry.public_id,
    }
    if row.undo_of is not None:
        facts["undoes"] = row.undo_of.public_id
    return Happened("partner.adjusted", f"partner:{row.partner_id}", facts)
