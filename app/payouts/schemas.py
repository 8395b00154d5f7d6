"""Payouts as programs send them and as we answer; sums are decimal strings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.payouts.rules import State
from app.web.bodies import Moment, PageIn, Sum

Word = Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]
Reason = Annotated[str, StringConstraints(max_length=500, strict=True)]


class PayoutIn(BaseModel):
    """Ask on a partner's behalf, or with `state` "paid" record a payment already made."""

    model_config = ConfigDict(extra="ignore")

    partner: Word
    amount: Sum
    method: Word = "bank"
    state: Literal["requested", "paid"] = "requested"
    reason: Reason | None = None


class ReasonIn(BaseModel):
    """Why a payout was rejected or failed; the partner reads it."""

    model_config = ConfigDict(extra="ignore")

    reason: Reason | None = None


class PayoutsIn(PageIn):
    """Which payouts are wanted."""

    state: State | None = Field(None, description="In this state only.")
    partner: Word | None = Field(None, description="Of this partner only: a refcode.")


class PayoutOut(BaseModel):
    """A payout as it now stands; `partner` is the refcode."""

    id: str
    state: str
    partner: str
    amount: str
    fee: str  # of the platform, kept back of the amount
    withheld: str  # tax that the merchant keeps back of the amount, known from the approval on
    net: str  # what reaches the partner
    settled_by: str  # own, platform
    method: str
    reason: str | None
    requested_at: Moment
    first_approved_at: Moment | None  # of two people: it waits for another's
    approved_at: Moment | None
    ended_at: Moment | None


class PayoutList(BaseModel):
    """One page of payouts, newest first."""

    items: list[PayoutOut]
    next: str | None
