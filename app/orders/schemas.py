"""An order as shops send it and as we answer; sums are decimal strings, times carry an offset."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from app.web.bodies import Instant, Moment, Quantity, Sum

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]
Text = Annotated[str, StringConstraints(max_length=500, strict=True)]
Address = Annotated[str, StringConstraints(max_length=4000, strict=True)]


class _Part(BaseModel):
    """Unknown fields are let be: shops may send more than we read."""

    model_config = ConfigDict(extra="ignore")


class CustomerIn(_Part):
    """Who bought."""

    id: Annotated[str, StringConstraints(max_length=128, strict=True)] | None = None
    email: Text | None = None
    phone: Text | None = None
    name: Text | None = None
    group: Text | None = None


class LineIn(_Part):
    """One row of the order: `price` or `amount` must be there."""

    id: ExternalId
    product: ExternalId | None = None
    name: Text | None = None
    category: ExternalId | None = None
    supplier: ExternalId | None = None
    brand: ExternalId | None = None
    quantity: Quantity
    price: Sum | None = None
    amount: Sum | None = None
    discount: Sum | None = None
    tax: Sum | None = None
    promo: Annotated[bool, Field(strict=True)] | None = None


class RefundLineIn(_Part):
    """What was given back for one line."""

    line: ExternalId
    quantity: Quantity | None = None
    amount: Sum | None = None


class RefundIn(_Part):
    """One refund, by lines or by sum."""

    id: ExternalId
    lines: list[RefundLineIn] | None = None
    amount: Sum | None = None


class PartnerDataIn(_Part):
    """Staff's word from the shop's card."""

    promo_code: Text | None = None
    refcode: Text | None = None
    terms: Text | None = None


class BonusIn(_Part):
    """What the customer pays in bonuses, and with partner money."""

    spend: Sum | None = None
    spend_partner: Sum | None = Field(
        None, description="What the customer pays with what was earned as a partner, in money."
    )


class OrderIn(_Part):
    """A whole snapshot of an order."""

    status: Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$", strict=True)]
    created_at: Instant
    lines: Annotated[list[LineIn], Field(max_length=5000)]
    number: Text | None = None
    version: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)] | None = None
    updated_at: Instant | None = None
    site: Text | None = None
    customer: CustomerIn | None = None
    shipping: Sum | None = None
    fees: Sum | None = None
    coupons: Annotated[list[Text], Field(max_length=100)] | None = None
    paid_at: Instant | None = None
    completed_at: Instant | None = None
    till: Text | None = None
    click: Address | None = None
    ref: Text | None = None
    entry: Address | None = None
    partner_code: Text | None = None
    partner_data: PartnerDataIn | None = None
    bonus: BonusIn | None = None
    refunds: Annotated[list[RefundIn], Field(max_length=1000)] | None = None


class PartnerOut(BaseModel):
    """The partner of a deal."""

    refcode: str
    name: str


class ShareOut(BaseModel):
    """What one partner earns at one level, over all lines; `by_hand`: staff's reason, where they set it."""

    level: int
    refcode: str
    amount: str
    bucket: str
    why: str
    by_hand: str | None = None


class DealOut(BaseModel):
    """The partner deal of an order: the six partner fields, and the shares."""

    id: str
    state: str
    partner: PartnerOut
    promo_code: str | None
    refcode: str
    terms: str | None
    commission: str
    available_at: Moment | None
    review: Literal["held", "refused"] | None = None  # by the merchant's fraud desk
    shares: list[ShareOut]


class DealRow(DealOut):
    """A deal by itself, with the shop's id of its order."""

    order: str


class DealList(BaseModel):
    """A page of deals, newest first."""

    items: list[DealRow]
    next: str | None


class RowOut(BaseModel):
    """A row of a receipt. `amount` is there only where it is not price times quantity: weighed goods."""

    line: str
    quantity: str
    price: str
    amount: str | None = None

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> dict[str, str]:
        return {name: said for name, said in write(self).items() if said is not None}


class OrderBonusOut(BaseModel):
    """What of an order is paid in bonuses and partner money: spent and not given back, or held until it is paid."""

    spent: str
    spent_partner: str
    held: str
    earn: str
    consideration: str
    receipt: list[RowOut]


class OrderOut(BaseModel):
    """What we answer to an order."""

    id: str
    number: str
    status: str
    state: str
    deal: DealOut | None
    reason: str | None
    reason_text: str | None = None
    bonus: OrderBonusOut | None = None


class SimulationIn(OrderIn):
    """An order that need not be there; what may be left out has a sensible value."""

    id: ExternalId | None = None
    status: Annotated[str, StringConstraints(max_length=128, strict=True)] = "completed"
    currency: str = ""
    created_at: Instant | None = None  # type: ignore[assignment]


class SimulatedDealOut(DealOut):
    """The deal that there would be; it has no id."""

    id: str | None = None  # type: ignore[assignment]


class ClaimOut(BaseModel):
    """What speaks for a partner, won or lost, and why."""

    kind: str
    evidence: str
    partner: str | None
    won: bool
    reason: str
    reason_text: str


class SimulatedBonusOut(OrderBonusOut):
    """What an order would pay in bonuses and earn; the most that it could pay so, and what rules say of it."""

    balance: str
    max_spend: str
    reasons: list[str]


class SimulationOut(BaseModel):
    """What an order would be answered; `left_out`: what earns nothing and why."""

    id: str | None
    number: str | None
    status: str
    state: str
    deal: SimulatedDealOut | None
    reason: str | None
    reason_text: str | None
    left_out: list[str]
    claims: list[ClaimOut]
    bonus: SimulatedBonusOut | None = None
