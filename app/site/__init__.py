"""Who comes in where: the doors, and the slices' routes behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.site import api, attempts, converters, document, doors, health, people, registry, scope

if TYPE_CHECKING:
    from app.application import App


def init_app(app: App) -> None:
    """Open the doors. Raises Undeclared for a view that does not say who may call it."""
    app.url_map.converters["customer"] = converters.Customer
    scope.init_app(app)
    people.init_app(app)
    attempts.init_app(app)
    health.init_app(app)
    doors.init_app(app)
    api.init_app(app)
    registry.check(app)


__all__ = ["document", "init_app"]
