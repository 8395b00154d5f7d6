"""Signing over plain http, held against the example of RFC 5849 and against another library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1.rfc5849 import signature as other

from app.intake.shops import Access
from app.intake.shops.woocommerce import oauth, ways


class Client:
    client_secret, resource_owner_secret = "cs_secret", ""


def theirs(method: str, url: str, query: list[tuple[str, str]]) -> str:
    escaped = other.normalize_parameters(query)
    base = other.signature_base_string(method, other.base_string_uri(url), escaped)
    return str(other.sign_hmac_sha256_with_client(base, Client()))


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/wp-json/wc/v3/orders",
        "http://SHOP.example:80/wp-json/wc/v3/orders/13",
        "http://shop.example:8080/store/wp-json/wc/v3/products/categories",
    ],
)
def test_addresses_are_signed_in_their_one_spelling(url: str) -> None:
    query = [("per_page", "100"), ("status", "any")]
    assert oauth.signature("get", url, query, "cs_secret") == theirs("GET", url, query)


def test_a_known_request_has_its_known_signature() -> None:
    pairs = oauth.signed(
        "GET", "http://shop.example/wp-json/wc/v3/orders", [("include", "1,2"), ("after", "2026-11-22T00:00:00")],
        "ck_key", "cs_secret", nonce="0123456789", stamp=1795376183,
    )  # fmt: skip
    assert dict(pairs)["oauth_signature_method"] == "HMAC-SHA256"
    assert pairs[-1] == (
        "oauth_signature",
        theirs("GET", "http://shop.example/wp-json/wc/v3/orders", pairs[:-1]),
    )
    assert "after=2026-11-22T00%3A00%3A00" in oauth.encoded(pairs)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=6))
def test_any_parameters_are_signed_as_the_other_library_signs_them(
    query: list[tuple[str, str]],
) -> None:
    url = "http://shop.example/wp-json/wc/v3/orders"
    assert oauth.signature("PUT", url, query, "cs_secret") == theirs("PUT", url, query)


def test_keys_travel_as_they_are_over_https_alone() -> None:
    access = Access("https://shop.example", "ck_key", "cs_secret")
    query = [("per_page", "1")]
    address, headers = ways.request(ways.Way(ways.BASIC), access, "GET", "orders", query, "n", 1)
    assert headers["Authorization"] == "Basic Y2tfa2V5OmNzX3NlY3JldA=="
    assert address == "https://shop.example/wp-json/wc/v3/orders?per_page=1"
    plain = Access("http://shop.example", "ck_key", "cs_secret")
    address, headers = ways.request(
        ways.first(plain.address), plain, "GET", "orders", query, "n", 1
    )
    assert "Authorization" not in headers
    assert "cs_secret" not in address
    assert "oauth_consumer_key=ck_key" in address
    assert "cs_secret" not in repr(access)


SHOP = "https://shop.example"
STRANGER = "woocommerce_rest_cannot_view"  # nobody was recognised


@pytest.mark.parametrize(
    ("way", "said", "following"),
    [
        # A server drops the header, or a plugin takes it for its own: the same keys, signed.
        (ways.Way(ways.BASIC), (401, STRANGER), ways.Way(ways.SIGNED)),
        (ways.Way(ways.BASIC), (403, "jwt_auth_bad_auth_header"), ways.Way(ways.SIGNED)),
        # Behind a proxy the shop takes itself to be called by http.
        (ways.Way(ways.SIGNED), (401, ways.WRONG), ways.Way(ways.SIGNED_AS_HTTP)),
        # A wrong secret is wrong in every form, and a page of a firewall is no word of the shop's.
        (ways.Way(ways.BASIC), (401, ways.WRONG), None),
        (ways.Way(ways.BASIC), (403, None), None),
        (ways.Way(ways.SIGNED_AS_HTTP), (401, ways.WRONG), None),
        (ways.Way(ways.BASIC), (404, None), ways.Way(ways.BASIC, plain=True)),
        (ways.Way(ways.BASIC), (404, "rest_no_route"), None),
        (ways.Way(ways.BASIC, plain=True), (404, None), None),
        (ways.Way(ways.BASIC), (500, None), None),
    ],
)
def test_another_form_is_tried_where_the_answer_says_that_the_form_was_wrong(
    way: ways.Way, said: tuple[int, str | None], following: ways.Way | None
) -> None:
    assert ways.other(way, SHOP, *said, "") == following


def test_a_server_that_wants_a_slash_behind_every_address_gets_it() -> None:
    place = f"{SHOP}/wp-json/wc/v3/orders/?per_page=1"
    way = ways.other(ways.Way(ways.BASIC), SHOP, 301, None, place)
    assert way == ways.Way(ways.BASIC, slash=True)
    access = Access(SHOP, "k", "s")
    assert ways.request(way, access, "GET", "orders", [("per_page", "1")], "n", 1)[0] == place


@pytest.mark.parametrize(
    ("address", "location", "found"),
    [
        ("http://shop.example", "https://shop.example/wp-json/wc/v3/orders", SHOP),
        (SHOP, "https://www.shop.example/wp-json/wc/v3/orders?a=1", "https://www.shop.example"),
        ("https://www.shop.example/ru", "https://shop.example/wp-json/wc/v3/orders", SHOP),
        ("http://shop.example", "https://shop.example/index.php?rest_route=/wc/v3/x", SHOP),
        (SHOP, "/shop/wp-json/wc/v3/orders", f"{SHOP}/shop"),
        (SHOP, "http://shop.example/wp-json/wc/v3/orders", None),  # never back to http
        (SHOP, "https://evil.example/wp-json/wc/v3/orders", None),  # our keys are not for others
        (SHOP, "https://shop.example:8443/wp-json/wc/v3/orders", None),
        (SHOP, "https://a@shop.example/wp-json/wc/v3/orders", None),
        (SHOP, "https://shop.example/login", None),
        (SHOP, f"{SHOP}/wp-json/wc/v3/orders", None),
        (SHOP, "https://shop.example:x/", None),
        (SHOP, "", None),
    ],
)
def test_a_shop_that_moved_is_followed_to_itself_alone(
    address: str, location: str, found: str | None
) -> None:
    assert ways.moved_to(address, f"{address}{ways.API}orders", location) == found
