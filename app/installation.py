"""The running installation's settings, for services, which know nothing of the web framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from app.config import Config


def settings() -> Config:
    """Return the Config that the running application was made with."""
    return cast("Config", current_app.extensions["partnerka"])


def public_address(path: str) -> str:
    """Return the full address of one of our own paths; letters carry it, so no request's Host decides."""
    return f"{settings().public_url}{path}"
