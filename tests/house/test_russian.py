"""The Russian catalogue is written as one hand would write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

from tests.house.catalogs import catalogue, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
POLITE = re.compile(r"(?<=[а-яё,;–—] )(Вы|Вас|Вам|Ваш\w*)\b")
SLIPS = re.compile(
    # The plural of an account or an invoice is written without the dots.
    r" - |\.\.\.|\b((еще|партнер|вперед|остается|начнется)\w*|счет(?!а\b|ов\b|ам\b|ами\b|ах\b)\w*)\b",
    re.IGNORECASE,
)
BUTTON = re.compile(r'(?:submit=|<span>\{\{ |action\((?:url_for\([^()]*\)|\w+), )_\("([^"]+)"\)')
ABBREVIATED = {"free in %(first)s–%(last)s days"}


def _pairs() -> Iterator[tuple[str, str]]:
    """Give every form of every sentence beside its source: the singular, else the plural."""
    with catalogue("ru").open("rb") as text:
        known = read_po(text, locale="ru")
    for message in known:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        forms = (message.string,) if isinstance(message.string, str) else message.string
        yield from ((source, form) for form in forms)


def test_no_sentence_is_missing() -> None:
    assert faults("ru") == []


def test_every_value_of_a_sentence_is_said_in_russian_too() -> None:
    lost = [
        (source, told)
        for source, told in _pairs()
        if set(PLACEHOLDER.findall(source)) != set(PLACEHOLDER.findall(told))
    ]
    assert lost == []


def test_sentences_stay_sentences_and_labels_stay_labels() -> None:
    ends = [
        (source, told)
        for source, told in _pairs()
        if source not in ABBREVIATED and source.endswith(".") != told.endswith(".")
    ]
    assert ends == []


def test_one_spelling_holds_throughout() -> None:
    slips = [told for _, told in _pairs() if SLIPS.search(told) or POLITE.search(told)]
    assert slips == []


def test_a_campaign_has_one_name() -> None:
    """Promotional goods are «акционные»; a campaign of rates is a «кампания» on every page."""
    mixed = [
        told
        for source, told in _pairs()
        if "campaign" in source.casefold() and re.search(r"\bакци", told.casefold())
    ]
    assert mixed == []


def test_buttons_say_what_they_do_and_not_what_is() -> None:
    with catalogue("ru").open("rb") as text:
        verbs = {each.id for each in read_po(text, locale="ru") if each.context == "verb"}
    assert {"Change", "Put away"} <= verbs
    wrong = [
        (path.name, found)
        for path in (catalogue("ru").parents[3] / "templates").rglob("*.html")
        for found in BUTTON.findall(path.read_text())
        if found in verbs
    ]
    assert wrong == [], 'pgettext("verb", ...) is what a button says'
