"""What shops' pages load stays small, needs no build, and keeps to itself."""

from __future__ import annotations

import gzip
import re

import pytest

from app.attribution.public import landing_script
from app.widget.public import widget_script
from tests.house.tree import ROOT

# Bytes, gzipped, with every feature: pages of shops wait for none of it, but phones pay for it.
MOST = {"track.js": 1_250, "widget.js": 6_000}
SERVED = {
    "track.js": lambda: landing_script('[["ref"], 90, false]', packed=True),
    "widget.js": lambda: widget_script(packed=True),
}
KEEPS = re.compile(r"localStorage|sessionStorage|indexedDB|serviceWorker|navigator\.sendBeacon")
INJECTS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
)


@pytest.mark.parametrize("name", MOST)
def test_scripts_of_shops_pages_are_small(name: str) -> None:
    assert len(SERVED[name]()) < MOST[name]


@pytest.mark.parametrize("name", ["widget.js", "lead.js", "code.js", "inside.js"])
def test_scripts_keep_nothing_and_write_no_markup(name: str) -> None:
    text = (ROOT / "static" / name).read_text()
    assert not KEEPS.search(text)
    assert not INJECTS.search(text)
    assert "document.cookie" not in text


def test_what_is_served_is_the_source_without_comments() -> None:
    served = gzip.decompress(widget_script(packed=True)).decode()
    source = (ROOT / "static" / "widget.js").read_text()
    lines = [line.strip() for line in source.splitlines()]
    assert served.splitlines() == [line for line in lines if line and not line.startswith("//")]
