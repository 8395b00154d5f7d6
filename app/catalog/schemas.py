"""Products and categories as shops say them; absent stays as it was, null clears."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Rate, Sum

Text = Annotated[str, StringConstraints(max_length=500, strict=True)]
ExternalId = Annotated[str, StringConstraints(max_length=128, strict=True)]
Address = Annotated[str, StringConstraints(max_length=2000, strict=True)]
Levels = Annotated[
    list[Rate | None],
    Field(max_length=9, description='First level first: "10%", "50.00" or null (falls through).'),
]
Margin = Annotated[
    str,
    StringConstraints(max_length=20, strict=True),
    Field(
        description='The percent of its price that is left of it, before anything is given away: "40%".'
    ),
]
Switch = Annotated[bool, Field(strict=True)]


class CategoryIn(BaseModel):
    """A category of the shop; `parent` is the shop's id of the one above."""

    model_config = ConfigDict(extra="ignore")

    name: Text | None = None
    parent: ExternalId | None = None
    url: Address | None = None
    levels: Levels | None = None
    margin: Margin | None = None


class CategoryOut(BaseModel):
    """A category as it now stands."""

    id: str
    name: str
    parent: str | None
    url: str | None
    levels: list[str | None]
    margin: str | None


class ProductIn(BaseModel):
    """A product of the shop. A new one takes part and is shown unless said."""

    model_config = ConfigDict(extra="ignore")

    name: Text | None = None
    category: ExternalId | None = None
    price: Sum | None = None
    brand: ExternalId | None = None
    supplier: ExternalId | None = None
    url: Address | None = None
    takes_part: Switch | None = None
    shown: Switch | None = None
    promo: Switch | None = None
    levels: Levels | None = None
    landing_pages: Annotated[list[Address], Field(max_length=20)] | None = None
    cost: Annotated[Sum, Field(description="What a piece costs to buy.")] | None = None
    margin: Margin | None = None


class ProductOut(BaseModel):
    """A product as it now stands."""

    id: str
    name: str
    category: str | None
    price: str | None
    brand: str | None
    supplier: str | None
    url: str | None
    takes_part: bool
    shown: bool
    promo: bool
    levels: list[str | None]
    landing_pages: list[str]
    cost: str | None
    margin: str | None
