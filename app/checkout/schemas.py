"""Carts and holds as shops send them, and as we answer; sums are decimal strings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.orders.schemas import ExternalId, LineIn, RowOut
from app.web.bodies import Sum

Member = Annotated[str, StringConstraints(max_length=128, strict=True)]


class _CartIn(BaseModel):
    """Unknown fields are let be: shops may send more than we read."""

    model_config = ConfigDict(extra="ignore")

    member: Member | None = Field(None, description="The shop's id of the customer.")
    lines: Annotated[list[LineIn], Field(max_length=5000)] | None = None
    shipping: Sum | None = None
    fees: Sum | None = None
    spend: Sum | None = Field(None, description="What the customer wishes to pay in bonuses.")
    spend_partner: Sum | None = Field(
        None, description="What he wishes to pay with what he earned as a partner, in money."
    )


class QuoteIn(_CartIn):
    """A cart; what is wished above what may be is cut to it."""

    lines: Annotated[list[LineIn], Field(max_length=5000)]


class HoldIn(_CartIn):
    """Bonuses to reserve, for an order that may not be there yet; with lines, they must take as much."""

    order: ExternalId | None = Field(None, description="The shop's id of the order.")


class CaptureIn(BaseModel):
    """Which order spends them, where the hold did not say it."""

    model_config = ConfigDict(extra="ignore")

    order: ExternalId | None = None


class LineOut(BaseModel):
    """What of a line is paid in bonuses and partner money; a line named "" is shipping."""

    line: str
    discount: str


class QuoteOut(BaseModel):
    """What the customer may spend, does spend and would earn, and how the cart is paid then."""

    member: str | None
    balance: str
    max_spend: str
    spend: str
    earn: str
    payable: str
    consideration: str
    balance_partner: str
    max_spend_partner: str = Field(description="Beside what is paid in bonuses: all but the fees.")
    spend_partner: str
    lines: list[LineOut]
    receipt: list[RowOut]
    reasons: list[str] = Field(description="What rules let be paid, where any was met.")


class HoldOut(BaseModel):
    """Reserved bonuses; without lines in the call there are no lines and no receipt."""

    id: str
    state: Literal["held", "captured", "voided", "timed_out"]
    member: str
    order: str | None
    spend: str
    spend_partner: str
    expires_at: datetime
    lines: list[LineOut]
    receipt: list[RowOut]
