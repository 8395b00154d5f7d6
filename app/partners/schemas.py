"""Partners as the API says them: what is absent stays as it was, null clears."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.web.bodies import PageIn, Rate

_DAY = re.compile(r"(19|20|21)\d\d-\d\d-\d\d", re.ASCII)
Text = Annotated[str, StringConstraints(max_length=500, strict=True)]
Word = Annotated[str, StringConstraints(max_length=200, strict=True)]
Levels = Annotated[
    list[Rate | None],
    Field(max_length=9, description='First level first: "10%", "50.00" or null (falls through).'),
]


Answer = (
    Annotated[str, StringConstraints(max_length=5_000, strict=True)]
    | Annotated[bool, Field(strict=True)]
    | Annotated[
        list[Annotated[str, StringConstraints(max_length=64, strict=True)]], Field(max_length=50)
    ]
    | None
)
Answers = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64)], Answer],
    Field(
        max_length=100,
        description="By the question's key: text, a number as a string, a day, an option's key or several, true.",
    ),
]


def _day(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("a day such as 2026-11-22")


Day = Annotated[date, BeforeValidator(_day)]
Status = Literal["pending", "active", "blocked", "removed", "rejected"]


class PartnerIn(BaseModel):
    """A partner; `group` and `terms` by name or id, `sponsor` by refcode, `member` by the shop's id."""

    model_config = ConfigDict(extra="ignore")

    refcode: Word | None = None
    name: Word | None = None
    email: Text | None = None
    phone: Word | None = None
    site: Text | None = None
    comment: Annotated[str, StringConstraints(max_length=10_000, strict=True)] | None = None
    sponsor: Word | None = None
    sponsor_since: Day | None = None
    sponsor_until: Day | None = None
    group: Word | None = None
    terms: Word | None = None
    member: Annotated[str, StringConstraints(max_length=128, strict=True)] | None = None
    codes: Annotated[list[Word], Field(max_length=100)] | None = None
    levels: Levels | None = None
    status: Status | None = None
    answers: Answers | None = None


class BalanceOut(BaseModel):
    """Sums in the merchant's currency; debt is what the partner owes, zero or more."""

    pending: str
    available: str
    reserved: str
    debt: str


class PartnerOut(BaseModel):
    """A partner as it now stands."""

    id: str
    refcode: str
    name: str
    email: str | None
    phone: str | None
    site: str | None
    sponsor: str | None
    group: str | None
    terms: str
    member: str | None
    codes: list[str]
    levels: list[str | None]
    status: Status
    created_at: datetime
    answers: dict[str, str | bool | list[str]]
    customer_group: str | None
    balance: BalanceOut


class PartnersIn(PageIn):
    """Which partners are wanted."""

    q: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="Part of a name, refcode, code or e-mail."
    )
    status: Status | None = None


class PartnerList(BaseModel):
    """Partners, newest first."""

    items: list[PartnerOut]
    next: str | None
