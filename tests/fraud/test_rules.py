"""Each sign alone: what it sees, what it lets pass, and what it says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.fraud.rules import (
    NOTHING,
    OFF,
    Bought,
    Decision,
    Flood,
    Policy,
    Scene,
    Sign,
    Standing,
    Trace,
    Visit,
    Word,
    host_of,
    last_digits,
    look,
    merge,
    policy_from_json,
    policy_to_json,
    read_site,
    same_mailbox,
    signs,
    trace_from_json,
    trace_to_json,
)

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
FREE = NOON + timedelta(days=14)
VERA, BORIS = 7, 8
ALL = Policy(on=frozenset(Sign), sites=("promokodi.example",))
GLEB = Scene(
    created_at=NOON,
    free_at=FREE,
    partner_id=VERA,
    terms_id=1,
    email="gleb@example.org",
    phone="+79161234567",
    partner_emails=frozenset({"vera.lis@gmail.com"}),
    partner_phones=frozenset({"+79265550011"}),
)


def seen(scene: Scene, policy: Policy = ALL) -> dict[str, object]:
    return {sign.value: dict(facts) for sign, facts in signs(scene, policy)}


def visited(**parts: str) -> Scene:
    return replace(GLEB, trace=Trace(visits={"1": Visit(VERA, **parts)}))


def test_an_honest_sale_shows_no_sign() -> None:
    assert seen(GLEB) == {}
    assert look(GLEB, ALL, None).standing is Standing.CLEAR


def test_nothing_is_held_until_the_merchant_switches_a_sign_on() -> None:
    assert seen(replace(GLEB, email="veralis+shop@googlemail.com"), OFF) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vera.Lis@gmail.com", "veralis+lamp@googlemail.com"),
        ("vera-lis@ya.ru", "vera.lis@yandex.ru"),
        ("vera+1@lampa.example", "VERA@lampa.example"),
    ],
)
def test_one_mailbox_under_two_names_is_one_mailbox(one: str, other: str) -> None:
    assert same_mailbox(one) == same_mailbox(other)


def test_dots_tell_mailboxes_apart_where_the_mail_service_does() -> None:
    assert same_mailbox("vera.lis@lampa.example") != same_mailbox("veralis@lampa.example")
    assert same_mailbox("+@lampa.example") == "+@lampa.example"


def test_the_partners_own_mailbox_is_known_with_tags_and_dots() -> None:
    assert "email" in seen(replace(GLEB, email="v.e.r.a.lis+7@gmail.com"))
    assert "email" not in seen(replace(GLEB, email=None))


def test_the_partners_telephone_is_known_however_it_is_written() -> None:
    assert "phone" in seen(replace(GLEB, phone="8 (926) 555-00-11"))
    assert "phone" not in seen(replace(GLEB, phone="555-00-11"))
    assert last_digits(None) is None


def test_two_partners_who_are_paid_to_one_account_are_held() -> None:
    trace = Trace(paid_with={VERA: {BORIS: NOON}})
    assert seen(replace(GLEB, trace=trace)) == {"details": {"partners": [BORIS]}}


def test_what_is_seen_after_the_money_was_free_holds_nothing() -> None:
    late = Trace(paid_with={VERA: {BORIS: FREE + timedelta(seconds=1)}})
    assert seen(replace(GLEB, trace=late)) == {}
    assert "details" in seen(replace(GLEB, trace=late, free_at=None))


def test_a_click_from_the_device_of_the_partner_is_held_and_anybody_elses_is_not() -> None:
    trace = Trace(visits={"1": Visit(VERA, device="d1")}, devices={VERA: {"d1": NOON}})
    assert seen(replace(GLEB, trace=trace)) == {"device": {"devices": ["d1"]}}
    assert seen(replace(GLEB, trace=replace(trace, visits={"1": Visit(VERA, device="d2")}))) == {}
    assert seen(replace(GLEB, trace=replace(trace, visits={"1": Visit(BORIS, device="d1")}))) == {}
    assert seen(replace(GLEB, trace=replace(trace, visits={"1": Visit(VERA)}))) == {}


def test_a_burst_of_clicks_right_before_the_order_is_held() -> None:
    burst = replace(GLEB, trace=Trace(floods={VERA: Flood(60, 200)}))
    assert seen(burst) == {"flood": {"clicks": 60, "minutes": 10}}
    assert seen(replace(burst, by_click=False)) == {}, "a code needs no click"


def test_a_popular_partner_has_many_clicks_every_day_and_is_not_held() -> None:
    assert seen(replace(GLEB, trace=Trace(floods={VERA: Flood(60, 5000)}))) == {}
    assert seen(replace(GLEB, trace=Trace(floods={VERA: Flood(29, 0)}))) == {}


def test_a_visit_from_a_coupon_site_is_held_by_its_referrer_or_by_its_mark() -> None:
    found = {"coupon_site": {"site": "promokodi.example"}}
    assert seen(visited(host="lampa.promokodi.example")) == found
    assert seen(visited(source="promokodi.example")) == found
    address = "https://lampa.example/?ref=vera&utm_source=promokodi.example"
    assert seen(replace(GLEB, addresses=(address,))) == found
    assert seen(visited(host="notpromokodi.example")) == {}


def test_ordering_and_cancelling_again_and_again_is_held() -> None:
    once = replace(GLEB, ended=(Bought("A1", NOON),))
    twice = replace(GLEB, ended=(Bought("A1", NOON), Bought("A2", NOON)))
    assert seen(once) == {}
    assert seen(twice) == {"loop": {"orders": ["A1", "A2"], "times": 2, "days": 30}}
    late = replace(GLEB, ended=(Bought("A1", NOON), Bought("A2", FREE + timedelta(days=1))))
    assert seen(late) == {}


@pytest.mark.parametrize("mark", ["gclid=x", "yclid=1", "utm_medium=CPC"])
def test_a_bought_visit_is_held_where_the_terms_forbid_it(mark: str) -> None:
    scene = replace(GLEB, addresses=(f"https://lampa.example/?ref=vera&{mark}",))
    assert "paid_search" in seen(scene)
    assert "paid_search" in seen(scene, replace(ALL, terms=frozenset({1})))
    assert seen(scene, replace(ALL, terms=frozenset({2}))) == {}


def test_a_bought_visit_is_known_by_the_click_itself() -> None:
    assert seen(visited(paid="gclid")) == {"paid_search": {"mark": "gclid"}}
    assert seen(replace(GLEB, addresses=("https://[bad", "https://lampa.example/?a"))) == {}


def test_what_other_parts_tell_holds_where_it_is_switched_on() -> None:
    scene = replace(GLEB, trace=Trace(told={Sign.SITE: {"share": "80"}}))
    assert seen(scene) == {"site": {"share": "80"}}
    assert seen(scene, replace(ALL, on=frozenset({Sign.EMAIL}))) == {}


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        (Word.HOLD, Standing.HELD),
        (Word.RELEASE, Standing.RELEASED),
        (Word.REFUSE, Standing.REFUSED),
        (Word.NONE, Standing.CLEAR),
    ],
)
def test_the_last_word_of_staff_stands_above_the_signs(word: Word, standing: Standing) -> None:
    assert look(GLEB, ALL, Decision(word)).standing is standing
    held = replace(GLEB, phone="89265550011")
    expected = Standing.HELD if word is Word.NONE else standing
    assert look(held, ALL, Decision(word)).standing is expected


TRACE = Trace(
    visits={"1": Visit(VERA, "d1", "a.example", "news", "gclid")},
    floods={VERA: Flood(40, 2)},
    devices={VERA: {"d1": NOON}},
    paid_with={VERA: {BORIS: NOON}},
    told={Sign.SITE: {"share": "80"}},
)


def test_a_trace_only_grows_and_no_order_of_looking_makes_a_difference() -> None:
    gone = Trace(visits={"1": Visit(VERA), "2": Visit(BORIS)}, floods={VERA: Flood(3, 1)})
    later = Trace(devices={VERA: {"d1": FREE, "d2": FREE}})
    ways = [(TRACE, gone, later), (later, gone, TRACE), (gone, TRACE, later)]
    ends = [merge(merge(a, b), c) for a, b, c in ways]
    assert ends[0] == ends[1] == ends[2]
    assert ends[0].visits["1"] == TRACE.visits["1"], "a row that is gone takes nothing away"
    assert ends[0].floods[VERA] == Flood(40, 2)
    assert ends[0].devices[VERA] == {"d1": NOON, "d2": FREE}
    assert merge(TRACE, NOTHING) == TRACE


def test_traces_and_policies_are_read_as_they_were_written() -> None:
    assert trace_from_json(trace_to_json(TRACE)) == TRACE
    assert trace_from_json(None) == NOTHING
    assert trace_to_json(NOTHING) == {}
    chosen = replace(ALL, terms=frozenset({3, 1}), loops=4)
    assert policy_from_json(policy_to_json(chosen)) == chosen
    assert policy_from_json(policy_to_json(ALL)) == ALL
    assert policy_from_json(None) == OFF


def test_a_site_is_typed_as_an_address_or_as_a_name() -> None:
    assert read_site("https://www.Promokodi.example/lampa?x") == "promokodi.example"
    assert read_site(" promokodi.example ") == "promokodi.example"
    assert [read_site(bad) for bad in ("", "promokodi", "https://[x", "a b.example")] == [None] * 4
    assert host_of(None) is None
