"""Adjustments as programs send them and as we answer; sums are decimal strings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.web.bodies import SignedSum


class AdjustmentIn(BaseModel):
    """Accrue by hand, or deduct with a minus; the partner reads the reason."""

    model_config = ConfigDict(extra="ignore")

    amount: SignedSum
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, strict=True)]


class PurseOut(BaseModel):
    """The four balances; debt is what is owed, zero or more."""

    pending: str
    available: str
    reserved: str
    debt: str


class AdjustmentOut(BaseModel):
    """What was booked, and the balance after it."""

    id: str
    partner: str
    amount: str
    reason: str
    balance: PurseOut
