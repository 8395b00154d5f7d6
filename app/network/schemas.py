"""The network as the API says it."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field


class NodeOut(BaseModel):
    """A partner directly below; counts are null until the next roll-up."""

    id: str
    refcode: str
    name: str
    status: str
    since: datetime
    until: date | None = Field(description="Last day of the parent's commissions, included.")
    direct: int | None
    whole: int | None = Field(description="How many stand in the branch below.")
    depth: int | None = Field(description="How many levels the branch has.")
    turnover_30: str = Field(
        description="What the branch brought in 30 days, the partner included."
    )
    commission_30: str
    turnover: str
    commission: str


class NetworkOut(BaseModel):
    """Those directly below a partner, oldest first; counts and sums as of `counted_at`."""

    items: list[NodeOut]
    next: str | None
    counted_at: datetime | None
