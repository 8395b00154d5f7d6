"""The back office: the shop's catalogue by feed, looked at first, loaded in the background."""

from __future__ import annotations

from app.feeds.office.pages import bp

__all__ = ["bp"]
