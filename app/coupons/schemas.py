"""First-order coupons as programs fill and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]


class CouponsIn(BaseModel):
    """Coupons that the shop made, up to 10,000; with `partner` they are that partner's own."""

    model_config = ConfigDict(extra="forbid")

    codes: Annotated[list[Word], Field(min_length=1, max_length=10_000)]
    partner: Word | None = None


class FilledOut(BaseModel):
    """How many were new; what was a code or a coupon already, and what is none."""

    added: int
    known: list[str]
    unreadable: list[str]
    free: int
    owed: int


class CouponRow(BaseModel):
    """A coupon: free, given, assigned or withdrawn. `customer` is the shop's own id, where there is one."""

    code: str
    state: str
    partner: str | None
    customer: str | None
    value: str | None
    given_at: datetime | None


class CouponList(BaseModel):
    """A page of coupons."""

    items: list[CouponRow]
    next: str | None
