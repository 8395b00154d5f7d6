"""Roll-ups of clicks and sales: derived, a day made anew as one; nothing that decides money reads them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Computed, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, ref

_ZERO = text("0")
_CONVERSION = "CASE WHEN clicks > 0 THEN (orders * 20000 + clicks) / (2 * clicks) ELSE 0 END"
_EPC = "CASE WHEN clicks > 0 THEN (own * 2 + clicks) / (2 * clicks) ELSE 0 END"


class RollUp(Model):
    """How far a merchant's roll-ups are; every step moves these places in the transaction of its work."""

    __tablename__ = "roll_up"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    zone: Mapped[str]  # whose days these are
    by_shop: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # of several, each apart too
    deal_place: Mapped[int | None] = mapped_column(server_default=_ZERO)  # None: all were read once
    message_xid: Mapped[int] = mapped_column(server_default=_ZERO)  # messages below it are seen
    event_position: Mapped[int] = mapped_column(server_default=_ZERO)
    click_day: Mapped[date | None]  # the next day whose clicks are counted
    ready_at: Mapped[datetime | None]  # the scope's time that the figures show
    rest_until: Mapped[datetime | None]  # wall time


class ClickDay(Model):
    """A day whose clicks are counted: how many rows there were, machines included."""

    __tablename__ = "click_day"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    day: Mapped[date] = mapped_column(primary_key=True)
    seen: Mapped[int]


class StaleDay(Model):
    """A day whose sales must be summed anew."""

    __tablename__ = "stale_day"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    day: Mapped[date] = mapped_column(primary_key=True)


class ClickStat(Model):
    """Visits of a day by one thing of a dimension; partner 0: of all partners together."""

    __tablename__ = "click_stat"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dim: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int]
    repeats: Mapped[int]
    bots: Mapped[int]

    __table_args__ = (Index("ix_click_stat_day", "tenant_id", "day", "dim", "partner_id"),)


class Sale(Model):
    """A deal as figures see it: its day, where its buyer came from, what it is worth, minor units."""

    __tablename__ = "sale"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date]
    partner_id: Mapped[int]
    touch: Mapped[str]
    fallen: Mapped[bool]
    total: Mapped[int]
    expected: Mapped[int]
    pending: Mapped[int]
    available: Mapped[int]
    own_expected: Mapped[int]
    own_pending: Mapped[int]
    own_available: Mapped[int]
    keys: Mapped[dict[str, Any]]  # dimension: key

    __table_args__ = (
        CheckConstraint("touch in ('only','first','late','later')", name="touch"),
        ref("orders", "order_id"),
        Index("ix_sale_day", "tenant_id", "day"),
        Index("ix_sale_partner", "tenant_id", "partner_id", "day"),
    )


class SaleStat(Model):
    """Sales of a day by one thing of a dimension; partner 0: of all, with the shares of all levels.

    Of one partner: his own sales with his own shares of them, and beside them (`network`) what he
    earns from the sales of others. Money in minor units.
    """

    __tablename__ = "sale_stat"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dim: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    orders: Mapped[int]
    fallen: Mapped[int]
    turnover: Mapped[int]
    expected: Mapped[int]
    pending: Mapped[int]
    available: Mapped[int]
    network: Mapped[int]
    opener: Mapped[int]
    sole: Mapped[int]
    late: Mapped[int]

    __table_args__ = (Index("ix_sale_stat_day", "tenant_id", "day", "dim", "partner_id"),)


class PartnerFigures(Model):
    """What each partner brought in all, for lists: kept by deltas of whole days; made with the partner.

    `conversion` is in hundredths of a percent, half up; `epc` in minor units.
    """

    __tablename__ = "partner_figures"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    clicks: Mapped[int] = mapped_column(server_default=_ZERO)  # of people, repeated ones too
    bots: Mapped[int] = mapped_column(server_default=_ZERO)
    orders: Mapped[int] = mapped_column(server_default=_ZERO)
    turnover: Mapped[int] = mapped_column(server_default=_ZERO)
    own: Mapped[int] = mapped_column(server_default=_ZERO)
    network: Mapped[int] = mapped_column(server_default=_ZERO)
    available: Mapped[int] = mapped_column(server_default=_ZERO)
    opener: Mapped[int] = mapped_column(server_default=_ZERO)
    sole: Mapped[int] = mapped_column(server_default=_ZERO)
    late: Mapped[int] = mapped_column(server_default=_ZERO)
    last_sale_at: Mapped[datetime | None]
    conversion: Mapped[int] = mapped_column(Computed(_CONVERSION, persisted=True))
    epc: Mapped[int] = mapped_column(Computed(_EPC, persisted=True))

    __table_args__ = (
        ref("partner", "partner_id"),
        *(
            Index(f"ix_partner_figures_{name}", "tenant_id", name, "partner_id")
            for name in ("clicks", "orders", "turnover", "own", "network", "available",
                         "last_sale_at", "conversion", "epc")
        ),
    )  # fmt: skip
