"""What a partner's programs are answered; sums are decimal strings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.payouts.rules import State
from app.web.bodies import PageIn, Place

Text = Annotated[str, StringConstraints(max_length=200, strict=True)]
Bucket = Literal["expected", "pending", "available", "taken_back"]
By = Literal[
    "day", "link", "source", "medium", "campaign", "page", "sub1", "sub2", "sub3", "sub4", "sub5"
]


class PurseOut(BaseModel):
    """The balances; debt is what the partner owes, zero or more."""

    pending: str
    available: str
    reserved: str
    debt: str


class ShopOut(BaseModel):
    """Whose partner this is."""

    name: str
    currency: str
    timezone: str
    test: bool


class MeOut(BaseModel):
    """The partner, the shop, the balances."""

    id: str
    refcode: str
    name: str
    status: str
    merchant: ShopOut
    balance: PurseOut
    minimum_payout: str


class LinkIn(BaseModel):
    """A link to a page of the shop: `address` empty is its home, `code` empty a random one."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, StringConstraints(max_length=2000, strict=True)] = ""
    code: Annotated[str, StringConstraints(max_length=64, strict=True)] = ""
    label: Annotated[str, StringConstraints(max_length=100, strict=True)] = ""
    sub1: Text = ""
    sub2: Text = ""
    sub3: Text = ""
    sub4: Text = ""
    sub5: Text = ""


class LinkOut(BaseModel):
    """A link: `url` and `short_url` lead to `leads_to`."""

    id: str
    code: str
    url: str
    short_url: str
    leads_to: str
    label: str
    erid: str | None
    clicks: int
    orders: int
    created_at: datetime


class LinkList(BaseModel):
    """A page of links, newest first."""

    items: list[LinkOut]
    next: str | None


class CodeOut(BaseModel):
    """A promo code: active, early, expired, off or used_up."""

    code: str
    state: str
    valid_from: datetime | None
    valid_to: datetime | None
    limit: int | None
    used: int | None
    gives: str | None


class CodeList(BaseModel):
    """The codes, as they were made."""

    items: list[CodeOut]
    next: str | None


class StatisticsIn(BaseModel):
    """Which days, and by what; days are the merchant's own."""

    model_config = ConfigDict(extra="ignore")

    by: By = "day"
    since: date | None = Field(
        None, alias="from", description="The first day; 30 days if not said."
    )
    to: date | None = Field(None, description="The last day, included; today if not said.")


class FiguresOut(BaseModel):
    """Visits and sales of one day, link or word; `key` is null for all others together."""

    key: str | None
    name: str
    people: int
    repeats: int
    orders: int
    turnover: str
    expected: str
    pending: str
    available: str
    network: str


class StatisticsOut(BaseModel):
    """The days that were reckoned, the lines, and when they were counted last."""

    first: date
    last: date
    by: str
    items: list[FiguresOut]
    counted_at: datetime | None


class DealsIn(PageIn):
    """Which sales are wanted."""

    bucket: Bucket | None = None


class DealOut(BaseModel):
    """What a sale earns the partner at one level. `id` is the deal's."""

    id: str
    number: str
    state: str
    level: int
    amount: str
    bucket: str
    created_at: datetime
    available_at: datetime | None


class DealList(BaseModel):
    """A page of sales, newest first."""

    items: list[DealOut]
    next: str | None


class PayoutsIn(PageIn):
    """Which payouts are wanted."""

    state: State | None = None


class PayoutOut(BaseModel):
    """A payout as it now stands."""

    id: str
    state: str
    amount: str
    fee: str
    withheld: str
    net: str
    method: str
    reason: str | None
    requested_at: datetime
    approved_at: datetime | None
    ended_at: datetime | None


class PayoutList(BaseModel):
    """A page of payouts, newest first."""

    items: list[PayoutOut]
    next: str | None


class EntriesIn(PageIn):
    """Which balance is told."""

    bucket: Literal["pending", "available", "reserved", "debt"] = "available"


class EntryOut(BaseModel):
    """One line of a balance: `amount` is what it gained, with a minus what it gave."""

    id: str
    at: datetime
    kind: str
    amount: str
    level: int | None
    number: str | None
    reason: str | None


class EntryList(BaseModel):
    """A page of entries, newest first."""

    items: list[EntryOut]
    next: str | None


class EventsIn(BaseModel):
    """From which place on the feed is read."""

    model_config = ConfigDict(extra="ignore")

    after: Place = Field(
        0, ge=0, lt=10**18, description="A `position`, or `next`; 0: from the start."
    )
    limit: Place = Field(50, ge=1, le=200, description="How many, 1 to 200.")


class EventOut(BaseModel):
    """What happened; `position` is its place, greater for what was later."""

    id: str
    type: str
    timestamp: datetime
    position: int
    number: str | None
    data: dict[str, Any]


class EventList(BaseModel):
    """What happened after a place. `next`: where to go on from, even where `items` is empty; null: no more now."""

    items: list[EventOut]
    next: str | None
