"""An entry of a menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu: a page, or a heading over pages."""

    label: LazyString
    icon: str = ""
    endpoint: str = ""
    entries: tuple[Entry, ...] = ()
    below: tuple[str, ...] = ()  # other pages on which it is the current one
    test: bool = False  # only in test mode


def pages(door: str, names: str) -> tuple[str, ...]:
    """Return the endpoints of these names behind a door or in a slice of it."""
    return tuple(f"{door}.{name}" for name in names.split())
