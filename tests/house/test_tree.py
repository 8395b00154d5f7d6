"""What the repository may not hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.house.tree import ROOT, committed, name

if TYPE_CHECKING:
    from pathlib import Path

HOME = "root|home|work|Users"
MACHINE = re.compile(rf"(?<![\w.~}}])/(?:{HOME})/[\w.-]+")
REGISTRY = re.compile("|".join(("index" + "-url", "find" + "-links", "registry" + r"\.npmjs")))
OURS = re.compile(
    r"`((?:app|tests|bin|templates|static|docs|migrations|bench)/[\w./-]+)(?:::\w+)?`"
)
NOT_OURS = ("static/vendor/", "tests/vendor/")
PICTURES = {".png", ".jpg", ".ico", ".woff2", ".gif", ".gz", ".webp"}


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    told = []
    for path in committed():
        if name(path).startswith(NOT_OURS) or path.suffix in PICTURES:
            continue
        text = path.read_text(errors="replace")
        told += [f"{name(path)}: {found[0]}" for found in MACHINE.finditer(text)]
        told += [f"{name(path)}: {found[0]}" for found in REGISTRY.finditer(text)]
    assert not told


def test_no_large_file_is_kept() -> None:
    large = [name(path) for path in committed() if path.stat().st_size > 2 * 2**20]
    assert not large


def test_the_documents_name_files_that_exist() -> None:
    lost = []
    for document in documents():
        told = (found[1] for found in OURS.finditer(document.read_text()))
        lost += [f"{name(document)}: {path}" for path in told if not (ROOT / path).exists()]
    assert not lost


def test_the_documents_name_tests_that_exist() -> None:
    lost = []
    for document in documents():
        told = re.findall(r"`(tests/[\w./-]+\.py)::(\w+)`", document.read_text())
        lost += [f"{name(document)}: {path}::{test}" for path, test in told if not has(path, test)]
    assert not lost


def test_each_feature_names_its_test_or_says_not_yet() -> None:
    features = next((path for path in documents() if path.name == "features.md"), None)
    rows = features.read_text().splitlines() if features else []
    told = [row for row in rows if re.match(r"\| *`?[A-Z]{2}\d+", row)]
    assert not [row for row in told if "`tests/" not in row and "not yet" not in row]


def documents() -> list[Path]:
    """Return what people read first."""
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return [path for path in found if path.exists()]


def has(path: str, test: str) -> bool:
    """Tell whether a file has a test of that name."""
    text = (ROOT / path).read_text() if (ROOT / path).exists() else ""
    return re.search(rf"^\s*def {test}\(", text, re.MULTILINE) is not None
