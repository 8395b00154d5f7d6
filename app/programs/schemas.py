"""Sets of partner terms and partner groups as the API says them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Instant, Rate, Sum

Name = Annotated[str, StringConstraints(max_length=200, strict=True)]
Long = Annotated[str, StringConstraints(max_length=50_000, strict=True)]
Days = Annotated[int, Field(strict=True, ge=0, le=3650)]
Switch = Annotated[bool, Field(strict=True)]
Levels = Annotated[
    list[Rate | None],
    Field(max_length=9, description='First level first: "10%" or "50.00".'),
]

ByBuyer = Annotated[
    dict[Name, Levels],
    Field(description="Levels by the group of the shop's buyers, looked up before the others."),
]
Words = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True)]],
    Field(max_length=1000),
]


class BaseIn(BaseModel):
    """What commissions are reckoned from, besides lines after discounts."""

    model_config = ConfigDict(extra="forbid")

    shipping: Switch = False
    tax: Switch = True
    bonus: Switch = False
    discount: Switch = False


class TermsIn(BaseModel):
    """A set of terms; days that are null follow the merchant's settings.

    `cashback` is the rate of own purchases; `cap` the most that all commissions by these terms may
    come to in a calendar month, null: no cap; `codes` those by which whoever registers begins here.
    """

    model_config = ConfigDict(extra="ignore")

    name: Name | None = None
    text: Long | None = None
    levels: Levels | None = None
    hold_days: Days | None = None
    window_days: Days | None = None
    base: BaseIn | None = None
    levels_by_buyer: ByBuyer | None = None
    cashback: Rate | None = None
    cap: Sum | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    codes: Annotated[list[Name], Field(max_length=200)] | None = None


class BaseOut(BaseModel):
    """What commissions are reckoned from."""

    shipping: bool
    tax: bool
    bonus: bool
    discount: bool


class TermsOut(BaseModel):
    """A set of terms as it now stands."""

    id: str
    name: str
    text: str
    version: int
    is_base: bool
    levels: list[str | None]
    hold_days: int | None
    window_days: int | None
    base: BaseOut
    levels_by_buyer: dict[str, list[str | None]]
    cashback: str | None
    cap: str | None
    codes: list[str]
    partners: int
    valid_from: datetime
    valid_to: datetime | None


class TermsList(BaseModel):
    """Every set of terms, the base first."""

    items: list[TermsOut]
    next: str | None


class GroupIn(BaseModel):
    """A partner group; null in `levels` falls through to the terms.

    `terms`, by name or id, are its partners' unless their own card says otherwise; null: none.
    """

    model_config = ConfigDict(extra="ignore")

    name: Name
    levels: Levels | None = None
    levels_by_buyer: ByBuyer | None = None
    terms: Name | None = None


class GroupOut(BaseModel):
    """A partner group as it now stands."""

    id: str
    name: str
    levels: list[str | None]
    levels_by_buyer: dict[str, list[str | None]]
    terms: str | None
    partners: int


class GroupList(BaseModel):
    """Groups as they were made."""

    items: list[GroupOut]
    next: str | None


class CampaignIn(BaseModel):
    """Special rates from moment to moment. Empty scopes mean all; every scope narrows.

    Products and categories by the shop's ids, groups by name or id, partners by refcode. `from` is
    never earlier than now, null: now; `to` null: until it is stopped.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    levels: Levels | None = None
    starts: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    products: Words | None = None
    categories: Words | None = None
    groups: Words | None = None
    partners: Words | None = None


class CampaignOut(BaseModel):
    """A campaign as it was last said; `state`: coming, running, over or stopped."""

    id: str
    name: str
    state: str
    levels: list[str | None]
    starts: Annotated[datetime, Field(alias="from")]
    to: datetime | None
    products: list[str]
    categories: list[str]
    groups: list[str]
    partners: list[str]


class CampaignList(BaseModel):
    """Campaigns, newest first."""

    items: list[CampaignOut]
    next: str | None
