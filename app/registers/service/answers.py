"""What the bank answers: a file is read and weighed first, and applied when a person says so."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import insert, update
from sqlalchemy.dialects import postgresql

from app import clock
from app.crypto import open_sealed, seal
from app.errors import Conflict
from app.events.service import actor, record
from app.extensions import db
from app.payouts import service as payouts
from app.payruns import queries as pay_runs
from app.payruns import service as pay_run_service
from app.registers import queries
from app.registers.models import BankFile, BankLine
from app.registers.rules import Entry, Unreadable, Verdict, Wrong, marks, match, read_statement
from app.tenancy import public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.registers.rules import Matched, Statement

AT_ONCE = 5_000
LONGEST_NAME, SHOWN = 120, 4
BETWEEN = "\x1f"  # stands between purpose and other party


def load(name: str, data: bytes) -> tuple[BankFile, bool]:
    """Read a file and weigh its lines; nothing follows from it yet. False: these bytes were loaded before.

    Raises Unreadable, saying why a file is refused.
    """
    digest = sha256(data).hexdigest()
    known = queries.file_of(digest)
    if known is not None:
        return known, False
    statement = read_statement(data)
    account = _own(statement)
    file = _noted(digest, name, statement, account)
    if file is None:
        return queries.same_file(digest), False
    entries = [e for e in statement.entries if e.account == account]
    found = _weighed(entries)
    rows = [
        {
            "file_id": file.id,
            "n": n,
            "incoming": m.entry.incoming,
            "amount": m.entry.amount,
            "on_day": m.entry.on_day,
            "sealed": seal(f"{m.entry.text}{BETWEEN}{m.entry.other}"),
            "payout_id": m.payout_id,
            "verdict": m.verdict.value,
        }
        for n, m in enumerate(found, start=1)
    ]
    for start in range(0, len(rows), AT_ONCE):
        db.session.execute(insert(BankLine), rows[start : start + AT_ONCE])
    return file, True


def _noted(digest: str, name: str, statement: Statement, account: str) -> BankFile | None:
    """Write a file down; None: these bytes are being loaded at the same moment, and that one counts."""
    values = {
        "public_id": public_id("bf"),
        "digest": digest,
        "name": _tidy(name),
        "format": statement.format,
        "account": account[-SHOWN:],
        "since": statement.since,
        "until": statement.until,
        "loaded_by": actor(),
        "loaded_at": clock.now(),
        "sums": {"adds_up": statement.adds_up},
    }
    made = (
        postgresql.insert(BankFile)
        .values(values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "digest"])
    )
    return db.session.scalar(made.returning(BankFile))


def _own(statement: Statement) -> str:
    """Return the account of ours that a statement is of. Raises Unreadable for another's."""
    payer = tenants.legal()
    ours = {payer.account, payer.iban} - {""} if payer else set()
    told = next((each for each in statement.accounts if each in ours), None)
    if told is None:
        raise Unreadable(Wrong.ACCOUNT)
    if statement.currency and statement.currency != pay_runs.tenant().currency:
        raise Unreadable(Wrong.CURRENCY)
    return told


def _tidy(name: str) -> str:
    kept = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    return kept[:LONGEST_NAME]


def _weighed(entries: Sequence[Entry]) -> list[Matched]:
    named = {number for entry in entries for number in marks(entry.text)}
    return match(entries, queries.known(named))


def apply(file: BankFile) -> dict[Verdict, int]:
    """Mark what the file says was paid or returned; return how many of each.

    Weighed anew under the locks: what somebody decided meanwhile stays as it is. Raises Conflict for a
    file that was applied, Forbidden where a payout of one's own is said to have come back.
    """
    db.session.refresh(file, with_for_update=True)
    if file.applied_at is not None:
        raise Conflict("applied", _("This statement was applied already."))
    rows, currency = queries.rows(file.id), pay_runs.tenant().currency
    found = dict(
        zip((row.id for row in rows), _weighed([_entry(row) for row in rows]), strict=True)
    )
    _keep(found)
    paid = _of(found, Verdict.PAID)
    returned = _of(found, Verdict.RETURNED)
    payouts.refuse_own_among(returned, actor())
    done: dict[Verdict, list[int]] = {Verdict.PAID: [], Verdict.RETURNED: []}
    for ids in _cut(paid):
        done[Verdict.PAID] += payouts.pay_all(
            ids, currency, actor(), told_by_bank=True, wholly=True
        )
    why = _("Returned by the bank")
    for ids in _cut(returned):
        reasons: dict[int, str | None] = dict.fromkeys(ids, why)
        done[Verdict.RETURNED] += payouts.return_all(reasons, "fail", currency, actor())
    for verdict, ids in done.items():
        told = update(BankLine).where(
            BankLine.file_id == file.id,
            BankLine.verdict == verdict.value,
            BankLine.payout_id.in_(ids),
        )
        db.session.execute(told.values(applied=True))
    for run in pay_runs.unfinished():
        pay_run_service.settle(run)
    file.applied_at, file.applied_by = clock.now(), actor()
    numbers = {verdict: len(ids) for verdict, ids in done.items()}
    record(
        "bank_file.applied",
        f"bank_file:{file.id}",
        bank_file=file.public_id,
        paid=numbers[Verdict.PAID],
        returned=numbers[Verdict.RETURNED],
    )
    db.session.flush()
    return numbers


def _entry(row: BankLine) -> Entry:
    text, other = words_of(row)
    return Entry(row.n, row.incoming, row.amount, row.on_day, text, other, "")


def words_of(row: BankLine) -> tuple[str, str]:
    """Return a line's purpose and the other party."""
    text, _between, other = open_sealed(row.sealed).partition(BETWEEN)
    return text, other


def _of(found: dict[int, Matched], verdict: Verdict) -> list[int]:
    return sorted(m.payout_id for m in found.values() if m.verdict is verdict and m.payout_id)


def _keep(found: dict[int, Matched]) -> None:
    """Write down the verdicts as they are now."""
    rows: list[dict[str, object]] = [
        {"id": number, "verdict": m.verdict.value, "payout_id": m.payout_id}
        for number, m in found.items()
    ]
    for start in range(0, len(rows), AT_ONCE):
        db.session.execute(update(BankLine), _keyed(rows[start : start + AT_ONCE]))


def _keyed(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    tenant = pay_runs.tenant().id
    return [{**row, "tenant_id": tenant} for row in rows]


def _cut(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
