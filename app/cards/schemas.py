"""Bodies of a customer's card."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class CardIn(BaseModel):
    """A card's number; null takes the card away, absent asks for a number of ours."""

    model_config = ConfigDict(extra="forbid")

    number: str | None = None


class CardOut(BaseModel):
    """A customer's card; `number` null: none."""

    member: str
    number: str | None
    since: datetime | None
