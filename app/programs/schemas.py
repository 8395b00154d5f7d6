"""Sets of partner terms and partner groups as the API says them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _instant(value: Any) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        found = datetime.fromisoformat(value.upper())
        if 1970 <= found.year <= 9000:
            return found
    raise ValueError("a time such as 2026-11-22T10:00:00+03:00")


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
Name = Annotated[str, StringConstraints(max_length=200, strict=True)]
Long = Annotated[str, StringConstraints(max_length=50_000, strict=True)]
Days = Annotated[int, Field(strict=True, ge=0, le=3650)]
Switch = Annotated[bool, Field(strict=True)]
Levels = Annotated[
    list[Annotated[str, StringConstraints(max_length=40, strict=True)] | None],
    Field(max_length=9, description='First level first: "10%" or "50.00".'),
]


class BaseIn(BaseModel):
    """What commissions are reckoned from, besides lines after discounts."""

    model_config = ConfigDict(extra="forbid")

    shipping: Switch = False
    tax: Switch = True
    bonus: Switch = False


class TermsIn(BaseModel):
    """A set of terms; days that are null follow the merchant's settings."""

    model_config = ConfigDict(extra="ignore")

    name: Name | None = None
    text: Long | None = None
    levels: Levels | None = None
    hold_days: Days | None = None
    window_days: Days | None = None
    base: BaseIn | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class BaseOut(BaseModel):
    """What commissions are reckoned from."""

    shipping: bool
    tax: bool
    bonus: bool


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
    valid_from: datetime
    valid_to: datetime | None


class TermsList(BaseModel):
    """Every set of terms, the base first."""

    items: list[TermsOut]
    next: None = None


class GroupIn(BaseModel):
    """A partner group; null in `levels` falls through to the terms."""

    model_config = ConfigDict(extra="ignore")

    name: Name
    levels: Levels | None = None


class GroupOut(BaseModel):
    """A partner group as it now stands."""

    id: str
    name: str
    levels: list[str | None]


class GroupList(BaseModel):
    """Every group by name."""

    items: list[GroupOut]
    next: None = None
