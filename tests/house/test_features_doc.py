"""Every test that docs/features.md names is there, under that name."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.house.tree import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)(?:\[[^`]*\])?`")


@cache
def known(path: str) -> frozenset[str]:
    """Return the tests of a file as pytest names them, behind the file's name."""
    found = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if hasattr(each, "name")}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return frozenset(found)


def test_the_tests_named_beside_features_exist() -> None:
    named = NAMED.findall((ROOT / "docs" / "features.md").read_text())
    assert len(named) > 100
    assert [f"{path}::{name}" for path, name in named if name not in known(path)] == []
