"""A customer as the shop says and as we answer; absent stays as it was, null clears."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Instant

Text = Annotated[str, StringConstraints(max_length=500, strict=True)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=500, strict=True)]
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", strict=True)
]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", strict=True)]


class MemberIn(BaseModel):
    """A customer of the shop. `click`, `ref` or `partner_code` bind him to a partner from now on."""

    model_config = ConfigDict(extra="ignore")

    name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    group: Text | None = None
    birthday: Day | None = Field(
        None,
        description='Such as "1990-05-17". After the first present for it (birthday_fixed) it stays as '
        "it is, whatever is said here: only the merchant's staff change it.",
    )
    registered_at: Instant | None = None
    locale: Language | None = Field(None, description='What the customer reads, such as "ru".')
    letters: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="Whether messages about bonuses may be sent; null: they may."
    )
    click: Token | None = Field(None, description="The token of a click: ck_….")
    ref: Word | None = None
    partner_code: Word | None = None


class BoundTo(BaseModel):
    """Whose customer it is: since when, until when (null: for good), and by what."""

    refcode: str
    since: datetime
    until: datetime | None
    how: str


class CouponOf(BaseModel):
    """The coupon for the first order that the customer was given, and what it is worth."""

    code: str
    value: str
    given_at: datetime


class EnrolledOut(BaseModel):
    """What came with a registration or subscription, whether it bound the customer, and why."""

    kind: str
    evidence: str
    partner: str | None
    won: bool
    how: str
    reason: str
    reason_text: str


class MemberOut(BaseModel):
    """A customer as he now stands; `reason`: why he belongs to no partner."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    group: str | None
    birthday: date | None
    birthday_fixed: bool
    registered_at: datetime | None
    locale: str | None
    letters: bool
    partner: BoundTo | None
    coupon: CouponOf | None
    reason: str | None
    reason_text: str | None
    claims: list[EnrolledOut]
