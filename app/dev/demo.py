"""The demo's addresses and logins: a file for programs, lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.dev.children import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from app.dev.children import Child

LOGINS = 120.0
DOORS = (
    ("back office", "office"),
    ("accountant", "accountant"),
    ("cabinet", "cabinet"),
    ("platform", "platform"),
)


def forget_other(target: Path, mark: Path, identity: str, url: str) -> None:
    """Remove a file that speaks of another database or another address."""
    same = mark.exists() and mark.read_text() == identity and read(target).get("url") == url
    if not same:
        target.unlink(missing_ok=True)
    mark.write_text(identity)


def wait_for(target: Path, maker: Child) -> bool:
    """Wait until the logins are known; False when the maker gave up."""
    wait_until(lambda: target.exists() or not maker.running, LOGINS)
    return target.exists()


def read(target: Path) -> dict[str, Any]:
    """Return what the file says, nothing when there is none."""
    try:
        said = json.loads(target.read_text())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def lines(target: Path) -> list[str]:
    """Return the logins as lines to print."""
    known = read(target)
    base, merchant = known.get("url", ""), known.get("merchant", "")
    paths = {
        "office": f"/{merchant}/office/",
        "accountant": f"/{merchant}/office/",
        "cabinet": f"/{merchant}/cabinet/",
        "platform": "/platform/",
    }
    shown = []
    for title, key in DOORS:
        door = known.get(key)
        if isinstance(door, dict):
            shown.append(
                f"  {title:12} {base}{paths[key]}  {door.get('login')} / {door.get('password')}"
            )
    if known.get("mailbox"):
        shown.append(f"  {'mailbox':12} {known['mailbox']}")
    if base:
        shop = f"http://localhost:{base.rpartition(':')[2]}/dev/shop/"
        shown.append(f"  {'made-up shop':12} {shop}")
    if known.get("api_key"):
        shown.append(f"  {'API key':12} {known['api_key']}")
    return shown
