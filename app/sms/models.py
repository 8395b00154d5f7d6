"""The merchant's SMS service, and how many SMS went on each day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted


class Gateway(Tenanted, Model):
    """The one service of a merchant, sealed; money in minor units of the merchant's currency."""

    __tablename__ = "sms_gateway"

    kind: Mapped[str]
    secret: Mapped[bytes]
    price: Mapped[int] = mapped_column(server_default=text("0"))
    most_a_day: Mapped[int] = mapped_column(server_default=text("500"))
    most_money_a_day: Mapped[int | None]
    most_a_number: Mapped[int] = mapped_column(server_default=text("10"))
    countries: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # calling codes: "7"
    quiet_from: Mapped[int] = mapped_column(
        server_default=text("21")
    )  # hours of the merchant's day
    quiet_until: Mapped[int] = mapped_column(server_default=text("9"))
    is_on: Mapped[bool] = mapped_column(server_default=text("true"))
    told_on: Mapped[date | None]  # the day on which staff were last told that a cap was reached
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]

    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("kind in ('http','apprise')", name="kind"),
        CheckConstraint(
            "price >= 0 and most_a_day >= 0 and most_a_number >= 0 and most_money_a_day >= 0",
            name="caps",
        ),
        CheckConstraint(
            "quiet_from between 0 and 23 and quiet_until between 0 and 23", name="quiet"
        ),
    )


class Count(Model):
    """SMS of one day: of all ("all"), and of one number (a hash of it)."""

    __tablename__ = "sms_count"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    day: Mapped[date] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    sent: Mapped[int] = mapped_column(server_default=text("0"))
    cost: Mapped[int] = mapped_column(server_default=text("0"))
