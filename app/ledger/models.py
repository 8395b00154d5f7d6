"""Money as it moved. Append-only: the database refuses UPDATE, DELETE and TRUNCATE of transfers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted


class Transfer(Tenanted, Model):
    """`amount` minor units from account `source` to account `target`; balances by construction."""

    __tablename__ = "transfer"

    reference: Mapped[str]  # the business fact, e.g. "order:12:3"; posts once
    n: Mapped[int]
    source: Mapped[str]
    target: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime]
    event_id: Mapped[int | None]
    order_id: Mapped[int | None]
    line: Mapped[str | None]
    level: Mapped[int | None]
    partner_id: Mapped[int | None]
    reason: Mapped[str | None]
    # The writing transaction: what a snapshot covers is told by it, as ids do not commit in order.
    xid: Mapped[int] = mapped_column(server_default=text("(pg_current_xact_id()::text)::bigint"))

    __table_args__ = (
        UniqueConstraint("tenant_id", "reference", "n"),
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("source <> target", name="moves"),
        Index("ix_transfer_source", "tenant_id", "source", "xid"),
        Index("ix_transfer_target", "tenant_id", "target", "xid"),
        Index(
            "ix_transfer_order",
            "tenant_id",
            "order_id",
            postgresql_where=text("order_id is not null"),
        ),
        Index(
            "ix_transfer_partner",
            "tenant_id",
            "partner_id",
            "id",
            postgresql_where=text("partner_id is not null"),
        ),
        Index(
            "ix_transfer_bonus",
            "tenant_id",
            "at",
            "id",
            postgresql_where=text("currency = 'BONUS'"),
        ),
        Index("ix_transfer_xid", "xid", postgresql_using="brin"),
    )


class Balance(Model):
    """The running balance of a guarded account; the CHECK refuses the overdraft.

    `balance` is what stands there in the account's own sense: for `partner:N:debt` what is owed.
    """

    __tablename__ = "balance"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    account: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]

    __table_args__ = (CheckConstraint("balance >= 0", name="not_below_zero"),)


class Snapshot(Model):
    """The balance of an unguarded account over all transfers of transactions before `upto`.

    What came later, the tail, is summed when somebody asks. Numbers of transactions begin anew in a
    restored database, so a restore deletes all snapshots (`flask snapshots --anew`).
    """

    __tablename__ = "snapshot"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    account: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    upto: Mapped[int]
    balance: Mapped[int]
