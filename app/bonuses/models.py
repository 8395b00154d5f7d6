"""Which bonuses a customer has: lots, what moved them, and what is reserved for orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Lot(Tenanted, Model):
    """One credit: see bonuses.rules.Lot. Sums in bonus minor units."""

    __tablename__ = "lot"

    member_id: Mapped[int]
    reference: Mapped[str]  # the business fact that brought it
    kind: Mapped[str]  # order, profile, hand, api, import, conversion, return
    amount: Mapped[int]
    remaining: Mapped[int]
    held: Mapped[int] = mapped_column(server_default=text("0"))
    lapsed: Mapped[int] = mapped_column(server_default=text("0"))
    lapses: Mapped[int] = mapped_column(server_default=text("0"))
    clawed: Mapped[int] = mapped_column(server_default=text("0"))
    active: Mapped[bool]
    activates_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]  # the customer was told that it will lapse
    order_id: Mapped[int | None]
    reason: Mapped[str | None]
    actor: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        CheckConstraint(
            "amount > 0 and 0 <= held and held <= remaining and remaining <= amount"
            " and 0 <= clawed and clawed <= amount and 0 <= lapsed and lapsed <= amount",
            name="sums",
        ),
        ref("member", "member_id"),
        ref("orders", "order_id"),
        Index("ix_lot_member", "tenant_id", "member_id", "id"),
        Index("ix_lot_open", "tenant_id", "member_id", postgresql_where=text("remaining > 0")),
        Index(
            "ix_lot_lapsing",
            "expires_at",
            postgresql_where=text("active and remaining > held and expires_at is not null"),
        ),
        Index("ix_lot_waiting", "activates_at", postgresql_where=text("not active")),
        Index(
            "ix_lot_order", "tenant_id", "order_id", postgresql_where=text("order_id is not null")
        ),
    )


class LotPart(Tenanted, Model):
    """What an act took from a lot or gave to it: see bonuses.rules.Part. Append-only.

    Written by the thousand, it has no keys to its lot and customer: `flask check` asks for both.
    """

    __tablename__ = "lot_part"

    reference: Mapped[str]  # the act's
    member_id: Mapped[int]
    lot_id: Mapped[int | None]
    kind: Mapped[str]
    amount: Mapped[int]
    of: Mapped[str | None]  # the spending given back, or the credit taken back
    order_id: Mapped[int | None]
    reason: Mapped[str | None]
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(
            "kind in ('hold','spend','return','owed','lapse','claw','claw_lapsed','debt','loss')",
            name="kind",
        ),
        Index("ix_lot_part_reference", "tenant_id", "reference", "id"),
        Index("ix_lot_part_of", "tenant_id", "of", postgresql_where=text("of is not null")),
        Index("ix_lot_part_lot", "tenant_id", "lot_id", "id"),
        Index("ix_lot_part_member", "tenant_id", "member_id", "id"),
    )


class Hold(Tenanted, Model):
    """Bonuses reserved for an order: held, then captured or let go, once."""

    __tablename__ = "bonus_hold"

    public_id: Mapped[str]
    member_id: Mapped[int]
    reference: Mapped[str]
    amount: Mapped[int]
    state: Mapped[str]  # held, captured, voided, timed_out
    until: Mapped[datetime]
    spending: Mapped[str | None]  # the act that spent it
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state in ('held','captured','voided','timed_out')", name="state"),
        CheckConstraint("(state = 'captured') = (spending is not null)", name="spending"),
        ref("member", "member_id"),
        Index("ix_bonus_hold_until", "until", postgresql_where=text("state = 'held'")),
        Index("ix_bonus_hold_member", "tenant_id", "member_id"),
    )
