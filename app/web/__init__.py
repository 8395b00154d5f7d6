"""What every page needs and no noun of the domain: page(), tables, forms, errors, headers, frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from app.web import assets, errors, filters, headers, log, reference, wellknown
from app.web.context import init_app as init_context
from app.web.locale import select_locale, select_timezone
from app.web.pages import page, see_other, toast
from app.web.preferences import blueprint as preference_routes
from app.web.styles import blueprint as style_routes
from app.web.surroundings import surround, surroundings

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Config


def init_app(app: Flask) -> None:
    """Bind the web floor to an app whose Config lies in app.extensions["partnerka"]."""
    config = cast("Config", app.extensions["partnerka"])
    log.init_app(app, config)
    assets.init_app(app, development=config.env == "development")
    headers.init_app(app, config)
    errors.init_app(app)
    filters.init_app(app)
    init_context(app)
    app.register_blueprint(preference_routes)
    if config.env != "production":
        app.register_blueprint(style_routes)


ROUTES = (reference, wellknown)  # modules that add to the blueprint of the floor by being imported

__all__ = [
    "init_app",
    "page",
    "see_other",
    "select_locale",
    "select_timezone",
    "surround",
    "surroundings",
    "toast",
]
