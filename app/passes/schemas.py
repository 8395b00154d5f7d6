"""A one-time link into a partner's cabinet, as we answer it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class LinkOut(BaseModel):
    """Holds once; `url` and `frame_url` are the same link, to be followed or to be framed."""

    url: str = Field(description="Send the browser there: it opens the cabinet in its own window.")
    frame_url: str = Field(
        description="The source of an iframe in the shop's account: two pages, to be read."
    )
    expires_at: datetime
