"""What templates may call besides the filters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, get_flashed_messages, request
from flask_babel import get_locale

from app.web.happenings import happening
from app.web.locale import LOCALES, direction
from app.web.menu import menu
from app.web.preferences import chosen_theme
from app.web.states import state_label, state_tone
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from flask import Flask

HTMX = json.dumps(
    {
        "includeIndicatorCSS": False,
        "mode": "same-origin",
        "history": "reload",
        "defaultTimeout": 30000,
        "noSwap": [204, 304],
    }
)


@dataclass(frozen=True, slots=True)
class Toast:
    """A short message: its kind (success, info, warning, danger), text, and where to take the act back."""

    kind: str
    text: str
    undo: str | None


def toasts() -> list[Toast]:
    """The messages that wait for this reader; plain flashes are understood too."""
    found = []
    flashed = cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))
    for kind, message in flashed:
        text, undo = message, None
        if message.startswith("{"):
            data = json.loads(message)
            text, undo = data["text"], data.get("undo")
        known = kind if kind in {"success", "info", "warning", "danger"} else "info"
        found.append(Toast(known, text, undo))
    return found


def frame() -> dict[str, Any]:
    """What every frame reads; nothing here asks the database."""
    locale = get_locale()
    return {
        "around": surroundings(),
        "menu": menu,
        "toasts": toasts,
        "has_endpoint": lambda name: name in current_app.view_functions,
        "htmx_config": HTMX,
        "lang": str(locale or "en").replace("_", "-"),
        "dir": direction(locale) if locale else "ltr",
        "locales": LOCALES,
        "theme": chosen_theme(),
        "this_path": request.path,
        "here": request.full_path.rstrip("?"),
    }


def init_app(app: Flask) -> None:
    """Give the frames what they read."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        happening=happening, state_label=state_label, state_tone=state_tone
    )
    app.context_processor(frame)
