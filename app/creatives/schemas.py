"""What the API says of materials."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from app.creatives.rules import Kind
from app.web.bodies import PageIn


class CreativeOut(BaseModel):
    """A material; with a partner named, `link`, `code`, `text`, `html` and `file` are that partner's own."""

    id: str
    kind: str
    name: str
    product: str | None
    category: str | None
    language: str | None
    width: int | None
    height: int | None
    file: str | None
    subject: str
    text: str
    html: str
    label: str
    valid_from: datetime | None
    valid_to: datetime | None
    link: str | None
    code: str | None


class CreativesIn(PageIn):
    """Which materials are wanted."""

    cursor: str | None = Field(
        None,
        pattern=r"^[0-9]{1,18}-[0-9]{1,18}$",
        description="`next` of the answer before; absent: from the beginning.",
    )
    kind: Kind | None = None
    partner: str | None = Field(
        None, description="What this partner sees, with the own link inside: a refcode."
    )


class CreativeList(BaseModel):
    """A page of materials, in the order in which partners see them."""

    items: list[CreativeOut]
    next: str | None
