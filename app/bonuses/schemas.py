"""Bonuses as programs ask for them and as we answer; amounts are decimal strings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Instant, PageIn, SignedSum

Id = Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]


class BonusIn(BaseModel):
    """Accrue, or deduct with a minus; the customer reads the reason."""

    model_config = ConfigDict(extra="ignore")

    member: Id
    amount: SignedSum
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, strict=True)]
    expires_at: Instant | None = Field(None, description="When they lapse; absent: never.")


class NextExpiryOut(BaseModel):
    """What lapses next, and when."""

    at: datetime
    amount: str


class BonusesOut(BaseModel):
    """What a customer has; debt is what is owed, zero or more."""

    member: str
    available: str
    pending: str
    held: str
    debt: str
    next_expiry: NextExpiryOut | None


class BonusOut(BaseModel):
    """What was booked, and what the customer has after it."""

    id: str
    member: str
    amount: str
    reason: str
    expires_at: datetime | None
    balance: BonusesOut


class EntryOut(BaseModel):
    """One line of the statement: a credit, or what an act took or gave back."""

    id: str
    at: datetime
    kind: Literal["earned", "spent", "returned", "lapsed", "taken_back"]
    why: str = Field(
        description="Of a credit: order, profile, hand, api, import, conversion, return."
    )
    amount: str = Field(description="With a minus where bonuses went.")
    active: bool
    activates_at: datetime | None
    expires_at: datetime | None
    order: str | None
    reason: str | None


class EntriesIn(PageIn):
    """Which part of the statement is wanted."""

    cursor: str | None = Field(
        None,
        pattern=r"^[0-9]{1,17}-[01]-[0-9]{1,18}$",
        description="`next` of the answer before; absent: from the beginning.",
    )


class EntryList(BaseModel):
    """A page of the statement, newest first."""

    items: list[EntryOut]
    next: str | None
