"""Outgoing webhooks as programs say and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import Place

Address = Annotated[str, StringConstraints(min_length=1, max_length=2000, strict=True)]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=128, strict=True)]


class WebhookIn(BaseModel):
    """An address that is told of these events; none: of all."""

    model_config = ConfigDict(extra="ignore")

    url: Address
    events: Annotated[list[Kind], Field(max_length=200)] = []
    note: Annotated[str, StringConstraints(max_length=200, strict=True)] = ""


class WebhookOut(BaseModel):
    """An endpoint; `state`: active, or why it is told nothing (hand, failing, gone)."""

    id: str
    url: str
    events: list[str]
    note: str
    state: str
    created_at: datetime
    taken_at: datetime | None
    failing_since: datetime | None


class WebhookMade(WebhookOut):
    """A new endpoint, or one with a new secret: it is told in this answer alone."""

    secret: str


class WebhookList(BaseModel):
    """All endpoints, oldest first."""

    items: list[WebhookOut]
    next: str | None


class EventOut(BaseModel):
    """What happened. `position`: its place in the feed, greater for what was later."""

    id: str
    type: str
    timestamp: datetime
    position: int
    data: dict[str, Any]


class EventsIn(BaseModel):
    """From which place on the feed is read."""

    model_config = ConfigDict(extra="ignore")

    after: Place = Field(0, ge=0, lt=10**18, description="A `position`; 0: from the start.")
    limit: Place = Field(50, ge=1, le=200, description="How many, 1 to 200.")


class EventList(BaseModel):
    """The feed after a place; `next`: the place to ask after for more, null where there is no more now."""

    items: list[EventOut]
    next: str | None
