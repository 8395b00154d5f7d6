"""Codes as programs say and read them; what is given changes, null lifts a condition."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Instant, PageIn

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True)]
Text = Annotated[str, StringConstraints(max_length=500, strict=True)]
Limit = Annotated[int, Field(strict=True, ge=1, le=10_000)]


class CodeChange(BaseModel):
    """What a code is good for. `valid_to` is excluded; `limit` counts orders that stand."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Instant | None = None
    valid_to: Instant | None = None
    limit: Limit | None = None
    shop: Word | None = Field(None, description="The id of a shop, where it is not for all.")
    active: Annotated[bool, Field(strict=True)] | None = None
    gives: Text | None = Field(None, description="What the buyer gets, in words.")
    note: Text | None = None


class CodeIn(CodeChange):
    """A new promo code of a partner."""

    partner: Word = Field(description="A refcode.")
    code: Word | None = Field(None, description="Made by the merchant's pattern unless said.")


class CodesIn(PageIn):
    """Which codes are wanted."""

    partner: Word | None = Field(None, description="Of this partner only: a refcode.")


class CodeRow(BaseModel):
    """A promo code as it stands: active, early, expired, off or used_up."""

    code: str
    partner: str
    state: str
    valid_from: datetime | None
    valid_to: datetime | None
    limit: int | None
    used: int | None
    shop: str | None
    active: bool
    gives: str | None
    note: str


class CodeList(BaseModel):
    """A page of codes."""

    items: list[CodeRow]
    next: str | None
