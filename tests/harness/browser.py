"""Chromium as Debian ships it, accessibility by axe, and silence on the console."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe-core" / "axe.min.js"
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium logs every answer from 400 on; a form refused with 422 is our normal answer.
EXPECTED = "status of 422"


def launch_arguments() -> dict[str, Any]:
    """Return how to start the machine's own Chromium; root needs it without its sandbox."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": path, "args": [*FLAGS, *sandbox]}


class Console:
    """What the page complained about since it was opened."""

    def __init__(self, page: Page) -> None:
        """Listen to a page."""
        self.errors: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and EXPECTED not in message.text:
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


def violations(page: Page) -> list[str]:
    """Return axe's violations on the page as it now stands, one line each.

    Evaluated, not added as a script tag: the content policy blocks that.
    """
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{v['id']} ({v['impact']}): {v['help']}: "
        + "; ".join(str(n["target"]) for n in v["nodes"][:5])
        for v in found
    ]
