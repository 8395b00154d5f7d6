"""Commands of the operator and of bin/dev: `flask --app wsgi <command>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.application import App


def init_app(app: App) -> None:
    """Register the commands."""
