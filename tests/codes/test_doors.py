"""Codes in the back office, in the cabinet and by API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.codes import queries
from app.extensions import db
from app.facts.models import Fact
from app.partners.models import Partner
from tests.codes.setting import order, page
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def code_id(lampa: Shop, code: str) -> int:
    with lampa.scope():
        found = queries.by_code(code)
        assert found is not None
        return found.code.id


def test_a_manager_makes_a_code_limits_it_and_switches_it_off(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    form = {"partner": "anna", "code": "Spring-26", "limit": "1", "shop": "0", "note": "Podcast",
            "gives": "10% off the first order"}  # fmt: skip
    made = boss.post(page(lampa, "new"), data=form)
    assert made.status_code == 303, made.text
    assert order(lampa, "A1", "SPRING-26")["deal"]["promo_code"] == "Spring-26"
    assert order(lampa, "A2", "spring-26")["reason"] == "code_used_up"
    listed = boss.get(page(lampa)).text
    assert "1 of 1" in listed
    assert "Used up" in listed
    own = page(lampa, str(code_id(lampa, "spring-26")))
    assert boss.post(own, data={"limit": "", "shop": "0"}).status_code == 303
    assert order(lampa, "A3", "spring-26")["deal"] is not None
    off = boss.post(f"{own}/off", follow_redirects=True)
    assert "Switched off. Orders from now on lose by it." in off.text
    assert order(lampa, "A4", "spring-26")["reason"] == "code_retired"
    again = lampa.call("GET", "/codes/SPRING-26").json
    assert (again["valid"], again["reason"]) == (False, "code_retired")
    boss.post(f"{own}/on")
    assert order(lampa, "A5", "spring-26")["deal"] is not None
    shown = boss.get(own).text
    for words in ("Activity", "Orders, at most", "Manager"):
        assert words in shown, words


def test_without_a_code_one_is_made_by_the_merchants_pattern(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    assert boss.post(page(lampa, "pattern"), data={"pattern": "LAMP-@@##"}).status_code == 303
    assert "different codes for a name" in boss.get(page(lampa, "pattern")).text
    made = boss.post(
        page(lampa, "new"), data={"partner": "anna", "shop": "0"}, follow_redirects=True
    )
    assert "LAMP-" in made.text
    refused = boss.post(page(lampa, "pattern"), data={"pattern": "Лампа-##"})
    assert refused.status_code == 422
    assert "Лампа-##" in refused.text


def test_a_pattern_that_has_run_out_grows(lampa: Shop) -> None:
    lampa.staff("manager").post(page(lampa, "pattern"), data={"pattern": "ONE"})
    made = [lampa.call("POST", "/codes", {"partner": "anna"}).json["code"] for _ in range(3)]
    assert made[0] == "ONE"
    assert len({each.casefold() for each in made}) == 3


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"partner": "nobody"}, "There is no such partner."),
        ({"partner": "anna", "code": "x y"}, "only letters, digits"),
        ({"partner": "anna", "code": "anna"}, "is taken"),
        ({"partner": "anna", "limit": "0"}, "between 1 and"),
        ({"partner": "anna", "limit": "many"}, "Not a valid integer"),
        (
            {"partner": "anna", "starts": "2026-12-02", "ends": "2026-12-01"},
            "The end comes before the beginning.",
        ),
        ({"partner": "anna", "starts": "tomorrow"}, "Type a date."),
        ({"partner": "anna", "note": "nul \0"}, "cannot be kept"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_input_kept(
    lampa: Shop, form: dict[str, str], words: str
) -> None:
    answer = lampa.staff("manager").post(page(lampa, "new"), data={"shop": "0", **form})
    assert answer.status_code in {409, 422}
    assert words in answer.text
    assert form["partner"] in answer.text


def test_an_end_is_the_whole_day_in_the_merchants_zone(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    form = {"partner": "anna", "code": "DAY", "ends": "2027-03-08", "shop": "0"}
    assert boss.post(page(lampa, "new"), data=form).status_code == 303
    with lampa.scope():
        found = queries.by_code("day")
        assert found is not None
        assert found.conditions.ends is not None
        assert found.conditions.ends.isoformat() == "2027-03-08T21:00:00+00:00"
    own = page(lampa, str(code_id(lampa, "day")))
    assert 'value="2027-03-08"' in boss.get(own).text
    boss.post(own, data={"ends": "2027-03-08", "shop": "0", "note": "same day"})
    with lampa.scope():
        rows = select(Fact).where(Fact.owner == f"code:{code_id(lampa, 'day')}")
        assert len(db.session.scalars(rows).all()) in {1, 2}, "an untouched day is no change"


def test_support_reads_and_changes_nothing(lampa: Shop) -> None:
    lampa.call("POST", "/codes", {"partner": "anna", "code": "READ"})
    helper = lampa.staff("support")
    own = page(lampa, str(code_id(lampa, "read")))
    assert "Any number" in helper.get(own).text
    for path in (page(lampa, "new"), own, f"{own}/off"):
        assert helper.post(path).status_code == 403


def test_the_partner_sees_his_codes_and_where_they_are_typed(lampa: Shop) -> None:
    body = {"partner": "anna", "code": "PODCAST", "limit": 5, "gives": "Free delivery"}
    lampa.call("POST", "/codes", body)
    lampa.call("POST", "/codes", {"partner": "anna", "code": "OLD", "active": False})
    anna: FlaskClient = lampa.signed_in(f"anna@{lampa.domain}")
    text = anna.get(f"/{lampa.slug}/cabinet/codes/").text
    for words in ("PODCAST", "0 of 5", "Free delivery", "Switched off", f"/{lampa.slug}/code"):
        assert words in text, words


def test_codes_by_api(lampa: Shop) -> None:
    body = {"partner": "anna", "code": "API-1", "valid_from": "2026-01-01T00:00:00+03:00",
            "valid_to": "2100-01-01T00:00:00+03:00", "limit": 3, "note": "n", "gives": "5%"}  # fmt: skip
    made = lampa.call("POST", "/codes", body)
    assert made.status_code == 201, made.text
    assert made.json == {
        "code": "API-1",
        "partner": "anna",
        "state": "active",
        "valid_from": "2025-12-31T21:00:00Z",
        "valid_to": "2099-12-31T21:00:00Z",
        "limit": 3,
        "used": 0,
        "shop": None,
        "active": True,
        "gives": "5%",
        "note": "n",
    }
    known = lampa.call("GET", "/codes/api-1").json
    assert (known["valid"], known["discount"], known["partner"]["refcode"]) == (True, "5%", "anna")
    changed = lampa.call("PATCH", "/codes/API-1", {"limit": None, "active": False}).json
    assert (changed["limit"], changed["active"], changed["state"]) == (None, False, "off")
    assert changed["valid_to"] == "2099-12-31T21:00:00Z", "what is not said stays"
    assert [c["code"] for c in lampa.call("GET", "/codes?limit=1").json["items"]] == ["API-1"]
    for bad in (
        {"partner": "anna", "code": "API-1", "limit": 0},
        {"partner": "nobody"},
        {"partner": "anna", "shop": "sh_none"},
        {"partner": "anna", "valid_from": "2026-01-01"},
        {"partner": "anna", "surprise": 1},
    ):
        assert lampa.call("POST", "/codes", bad).status_code == 422, bad
    assert lampa.call("PATCH", "/codes/none", {"limit": 1}).status_code == 404
    assert lampa.call("PATCH", "/codes/API-1", {"code": "other"}).status_code == 422
    assert lampa.call("GET", "/codes?limit=0").status_code == 422


def test_a_renamed_code_still_counts_and_a_retired_one_says_so(lampa: Shop) -> None:
    lampa.call("PATCH", "/partners/anna", {"codes": ["FIRST"]})
    lampa.call("PATCH", "/partners/anna", {"codes": ["SECOND"]})
    assert order(lampa, "A1", "FIRST")["deal"] is not None, "renamed"
    lampa.call("PATCH", "/codes/FIRST", {"active": False})
    assert order(lampa, "A2", "FIRST")["reason"] == "code_retired"
    with lampa.scope():
        assert db.session.scalars(select(Partner.refcode)).one() == "anna"
