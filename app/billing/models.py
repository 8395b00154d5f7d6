"""Top-ups of the prepaid balance, what payment providers told, and what people were told once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class TopUp(Tenanted, Model):
    """An invoice for the prepaid balance; paid once, with the sum that came."""

    __tablename__ = "top_up"

    public_id: Mapped[str]
    number: Mapped[int] = mapped_column(server_default=text("nextval('invoice_number')"))
    amount: Mapped[int]  # minor units, as asked
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    payee: Mapped[dict[str, Any]]  # the platform's requisites as they were printed
    payer: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    received: Mapped[int | None]  # minor units, as it came
    received_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    payment: Mapped[str | None]  # the bank's or the provider's number of the payment
    returned: Mapped[int | None]  # minor units of it that the merchant has back, at most once
    returned_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("received > 0", name="received"),
        CheckConstraint("state in ('open','paid','withdrawn')", name="state"),
        CheckConstraint("(state = 'paid') = (received is not null)", name="paid"),
        CheckConstraint("returned between 1 and received", name="returned"),
        Index("uq_top_up_number", "number", unique=True),
        Index("ix_top_up_state", "tenant_id", "state", "id"),
    )


class PaymentNotice(Tenanted, Model):
    """What a provider said of a payment: each word once."""

    __tablename__ = "payment_notice"

    payment: Mapped[str]
    status: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    top_up_id: Mapped[int]
    fate: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "payment", "status"),
        CheckConstraint("status in ('pending','succeeded','failed')", name="status"),
        CheckConstraint("fate in ('noted','credited','surplus')", name="fate"),
        ref("top_up", "top_up_id"),
    )


class PaymentChannel(Tenanted, Model):
    """The platform's channel for a payment provider's callbacks; the secret is sealed."""

    __tablename__ = "payment_channel"

    public_id: Mapped[str]
    secret: Mapped[bytes]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("tenant_id", "public_id"),)


class ToldOnce(Tenanted, Model):
    """What the merchant was told and is not told again: "alarm:2026-11:80"."""

    __tablename__ = "told_once"

    key: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "key"),)
