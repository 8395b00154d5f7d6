"""Tokens that cannot be made or changed outside, and links that cannot leave the shop."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.rules import (
    AddressError,
    ClickToken,
    Landing,
    Site,
    ascii_domain,
    click_key,
    instant,
    landing,
    milliseconds_of,
    open_click,
    place_in,
    seal_click,
)

KEY = click_key("a secret of this installation")
OTHER = click_key("another installation's secret")
LAMPA = Site("lampa.example")
FOLDER = Site("kniga.example", "/shop")
AT = datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC)


def test_a_token_says_who_was_followed_and_when() -> None:
    token = seal_click(KEY, 7, 42, milliseconds_of(AT), -5)
    assert token.startswith("ck_")
    assert open_click(token, [KEY]) == ClickToken(7, 42, AT, -5)
    assert open_click(token, [OTHER, KEY]) == ClickToken(7, 42, AT, -5)


@given(
    st.integers(1, 2**32 - 1),
    st.integers(1, 2**63),
    st.integers(0, 2**42),
    st.integers(-(2**63), 2**63 - 1),
)
def test_every_token_is_read_as_it_was_sealed(tenant: int, link: int, at: int, nonce: int) -> None:
    token = seal_click(KEY, tenant, link, at, nonce)
    assert open_click(token, [KEY]) == ClickToken(tenant, link, instant(at), nonce)


@given(st.integers(0, 58), st.characters(codec="utf-8"))
def test_a_token_changed_in_any_place_proves_nothing(place: int, letter: str) -> None:
    token = seal_click(KEY, 7, 42, milliseconds_of(AT), 99)
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or open_click(changed, [KEY]) is None


@pytest.mark.parametrize(
    "text", ["", "ck_", "ck_!!", "xx_" + "A" * 56, "ck_" + "A" * 56, "ck_" + "я" * 56]
)
def test_what_is_no_token_proves_nothing(text: str) -> None:
    assert open_click(text, [KEY]) is None


def test_a_token_of_another_installation_proves_nothing() -> None:
    token = seal_click(OTHER, 7, 42, milliseconds_of(AT), 99)
    assert open_click(token, [KEY]) is None
    assert open_click(token[:-1], [OTHER]) is None


@pytest.mark.parametrize(
    ("site", "address", "place"),
    [
        (LAMPA, "https://lampa.example", ""),
        (LAMPA, "https://lampa.example/a/b?c=1&d=2#e", "a/b?c=1&d=2#e"),
        (LAMPA, "http://LAMPA.example:443/a", "a"),
        (LAMPA, " /a ", "a"),
        (LAMPA, "https://lampa.example/лампа", "%D0%BB%D0%B0%D0%BC%D0%BF%D0%B0"),
        (LAMPA, "https://www.lampa.example/a", "//www/a"),
        (Site("www.lampa.example"), "https://lampa.example/a", "a"),
        (Site("лампа.рф"), "https://xn--80aa5afp.xn--p1ai/a", "a"),
        (Site("localhost:5000"), "http://localhost:5000/a", "a"),
        (FOLDER, "https://kniga.example/shop/book", "book"),
        (FOLDER, "https://kniga.example/shop", ""),
    ],
)
def test_a_page_of_the_shop_is_kept_as_its_place(site: Site, address: str, place: str) -> None:
    assert place_in(site, address) == place


@pytest.mark.parametrize(
    ("site", "address", "code"),
    [
        (LAMPA, "//evil.example/", "bad_address"),
        (LAMPA, "/\\evil.example", "bad_address"),
        (LAMPA, "https:evil.example", "bad_address"),
        (LAMPA, "https:/evil.example", "bad_address"),
        (LAMPA, "javascript:alert(1)", "bad_address"),
        (LAMPA, "data:text/html,x", "bad_address"),
        (LAMPA, "https://lampa.example@evil.example/", "bad_address"),
        (LAMPA, "https://evil.example", "other_site"),
        (LAMPA, "https://evillampa.example", "other_site"),
        (LAMPA, "https://lampa.example.evil.example", "other_site"),
        (LAMPA, "https://lampa.example:8443/", "other_site"),
        (LAMPA, "https://lampa.example:x/", "bad_address"),
        (LAMPA, "https://lampa.example\\@evil.example/", "bad_address"),
        (LAMPA, "https://evil.example\t.lampa.example/", "bad_address"),
        (LAMPA, "https://lampa.example/\r\nLocation: x", "bad_address"),
        (LAMPA, "https://<b>.lampa.example/", "bad_address"),
        (LAMPA, "https://[::1/", "bad_address"),
        (LAMPA, "lampa.example/a", "bad_address"),
        (LAMPA, "https:///a", "bad_address"),
        (LAMPA, f"https://{'a' * 64}.lampa.example/", "bad_address"),
        (LAMPA, "/" + "a" * 2001, "too_long"),
        (LAMPA, "/a/../../etc", "outside_folder"),
        (LAMPA, "/%2e%2E/etc", "outside_folder"),
        (FOLDER, "https://kniga.example/shopping", "outside_folder"),
        (FOLDER, "https://kniga.example/", "outside_folder"),
        (FOLDER, "https://m.kniga.example/shop/a", "other_site"),
    ],
)
def test_a_link_cannot_leave_the_shop(site: Site, address: str, code: str) -> None:
    with pytest.raises(AddressError) as refused:
        place_in(site, address)
    assert refused.value.code == code


@given(st.text(max_size=80))
def test_whatever_is_typed_leads_to_the_shop_or_is_refused(text: str) -> None:
    for typed in (text, f"/{text}", f"https://lampa.example/{text}", f"https://{text}"):
        try:
            place = place_in(LAMPA, typed)
        except AddressError:
            continue
        there = landing(LAMPA, place, ("ref",), "anna", {})
        host = there.bare.removeprefix("https://").partition("/")[0]
        assert host == "lampa.example" or host.endswith(".lampa.example")
        assert there.bare.isascii()
        assert not any(c.isspace() for c in there.bare)


def test_the_landing_page_keeps_what_is_its_own_and_gets_what_is_ours() -> None:
    there = landing(
        LAMPA, "a?x=1&ref=thief&click=ck_old#top", ("ref", "partner"), "анна", {"utm_source": "v k"}
    )
    code = "%D0%B0%D0%BD%D0%BD%D0%B0"
    assert there.bare == f"https://lampa.example/a?x=1&utm_source=v+k&ref={code}#top"
    assert (
        there.with_click("ck_1")
        == f"https://lampa.example/a?x=1&utm_source=v+k&ref={code}&click=ck_1#top"
    )


def test_a_links_own_marks_cannot_pass_for_ours() -> None:
    there = landing(LAMPA, "", ("ref",), "anna", {"ref": "thief", "click": "ck_old"})
    assert there == Landing("https://lampa.example/?ref=anna", "")


def test_links_follow_the_shop_to_another_domain() -> None:
    places = [
        place_in(LAMPA, "https://m.lampa.example/a"),
        place_in(LAMPA, "https://lampa.example/a"),
    ]
    moved = Site("lamps.example", "/new")
    assert [Landing.of(moved, place) for place in places] == [
        "https://m.lamps.example/a",
        "https://lamps.example/new/a",
    ]


@pytest.mark.parametrize(
    ("domain", "root"),
    [
        ("127.0.0.1:5000", "http://127.0.0.1:5000/"),
        ("shop.localhost:80", "http://shop.localhost/"),
        ("[::1]", "http://[::1]/"),
        ("Лампа.рф", "https://xn--80aa5afp.xn--p1ai/"),
    ],
)
def test_only_our_own_machine_is_reached_without_tls(domain: str, root: str) -> None:
    assert Site(domain).root == root


def test_an_empty_domain_is_none() -> None:
    with pytest.raises(AddressError):
        ascii_domain(".")
