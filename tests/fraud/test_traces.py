"""F42: a replay of labelled requests: what is no visit of a person is told apart, and floods are seen."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.attribution.clicks import flag_of
from app.fraud.rules import Flood, Policy, Scene, Sign, Trace, signs
from tests.fraud.labelled import NOON

SEED, REQUESTS = 20261125, 5000
PEOPLE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Linux; Android 14; Cubot X70) AppleWebKit/537.36 Chrome/126.0 Mobile",
)
MACHINES = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "facebookexternalhit/1.1",
    "TelegramBot (like TwitterBot)",
    "SomeSpider/1.0",
)


def request(chance: random.Random) -> tuple[dict[str, Any], str | None]:
    """Return a request as WSGI hands it over, and what it is in truth: None is a person."""
    environ = {"HTTP_USER_AGENT": chance.choice(PEOPLE), "HTTP_SEC_FETCH_DEST": "document"}
    truth = chance.choice((None, None, "bot", "prefetch", "frame"))
    if truth == "bot":
        environ["HTTP_USER_AGENT"] = chance.choice(MACHINES)
    elif truth == "prefetch":
        name = chance.choice(("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ"))
        environ[name] = chance.choice(("prefetch", "prefetch;prerender", "preview"))
    elif truth == "frame":
        environ["HTTP_SEC_FETCH_DEST"] = chance.choice(("iframe", "image", "script", "embed"))
    elif chance.random() < 0.2:  # an old browser says nothing of it
        del environ["HTTP_SEC_FETCH_DEST"]
    return environ, truth


def test_every_request_of_a_labelled_trace_is_told_for_what_it_is() -> None:
    chance = random.Random(SEED)  # noqa: S311
    wrong = [
        (environ, truth)
        for environ, truth in (request(chance) for _ in range(REQUESTS))
        if flag_of(environ, "redirect") != truth
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("clicks", "usual", "flood"),
    [
        (10_000, 0, True),  # a stuffing burst of a partner whom nobody knew
        (30, 600, True),
        (29, 0, False),  # below what the merchant calls a burst
        (60, 1300, False),  # a popular page: thirteen in ten minutes are usual
        (10_000, 250_000, False),
    ],
)
def test_a_burst_is_told_from_a_crowd(clicks: int, usual: int, *, flood: bool) -> None:
    trace = Trace(floods={7: Flood(clicks, usual)})
    scene = Scene(NOON, None, 7, 1, trace=trace)
    found = signs(scene, Policy(on=frozenset({Sign.FLOOD})))
    assert bool(found) is flood
