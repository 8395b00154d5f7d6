"""The menus of the frames. An entry shows when its endpoint exists and the reader may open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, request, url_for
from werkzeug.routing import BuildError

from app.web.menu_entries import MENUS, Entry
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask_babel.speaklater import LazyString

__all__ = ["MENUS", "Entry", "Line", "is_current", "menu"]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the frame draws it, for this reader on this page."""

    label: LazyString
    icon: str
    address: str | None
    current: bool
    lines: tuple[Line, ...] = ()
    waiting: int = 0  # how much waits there for somebody

    @property
    def waiting_below(self) -> int:
        """How much waits here and under it."""
        return self.waiting + sum(line.waiting for line in self.lines)


def menu(audience: str) -> tuple[Line, ...]:
    """The lines of an audience's menu that this reader can use."""
    return _lines(MENUS[audience], surroundings().waiting())


def _lines(entries: Sequence[Entry], waiting: Mapping[str, int]) -> tuple[Line, ...]:
    drawn = (_line(entry, waiting) for entry in entries)
    return tuple(line for line in drawn if line is not None)


def _line(entry: Entry, waiting: Mapping[str, int]) -> Line | None:
    if entry.entries:
        below = _lines(entry.entries, waiting)
        current = any(line.current for line in below)
        return Line(entry.label, entry.icon, None, current, below) if below else None
    if entry.endpoint in surroundings().hidden():
        return None
    if entry.test and not surroundings().test_mode:
        return None
    if entry.endpoint not in current_app.view_functions or not surroundings().allowed(
        entry.endpoint
    ):
        return None
    try:
        address = url_for(entry.endpoint)
    except BuildError:
        return None
    current = is_current(entry.endpoint, entry.below)
    return Line(entry.label, entry.icon, address, current, waiting=waiting.get(entry.endpoint, 0))


def is_current(endpoint: str, below: Sequence[str] = ()) -> bool:
    """True on the entry's own page and on those named as below it; and on pages below an index.

    payouts.show is under payouts.index, unless another entry names it.
    """
    here = request.endpoint or ""
    if here == endpoint or here in below:
        return True
    listed = {
        name
        for entries in MENUS.values()
        for top in entries
        for e in (top, *top.entries)
        for name in (e.endpoint, *e.below)
    }
    return (
        endpoint.endswith(".index")
        and here not in listed
        and here.startswith(endpoint.removesuffix("index"))
    )
