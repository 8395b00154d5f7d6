from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.events.rules import CATALOG
from app.notifications.rules import RULES, To

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r"^\| `([a-z_.]+)` \| (\w+) \| .+? \| ?(.*?) ?\|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs" / "events.md").read_text()
    return {kind: (audience, mailed) for kind, audience, mailed in ROW.findall(text)}


def test_every_type_of_event_is_documented_with_its_audience() -> None:
    written = {kind: audience for kind, (audience, _mailed) in documented().items()}
    assert written == {kind: audience.value for kind, audience in CATALOG.items()}


def test_the_document_says_who_is_mailed() -> None:
    mailed = {kind: words for kind, (_audience, words) in documented().items() if words}
    assert mailed.keys() == RULES.keys()
    for kind, rule in RULES.items():
        if rule.to is To.STAFF:
            assert mailed[kind].partition(";")[0] == ", ".join(rule.roles)
        assert ("a notice" in mailed[kind]) is rule.notice, kind


@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_letter_has_its_subject_text_and_html(kind: str) -> None:
    for part in ("subject", "txt", "mjml"):
        assert (ROOT / "templates" / "notifications" / f"{kind}.{part}").is_file()
