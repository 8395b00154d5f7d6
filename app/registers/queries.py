"""Reads of registers and bank files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, func, select

from app.extensions import db
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import OWN, Refusal
from app.registers.models import BankFile, BankLine, Register, RegisterLine
from app.registers.rules import Lack, Line
from app.registers.rules import Payout as Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

AT_ONCE = 1_000  # numbers looked up in one statement
HELD: dict[Refusal | None, Lack] = {
    Refusal.FROZEN: Lack.FROZEN,
    Refusal.DOCUMENTS: Lack.DOCUMENTS,
    Refusal.BLOCKED: Lack.BLOCKED,
}


def _named() -> Select[Any]:
    found = (
        select(Payout, Partner.name.label("partner"), PayoutMethod.name.label("method"))
        .join(Partner, and_(Partner.tenant_id == Payout.tenant_id, Partner.id == Payout.partner_id))
        .join(
            PayoutMethod,
            and_(PayoutMethod.tenant_id == Payout.tenant_id, PayoutMethod.id == Payout.method_id),
        )
    )
    return cast("Select[Any]", found)


def to_pay(*, run_id: int | None = None, numbers: Sequence[str] | None = None) -> list[Payout]:
    """Return the approved payouts of a run, or those with these numbers, or all outside of runs."""
    query = select(Payout).where(Payout.state == "approved", Payout.settled_by == OWN)
    if run_id is not None:
        query = query.where(Payout.run_id == run_id)
    elif numbers is not None:
        query = query.where(Payout.public_id.in_(numbers))
    return list(db.session.scalars(query.order_by(Payout.id)))


def written(chosen: Sequence[Payout]) -> list[Line]:
    """Return payouts as lines of a register, in their order, with the details that each carries."""
    ids = [payout.id for payout in chosen]
    details = payouts.copied_all(chosen)
    rows = {row.Payout.id: row for row in db.session.execute(_named().where(Payout.id.in_(ids)))}
    return [
        Line(
            p.public_id, p.net, p.currency, rows[p.id].partner, rows[p.id].method, details.get(p.id)
        )
        for p in chosen
    ]


def to_write(chosen: Sequence[Payout]) -> list[Line]:
    """Return payouts that are to be sent as lines, each with what keeps it back whatever the format."""
    held = payouts.kept_back(payout.partner_id for payout in chosen)
    return [
        replace(line, held=HELD.get(held.get(payout.partner_id)))
        for payout, line in zip(chosen, written(chosen), strict=True)
    ]


def find(public_id: str) -> Register | None:
    """Return a register by its outside id."""
    return db.session.scalar(select(Register).where(Register.public_id == public_id))


def payouts_of(register: Register) -> list[Payout]:
    """Return a register's payouts in its order."""
    query = (
        select(Payout)
        .join(
            RegisterLine,
            and_(RegisterLine.tenant_id == Payout.tenant_id, RegisterLine.payout_id == Payout.id),
        )
        .where(RegisterLine.register_id == register.id)
    )
    return list(db.session.scalars(query.order_by(RegisterLine.n)))


def registers(run_id: int | None, most: int = 20) -> Sequence[Register]:
    """Return the newest registers of a run, or of payouts outside of runs."""
    query = select(Register).where(
        Register.run_id == run_id if run_id is not None else Register.run_id.is_(None)
    )
    return db.session.scalars(query.order_by(Register.id.desc()).limit(most)).all()


def last_number() -> int:
    """Return the number of the newest register; the caller holds the turn."""
    return int(db.session.scalar(select(func.max(Register.number))) or 0)


def known(numbers: Iterable[str]) -> dict[str, Known]:
    """Return the payouts that these numbers name."""
    wanted, found = sorted(set(numbers)), {}
    for start in range(0, len(wanted), AT_ONCE):
        query = select(Payout).where(Payout.public_id.in_(wanted[start : start + AT_ONCE]))
        for payout in db.session.scalars(query):
            found[payout.public_id] = Known(payout.id, payout.public_id, payout.state, payout.net)
    return found


def file(public_id: str) -> BankFile | None:
    """Return a bank file by its outside id."""
    return db.session.scalar(select(BankFile).where(BankFile.public_id == public_id))


def file_of(digest: str) -> BankFile | None:
    """Return the file that was loaded with these bytes."""
    return db.session.scalar(select(BankFile).where(BankFile.digest == digest))


def same_file(digest: str) -> BankFile:
    """Return the file of these bytes, which is known to be there."""
    return db.session.scalars(select(BankFile).where(BankFile.digest == digest)).one()


def files() -> Select[Any]:
    """Return the statement of all bank files."""
    return select(BankFile)


def lines(file_id: int) -> Select[Any]:
    """Return the statement of a file's lines with payout and partner."""
    found = (
        select(
            BankLine,
            Payout.public_id.label("payout"),
            Payout.state.label("state"),
            Partner.name.label("partner"),
            Partner.refcode.label("refcode"),
        )
        .outerjoin(
            Payout, and_(Payout.tenant_id == BankLine.tenant_id, Payout.id == BankLine.payout_id)
        )
        .outerjoin(
            Partner, and_(Partner.tenant_id == Payout.tenant_id, Partner.id == Payout.partner_id)
        )
        .where(BankLine.file_id == file_id)
    )
    return cast("Select[Any]", found)


def rows(file_id: int) -> Sequence[BankLine]:
    """Return a file's lines in their order."""
    query = select(BankLine).where(BankLine.file_id == file_id).order_by(BankLine.n)
    return db.session.scalars(query).all()


def sums(file_id: int) -> dict[str, tuple[int, int]]:
    """Return {verdict: (how many, minor units)}."""
    query = (
        select(BankLine.verdict, func.count(), func.sum(BankLine.amount))
        .where(BankLine.file_id == file_id)
        .group_by(BankLine.verdict)
    )
    return {verdict: (count, int(total)) for verdict, count, total in db.session.execute(query)}
