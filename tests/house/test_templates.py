"""A layout's own imports hide no name that a page below it sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.house.tree import TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

EXTENDS = re.compile(r"""\{%-?\s*extends\s+["']([^"']+)["']""")
IMPORTS = re.compile(r"""\{%-?\s*from\s+["'][^"']+["']\s+import\s+(.*?)-?%\}""", re.DOTALL)
BLOCK = re.compile(
    r"""\{%-?\s*block\s(?:(?!\{%-?\s*(?:end)?block).)*\{%-?\s*endblock.*?%\}""", re.DOTALL
)
SETS = re.compile(r"""\{%-?\s*set\s+([\w\s,]+?)\s*(?:=|-?%\})""")


def imported(path: Path) -> set[str]:
    """Return the names under which a template imports macros."""
    words = [each for found in IMPORTS.findall(path.read_text()) for each in found.split(",")]
    return {each.split()[-3 if "context" in each else -1] for each in words}


def outside_blocks(path: Path) -> str:
    """Return what a page says before its blocks: what is set in a block is the block's own."""
    text, many = path.read_text(), 1
    while many:
        text, many = BLOCK.subn("", text)
    return text


def above(path: Path) -> set[str]:
    """Return the names that the layouts of a page import, all the way up."""
    found = EXTENDS.search(path.read_text())
    if found is None:
        return set()
    layout = TEMPLATES / found[1]
    return imported(layout) | above(layout)


def test_no_layout_imports_a_name_that_its_pages_set() -> None:
    # Jinja runs a page's own `set` first and the layout's imports after it: the page loses.
    hidden = []
    for path in TEMPLATES.rglob("*.html"):
        names = {
            name.strip()
            for found in SETS.findall(outside_blocks(path))
            for name in found.split(",")
        }
        hidden += [f"{path.relative_to(TEMPLATES)}: {name}" for name in sorted(names & above(path))]
    assert not hidden
