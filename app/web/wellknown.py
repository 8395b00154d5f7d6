"""Addresses that the world expects of any site: whom to tell of a hole in the security."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, cast

from flask import Response, current_app

from app import clock
from app.web.preferences import blueprint

if TYPE_CHECKING:
    from app.config import Config


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """RFC 9116: the contact is the address that the installation's letters come from."""
    config = cast("Config", current_app.extensions["partnerka"])
    lines = (
        f"Contact: mailto:{parseaddr(config.mail.sender)[1]}",
        f"Expires: {clock.wall() + timedelta(days=180):%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: en, ru",
        f"Canonical: {config.public_url}/.well-known/security.txt",
    )
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
