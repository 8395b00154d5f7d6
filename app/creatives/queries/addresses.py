"""Where files and previews are served: on the content host, if the installation has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.installation import public_address, settings

if TYPE_CHECKING:
    from app.creatives.models import Creative


def file_path(creative: Creative, slug: str, short: str = "") -> str:
    """Return the path of a creative's file; with the short code of a partner's link it counts his shows."""
    ending = (creative.filename or "").rpartition(".")[2]
    mine = f"/{short}" if short else ""
    return f"/m/{slug}/{creative.key}{mine}.{ending}"


def preview_path(creative: Creative, slug: str, short: str = "") -> str:
    """Return the path at which HTML is looked at, filled for the owner of a link or with samples."""
    mine = f"/{short}" if short else ""
    return f"/m/{slug}/{creative.key}{mine}/preview"


def file_address(creative: Creative, slug: str, short: str = "") -> str:
    """Return the full address of a creative's file, for pages of others."""
    return content_address(file_path(creative, slug, short))


def content_address(path: str) -> str:
    """Return the full address of a path of the content host."""
    host = settings().content_host
    return f"https://{host}{path}" if host else public_address(path)


def content_source(path: str) -> str:
    """Return how our own pages name a path of the content host: as short as their policy allows."""
    return content_address(path) if settings().content_host else path
