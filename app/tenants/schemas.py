"""The merchant and its shops as programs send them and as we answer; sums are decimal strings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Rate, Sum

Line = Annotated[str, StringConstraints(min_length=1, max_length=255, strict=True)]
State = Literal["registered", "agreed", "completed", "cancelled", "refunded"]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Coupon = Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]
Days = Annotated[int, Field(strict=True, ge=0, le=3650)]


class AttributionOut(BaseModel):
    """How a sale finds its partner."""

    window_days: int
    click: str
    conflict: str
    lifetime: bool
    existing: str
    foreign_code: str
    parameters: list[str]


class CapsOut(BaseModel):
    """The most that is paid, decimal strings; null: no cap. `over`: pay the rest, or nothing."""

    order: str | None
    customer: str | None
    partner: str | None
    month: str | None
    over: str


class MerchantOut(BaseModel):
    """The merchant's settings as they hold now."""

    id: str
    name: str
    slug: str
    test: bool
    currency: str
    locale: str
    timezone: str
    hold_days: int
    minimum_payout: str
    attribution: AttributionOut
    settlement: str
    fee_paid_by: str
    low_balance: str | None
    spending_alarm: str | None
    payout_cap: str | None
    registration: str
    cashback: bool
    loyalty: bool
    compression: bool
    promotional: bool
    foreign_coupons: bool
    first_coupons: bool
    allowed_coupons: list[str]
    first_orders: int | None
    caps: CapsOut
    mask_referred: bool
    customer_group: str | None
    margin: str | None
    margin_stop: bool
    partner_keys: bool
    levels: list[str | None]


class AttributionIn(BaseModel):
    """What is given changes, the rest stays."""

    model_config = ConfigDict(extra="forbid")

    window_days: Days | None = None
    click: Literal["first", "last"] | None = None
    conflict: Literal["code", "link"] | None = None
    lifetime: Switch | None = None
    existing: Literal["attract", "ignore"] | None = None
    foreign_code: Literal["order", "rebind", "ignore"] | None = None
    parameters: list[Line] | None = None


class CapsIn(BaseModel):
    """What is given changes, null lifts a cap; partner and month are counted by calendar months."""

    model_config = ConfigDict(extra="forbid")

    order: Sum | None = None
    customer: Sum | None = None
    partner: Sum | None = None
    month: Sum | None = None
    over: Literal["rest", "nothing"] = "rest"


class MerchantIn(BaseModel):
    """What is given changes, from now on; the rest stays. `first_orders` null: all orders earn."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    hold_days: Days | None = None
    minimum_payout: Sum | None = None
    attribution: AttributionIn | None = None
    settlement: Literal["own", "platform"] | None = None
    fee_paid_by: Literal["partner", "merchant"] | None = None
    low_balance: Sum | None = None
    spending_alarm: Sum | None = None
    payout_cap: Sum | None = None
    registration: Literal["auto", "manual", "closed"] | None = None
    cashback: Switch | None = None
    loyalty: Switch | None = None
    compression: Switch | None = None
    promotional: Switch | None = None
    foreign_coupons: Switch | None = None
    first_coupons: Switch | None = None
    allowed_coupons: Annotated[list[Coupon], Field(max_length=200)] | None = None
    first_orders: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    caps: CapsIn | None = None
    mask_referred: Switch | None = None
    customer_group: Annotated[str, StringConstraints(max_length=100, strict=True)] | None = None
    margin: Annotated[str, StringConstraints(max_length=20, strict=True)] | None = None
    margin_stop: Switch | None = None
    partner_keys: Switch | None = Field(
        None, description="Whether partners may have keys of their own."
    )
    levels: list[Rate | None] | None = None


class ShopOut(BaseModel):
    """A shop: where it stands and what its words for an order's state mean."""

    id: str
    name: str
    domain: str
    path: str
    timezone: str
    statuses: dict[str, str]


class ShopList(BaseModel):
    """The merchant's shops."""

    items: list[ShopOut]
    next: str | None


class ShopIn(BaseModel):
    """What is given changes; new words hold for later messages."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    domain: Annotated[str, StringConstraints(max_length=255, strict=True)] | None = None
    path: Annotated[str, StringConstraints(max_length=255, strict=True)] | None = None
    timezone: Line | None = None
    statuses: dict[Word, State] | None = None
