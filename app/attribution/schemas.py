"""Bodies of the calls about clicks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Instant

Text = Annotated[str, StringConstraints(max_length=2000, strict=True)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True)]


class ClickIn(BaseModel):
    """A click that the shop's server saw: `ref` is a refcode, a promo code or a link's code."""

    model_config = ConfigDict(extra="ignore")

    ref: Word
    at: Instant | None = Field(None, description="Now, if not said; never later than now.")
    page: Text | None = None
    referrer: Text | None = None
    user_agent: Text | None = None
    ip: Text | None = None


class ClickOut(BaseModel):
    """The click's token, good for `click` in an order."""

    click: str
