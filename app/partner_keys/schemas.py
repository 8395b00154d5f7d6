"""What a partner's programs are answered; sums are decimal strings."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.payouts.rules import State
from app.web.bodies import PageIn, Place


def day_only(said: object) -> object:
    """Pass on what is written as a day: 2026-11-30. Raises ValueError."""
    if isinstance(said, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", said, re.ASCII):
        msg = "no day"
        raise ValueError(msg)
    return said


Text = Annotated[str, StringConstraints(max_length=200, strict=True)]
# A number of seconds is no day, though the library would make one of it.
Day = Annotated[date, BeforeValidator(day_only)]
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


class OwnMeOut(BaseModel):
    """The partner, the shop, the balances."""

    id: str
    refcode: str
    name: str
    status: str
    merchant: ShopOut
    balance: PurseOut
    minimum_payout: str


class OwnLinkIn(BaseModel):
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


class OwnLinkOut(BaseModel):
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


class OwnLinkList(BaseModel):
    """A page of links, newest first."""

    items: list[OwnLinkOut]
    next: str | None


class OwnCodeOut(BaseModel):
    """A promo code: active, early, expired, off or used_up."""

    code: str
    state: str
    valid_from: datetime | None
    valid_to: datetime | None
    limit: int | None
    used: int | None
    gives: str | None


class OwnCodeList(BaseModel):
    """The codes, as they were made."""

    items: list[OwnCodeOut]
    next: str | None


class OwnStatisticsIn(BaseModel):
    """Which days, and by what; days are the merchant's own."""

    model_config = ConfigDict(extra="ignore")

    by: By = "day"
    since: Day | None = Field(None, alias="from", description="The first day; 30 days if not said.")
    to: Day | None = Field(None, description="The last day, included; today if not said.")


class OwnFiguresOut(BaseModel):
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


class OwnStatisticsOut(BaseModel):
    """The days that were reckoned, the lines, and when they were counted last."""

    first: date
    last: date
    by: str
    items: list[OwnFiguresOut]
    counted_at: datetime | None


class OwnDealsIn(PageIn):
    """Which sales are wanted."""

    bucket: Bucket | None = None


class OwnDealOut(BaseModel):
    """What a sale earns the partner at one level. `id` is the deal's."""

    id: str
    number: str
    state: str
    level: int
    amount: str
    bucket: str
    created_at: datetime
    available_at: datetime | None


class OwnDealList(BaseModel):
    """A page of sales, newest first."""

    items: list[OwnDealOut]
    next: str | None


class OwnPayoutsIn(PageIn):
    """Which payouts are wanted."""

    state: State | None = None


class OwnPayoutOut(BaseModel):
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


class OwnPayoutList(BaseModel):
    """A page of payouts, newest first."""

    items: list[OwnPayoutOut]
    next: str | None


class OwnEntriesIn(PageIn):
    """Which balance is told."""

    bucket: Literal["pending", "available", "reserved", "debt"] = "available"


class OwnEntryOut(BaseModel):
    """One line of a balance: `amount` is what it gained, with a minus what it gave."""

    id: str
    at: datetime
    kind: str
    amount: str
    level: int | None
    number: str | None
    reason: str | None


class OwnEntryList(BaseModel):
    """A page of entries, newest first."""

    items: list[OwnEntryOut]
    next: str | None


class OwnEventsIn(BaseModel):
    """From which place on the feed is read."""

    model_config = ConfigDict(extra="ignore")

    after: Place = Field(
        0, ge=0, lt=10**18, description="A `position`, or `next`; 0: from the start."
    )
    limit: Place = Field(50, ge=1, le=200, description="How many, 1 to 200.")


class OwnEventOut(BaseModel):
    """What happened; `position` is its place, greater for what was later."""

    id: str
    type: str
    timestamp: datetime
    position: int
    number: str | None
    data: dict[str, Any]


class OwnEventList(BaseModel):
    """What happened after a place. `next`: where to go on from, even where `items` is empty; null: no more now."""

    items: list[OwnEventOut]
    next: str | None
