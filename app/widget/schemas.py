"""What the widget's script asks with; it is answered with JSON that docs/widget.md describes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.orders.schemas import LineIn
from app.web.bodies import Sum

Language = Annotated[str, StringConstraints(max_length=20, strict=True)]


class WalletIn(BaseModel):
    """A cart, or none; unknown fields are let be."""

    model_config = ConfigDict(extra="ignore")

    lines: Annotated[list[LineIn], Field(max_length=500)] | None = None
    shipping: Sum | None = None
    fees: Sum | None = None
    spend: Sum | None = None
    history: Annotated[bool, Field(strict=True)] = False
    lang: Language = ""
