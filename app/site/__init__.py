"""Who comes in where: the doors, and the slices' routes behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.application import App


def init_app(app: App) -> None:
    """Open the doors."""
