"""What other pages ask before they publish: does this make a sale cost more than it leaves?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from app.margins import service
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.margins.service import Stack

SEEN = "margin_seen"  # the reader's word that he publishes all the same


def red_by(change: Callable[[], object], at: datetime | None = None) -> list[Stack]:
    """Return the stacks that keep a change from being published as it was asked for; none: go on.

    The change is tried and undone. Raises what it raises.
    """
    if request.form.get(SEEN) and not setting("margin_stop"):
        return []
    return service.reddened(change, at)


def warning(red: Sequence[Stack]) -> dict[str, Any]:
    """Return what the warning's template asks for."""
    return {"red_stacks": red, "red_stop": bool(red) and setting("margin_stop")}
