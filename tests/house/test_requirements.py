"""The lock files: exact, hashed, the same in both, and from nowhere in particular."""

from __future__ import annotations

import re
import tomllib

from tests.house.tree import ROOT

LOCKS = ("requirements.txt", "requirements-test.txt")


def pinned(file: str) -> dict[str, str]:
    """Return {name: the whole pin with its condition}."""
    pins = re.findall(
        r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(.+?) \\$", (ROOT / file).read_text(), re.MULTILINE
    )
    return dict(pins)


def word(requirement: str) -> str:
    """Return the bare name of a requirement."""
    return re.split(r"[^a-zA-Z0-9._-]", requirement)[0].lower().replace("_", "-")


def test_each_pin_has_a_hash_and_nothing_else_is_said() -> None:
    for file in LOCKS:
        for line in (ROOT / file).read_text().splitlines():
            pin = re.fullmatch(r"[a-z0-9._-]+(\[[^]]*\])?==\S+( ; .+)? \\", line)
            digest = re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)
            assert pin or digest, f"{file}: {line}"


def test_what_the_product_needs_the_tests_have_in_the_same_version() -> None:
    assert pinned("requirements.txt").items() <= pinned("requirements-test.txt").items()


def test_every_dependency_that_is_named_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    product = {word(line) for line in project["project"]["dependencies"]}
    tests = {word(line) for line in project["dependency-groups"]["test"]}
    assert product <= pinned("requirements.txt").keys()
    assert tests <= pinned("requirements-test.txt").keys()
