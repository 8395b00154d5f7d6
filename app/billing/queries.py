"""Reads of the prepaid balance: its statement, its invoices, and the operator's view of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Select, and_, func, select, text

from app.billing.models import PaymentChannel, PaymentNotice, TopUp
from app.billing.rules import Fate, Requisites, State
from app.extensions import db
from app.facts import service as facts
from app.ledger.queries import guarded_balances
from app.ledger.rules import MERCHANT_BALANCE
from app.payouts.models import Payout
from app.tenancy import PLATFORM, role, tenant_scope
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

OWNER = "platform"  # of the platform's own facts
REQUISITES, FEE_RATE = "requisites", "fee_rate"
USUAL_RATE = Decimal(15)  # per cent of a payout's gross


def balance() -> int:
    """Return the prepaid balance of the merchant in scope, minor units."""
    return guarded_balances([MERCHANT_BALANCE]).get(MERCHANT_BALANCE, 0)


@dataclass(frozen=True)
class Entry:
    """One line of the balance's statement; `amount` below zero is what left it."""

    id: int
    at: datetime
    kind: str
    amount: int
    balance: int  # after this entry
    reference: str


# As the partners' statements: the running sum is over the whole past, the page a window of it.
_STATEMENT = text(
    """
    SELECT * FROM (
        SELECT id, at, kind, reference, amount, (sum(amount) OVER past)::bigint AS balance
        FROM (SELECT id, at, kind, reference,
                     CASE WHEN target = :account THEN amount ELSE -amount END AS amount
              FROM transfer WHERE source = :account OR target = :account) t
        WINDOW past AS (ORDER BY id ROWS UNBOUNDED PRECEDING)
    ) s WHERE (:before = 0 OR id < :before) ORDER BY id DESC LIMIT :size
    """
)


def statement(before: int = 0, size: int = 50) -> list[Entry]:
    """Return what made the prepaid balance, newest first; `before`: the id of the last entry seen."""
    values = {"account": MERCHANT_BALANCE, "before": before, "size": size}
    rows = db.session.execute(_STATEMENT, values)
    return [Entry(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way to a row's names


@dataclass(frozen=True)
class About:
    """What an entry is about: the number of an invoice, or a payout's outside id."""

    invoice: int | None = None
    top_up: str | None = None
    payout: str | None = None


def subjects(entries: Sequence[Entry]) -> dict[int, About]:
    """Return what entries are about, by their ids, in two statements for any number of them."""
    named = {e.id: (e.reference.split(":")[0], int(e.reference.split(":")[1])) for e in entries}
    invoices = {number for kind, number in named.values() if kind == "top_up"}
    paid = {number for kind, number in named.values() if kind == "payout"}
    rows = db.session.execute(
        select(TopUp.id, TopUp.number, TopUp.public_id).where(TopUp.id.in_(invoices))
    )
    known = {("top_up", row.id): About(row.number, row.public_id) for row in rows}
    rows = db.session.execute(select(Payout.id, Payout.public_id).where(Payout.id.in_(paid)))
    known |= {("payout", row.id): About(payout=row.public_id) for row in rows}
    return {entry_id: known[name] for entry_id, name in named.items() if name in known}


def top_ups() -> Select[tuple[TopUp]]:
    """Return the statement of the merchant's invoices."""
    return select(TopUp)


def top_up(public_id: str) -> TopUp | None:
    """Return one of the merchant's invoices by its outside id."""
    if "\x00" in public_id:
        return None
    return db.session.scalar(select(TopUp).where(TopUp.public_id == public_id))


def top_ups_so_far() -> int:
    """Return how often the balance was topped up."""
    query = select(func.count()).where(TopUp.state == State.PAID.value)
    return db.session.scalar(query) or 0


def requisites() -> Requisites:
    """Return whom top-ups are paid to, from any scope."""
    return Requisites.of(_said(REQUISITES))


def fee_rate(at: datetime | None = None) -> Decimal:
    """Return the platform's fee in per cent of a payout's gross, as it holds at an instant (now)."""
    found = _said(FEE_RATE, at)
    return Decimal(found) if found is not None else USUAL_RATE


def _said(name: str, at: datetime | None = None) -> Any:
    with tenant_scope(PLATFORM):
        return facts.current([OWNER], [name], at=at).get(OWNER, {}).get(name)


def channel() -> PaymentChannel | None:
    """Return the open channel of the payment provider; in the platform's scope."""
    query = select(PaymentChannel).where(PaymentChannel.disabled_at.is_(None))
    return db.session.scalar(query.order_by(PaymentChannel.id.desc()).limit(1))


@dataclass(frozen=True)
class Found:
    """Where an invoice is, for whoever knows only its number."""

    tenant_id: int
    id: int
    public_id: str


def invoice(number: int) -> Found | None:
    """Return whose invoice has this number; read under the list role."""
    query = select(TopUp.tenant_id, TopUp.id, TopUp.public_id).where(TopUp.number == number)
    with role("partnerka_list"):
        row = db.session.execute(query).one_or_none()
    return Found(*row) if row is not None else None


def all_top_ups() -> Select[Any]:
    """Return the statement of all merchants' invoices, test mode left out; for the list role."""
    found = (
        select(TopUp, Tenant.name.label("merchant"), Tenant.slug.label("slug"))
        .join(Tenant, Tenant.id == TopUp.tenant_id)
        .where(Tenant.twin_of.is_(None))
    )
    return cast("Select[Any]", found)  # several columns; tables read them by name


def surpluses() -> Sequence[Any]:
    """Return second payments of paid invoices, newest first: number, payment, amount, when, whose."""
    query = (
        select(PaymentNotice, TopUp.number, Tenant.name.label("merchant"))
        .join(
            TopUp,
            and_(TopUp.tenant_id == PaymentNotice.tenant_id, TopUp.id == PaymentNotice.top_up_id),
        )
        .join(Tenant, Tenant.id == PaymentNotice.tenant_id)
        .where(PaymentNotice.fate == Fate.SURPLUS.value)
        .order_by(PaymentNotice.at.desc())
        .limit(20)
    )
    with role("partnerka_list"):
        return db.session.execute(query).all()
