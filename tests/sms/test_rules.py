from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.outcomes import Fate
from app.placeholders import fill, places, unknown
from app.sms.rules import HttpTemplate, Sms, is_allowed, judge, quiet_until, shortened

SMS = Sms("+79161234567", 'Лампа: "1 990 ₽" & more\n{phone}', "ev_1.2")


def test_places_are_filled_once_and_what_fills_them_is_never_a_place() -> None:
    assert fill("{a} {b} {c}", {"a": "{b}", "b": "2"}) == "{b} 2 {c}"
    assert fill("{a.__class__} {a!r} {0} {a[0]}", {"a": "1"}) == "{a.__class__} {a!r} {0} {a[0]}"
    assert places('{"to": "{phone}", "x": {"y": 1}}') == ["phone"]
    assert unknown("{name} {link} {password}", ("name", "link")) == ["password"]


def test_a_place_in_other_letters_is_not_sent_as_it_was_typed() -> None:
    asked = '{имя}, {Name} { name } {name}: {1}, {}, {"a": {x}}'
    assert unknown(asked, ("name",)) == ["имя", "Name", " name ", "x"]
    assert unknown("{name} { color: red }", ("name",)) == []


def test_each_value_is_escaped_for_its_place() -> None:
    form = HttpTemplate(url="https://sms.example/?to={digits}", body="to={phone}&text={text}")
    url, body = form.call(SMS)
    assert url == "https://sms.example/?to=79161234567"
    assert body is not None
    assert body.startswith(b"to=%2B79161234567&text=%D0%9B")
    assert body.count(b"&") == 1
    json_ = HttpTemplate(
        url="https://sms.example/", content="json", body='{"to": "{phone}", "text": "{text}"}'
    )
    assert json_.problem() is None
    got = HttpTemplate(url="https://sms.example/?t={text}&p={phone}", method="GET").call(SMS)
    assert got[1] is None
    assert "&more" not in got[0]
    assert "\n" not in got[0]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (HttpTemplate(url="https://{phone}.example/", body="{text}"), ("url", "host")),
        (HttpTemplate(url="https://a.example/", body="{phone} {password}"), ("body", "place")),
        (HttpTemplate(url="https://a.example/", body="{phone}"), ("body", "missing")),
        (HttpTemplate(url="https://a.example/?{text}", method="GET"), ("url", "missing")),
        (
            HttpTemplate(url="https://a.example/", content="json", body='{"{phone}": {text}}'),
            ("body", "json"),
        ),
    ],
)
def test_a_template_that_cannot_work_says_where(
    template: HttpTemplate, problem: tuple[str, str]
) -> None:
    assert template.problem() == problem


@pytest.mark.parametrize(
    ("status", "text", "fate"),
    [
        (200, '{"status": "OK"}', Fate.SENT),
        (200, '{"status": "ERROR", "code": 201}', Fate.NEVER),
        (200, "", Fate.NEVER),
        (302, "", Fate.NEVER),
        (400, "", Fate.NEVER),
        (429, "", Fate.LATER),
        (500, "", Fate.UNKNOWN),
        (503, "OK", Fate.UNKNOWN),
    ],
)
def test_what_a_service_answers_decides(status: int, text: str, fate: Fate) -> None:
    template = HttpTemplate(url="https://a.example/", good='"OK"', bad='"ERROR"')
    assert judge(template, status, text).fate is fate


def test_countries_are_told_by_their_calling_codes() -> None:
    assert is_allowed("+79161234567", ["7", "375"])
    assert not is_allowed("+12025550123", ["7", "375"])
    assert is_allowed("+12025550123", [])


def test_an_sms_is_one_line_of_bounded_length() -> None:
    assert shortened("one\n two\t three") == "one two three"
    assert len(shortened("а" * 5000)) == 600


@pytest.mark.parametrize(
    ("at", "hours", "until"),
    [
        ("2026-11-30 20:59", (21, 9), None),
        ("2026-11-30 21:00", (21, 9), "2026-12-01 09:00"),
        ("2026-11-30 00:00", (21, 9), "2026-11-30 09:00"),
        ("2026-11-30 08:59", (21, 9), "2026-11-30 09:00"),
        ("2026-11-30 09:00", (21, 9), None),
        ("2026-11-30 13:30", (13, 15), "2026-11-30 15:00"),
        ("2026-11-30 15:00", (13, 15), None),
        ("2026-11-30 03:00", (0, 0), None),
        ("2026-11-30 23:30", (22, 0), "2026-12-01 00:00"),
    ],
)
def test_quiet_hours_end_in_the_morning(at: str, hours: tuple[int, int], until: str | None) -> None:
    zone = ZoneInfo("Europe/Moscow")
    wanted = datetime.fromisoformat(until).replace(tzinfo=zone) if until else None
    assert quiet_until(datetime.fromisoformat(at).replace(tzinfo=zone), *hours) == wanted
