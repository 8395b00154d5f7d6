"""What stands in the menus: one table of entries a frame."""

from app.web.menu_entries.entry import Entry
from app.web.menu_entries.office import OFFICE
from app.web.menu_entries.others import CABINET, PLATFORM

__all__ = ["MENUS", "Entry"]

MENUS: dict[str, tuple[Entry, ...]] = {
    "office": OFFICE,
    "cabinet": CABINET,
    "platform": PLATFORM,
    "public": (),
}
