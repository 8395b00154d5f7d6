"""Many codes at once: by a pattern, in the background, exported together."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.codes import rules
from app.codes.service.many import AT_ONCE, MOST
from app.extensions import db
from app.partners.models import Code
from tests.codes.setting import order, page

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.partners.calls import Shop

FORM = {"partner": "anna", "number": "30", "pattern": "CARD-@#**", "shop": "0", "limit": "1"}


@pytest.fixture
def desk(lampa: Shop) -> FlaskClient:
    return lampa.staff("manager")


def codes(lampa: Shop) -> list[str]:
    with lampa.scope():
        query = select(Code.display).where(Code.kind == "promo").order_by(Code.id)
        return list(db.session.scalars(query))


def test_codes_are_made_by_the_pattern_each_good_for_the_same_and_exported_together(
    lampa: Shop,
    desk: FlaskClient,
) -> None:
    desk.post(page(lampa, "new"), data={"partner": "anna", "code": "OTHER", "shop": "0"})
    answer = desk.post(page(lampa, "many"), data=FORM)
    assert answer.status_code == 303, answer.text
    shown = desk.get(answer.location).text
    assert "30 codes are ready." in shown
    listed = re.search(r'href="([^"]*codes/\?made=[^"]+)"', shown)
    assert listed is not None
    assert "OTHER" not in desk.get(listed[1]).text
    run = listed[1].partition("made=")[2]
    said = {"list": "codes", "query": f"made={run}&cols=code.partner.used", "format": "csv"}
    file = desk.post(f"/{lampa.slug}/office/lists/export", data=said)
    head, *rows = csv.reader(io.StringIO(file.text.removeprefix("\ufeff")))
    assert head == ["Code", "Partner", "Orders"]
    assert len({row[0] for row in rows}) == 30
    assert all(re.fullmatch(r"CARD-[A-Z]\d[A-Z2-9]{2}", row[0]) for row in rows)
    assert {(row[1], row[2]) for row in rows} == {("Anna", "0 of 1")}
    # Each of them works, once.
    first, second = order(lampa, "1", rows[0][0]), order(lampa, "2", rows[0][0])
    assert first["deal"]["promo_code"] == rows[0][0], first
    assert second["reason"] == "code_used_up"


def test_a_long_making_is_the_workers_and_can_be_left(lampa: Shop, desk: FlaskClient) -> None:
    number = AT_ONCE + 10
    answer = desk.post(page(lampa, "many"), data=FORM | {"number": str(number)})
    assert "It begins in a moment" in desk.get(answer.location).text
    assert codes(lampa) == []
    # While that is under way no other begins.
    assert desk.post(page(lampa, "many"), data=FORM).status_code == 409
    with lampa.app.app_context():
        jobs.work_runs()
    assert f"{number} codes are ready." in desk.get(answer.location).text
    assert len(set(codes(lampa))) == number


@pytest.mark.parametrize(
    "said",
    [
        {"number": "0"},
        {"number": str(MOST + 1)},
        {"number": "x"},
        {"pattern": "CARD"},
        {"pattern": "{name}-#"},
        {"pattern": "ПОДАРОК**"},
        {"pattern": ""},
        {"partner": "nobody"},
        {"starts": "2026-12-31", "ends": "2026-12-01"},
        {"limit": "0"},
    ],
)
def test_what_cannot_be_made_is_refused_with_the_input_kept(
    lampa: Shop,
    desk: FlaskClient,
    said: dict[str, Any],
) -> None:
    answer = desk.post(page(lampa, "many"), data=FORM | {"note": "For the fair"} | said)
    assert answer.status_code == 422
    assert "For the fair" in answer.text
    assert codes(lampa) == []


def test_codes_that_are_taken_are_passed_over(lampa: Shop, desk: FlaskClient) -> None:
    """Half of what the pattern makes is taken: the other half is given, and nothing twice."""
    with lampa.scope():
        total = rules.how_many("F#*")
    answer = desk.post(page(lampa, "many"), data=FORM | {"pattern": "F#*", "number": "15"})
    for _n in range(6):
        answer = desk.post(page(lampa, "many"), data=FORM | {"pattern": "F#*", "number": "15"})
        assert answer.status_code == 303
    found = codes(lampa)
    assert len(found) == len(set(found)) == 7 * 15 < total


def test_support_sees_the_codes_and_makes_none(lampa: Shop) -> None:
    support = lampa.staff("support")
    assert support.get(page(lampa, "many")).status_code == 403
    assert support.post(page(lampa, "many"), data=FORM).status_code == 403
    assert codes(lampa) == []
