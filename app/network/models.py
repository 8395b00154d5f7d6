"""Roll-ups of the sponsor tree: derived, made anew run by run; nothing that decides money reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT

_ZERO = text("0")
_NONE = text("'{0,0,0,0,0,0,0,0,0}'")  # nine levels


class NetworkRun(Model):
    """Which run the pages read, and how far the next one is: a job that is cut goes on from `place`."""

    __tablename__ = "network_run"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    ready: Mapped[int | None]
    building: Mapped[int | None]
    stage: Mapped[str] = mapped_column(server_default=text("'idle'"))
    place: Mapped[int] = mapped_column(server_default=_ZERO)
    version: Mapped[int] = mapped_column(server_default=_ZERO)  # of the tree, as `ready` knows it
    building_version: Mapped[int] = mapped_column(server_default=_ZERO)
    read_at: Mapped[datetime | None]  # the instant that the run being built shows
    ready_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # an edge begins or ends, or sums have grown old
    started_at: Mapped[datetime | None]  # wall time, as the next one
    rest_until: Mapped[datetime | None]  # a large tree is not counted all day long
    summary: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # of the whole

    __table_args__ = (
        CheckConstraint("stage in ('idle','walk','own','sum','earn','clean')", name="stage"),
    )


class Branch(Model):
    """One partner's place and branch: counts, and what the whole branch brought, himself included."""

    __tablename__ = "branch"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    run: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sponsor_id: Mapped[int | None]
    level: Mapped[int]  # 0: at the top
    counts: Mapped[bool]  # active or blocked: others only hold their branch
    direct: Mapped[int] = mapped_column(server_default=_ZERO)
    whole: Mapped[int] = mapped_column(server_default=_ZERO)
    depth: Mapped[int] = mapped_column(server_default=_ZERO)
    levels: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default=_NONE
    )  # how many stand one, two … nine levels below
    turnover_30: Mapped[int] = mapped_column(server_default=_ZERO)
    commission_30: Mapped[int] = mapped_column(server_default=_ZERO)
    turnover: Mapped[int] = mapped_column(server_default=_ZERO)
    commission: Mapped[int] = mapped_column(server_default=_ZERO)

    __table_args__ = (
        Index("ix_branch_level", "tenant_id", "run", "level"),
        Index("ix_branch_sponsor", "tenant_id", "run", "sponsor_id"),
    )


class BranchEarning(Model):
    """What one partner earned from the sales of a branch below, at whatever level."""

    __tablename__ = "branch_earning"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    run: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    earner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    turnover_30: Mapped[int] = mapped_column(server_default=_ZERO)
    commission_30: Mapped[int] = mapped_column(server_default=_ZERO)
    turnover: Mapped[int] = mapped_column(server_default=_ZERO)
    commission: Mapped[int] = mapped_column(server_default=_ZERO)
    # of it, the sales of those who stand one, two … nine levels below that partner
    turnovers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=_NONE)
    commissions: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=_NONE)
