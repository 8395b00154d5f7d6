"""Signing over plain http, held against the example of RFC 5849 and against another library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1.rfc5849 import signature as other

from app.intake.shops import Access
from app.intake.shops.woocommerce import client, oauth


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
    headers, said = client.proof(
        access, "GET", f"{access.address}{client.API}orders", query, "n", 1
    )
    assert headers["Authorization"] == "Basic Y2tfa2V5OmNzX3NlY3JldA=="
    assert said == query
    headers, said = client.proof(
        access, "GET", "http://shop.example/wp-json/wc/v3/orders", query, "n", 1
    )
    assert "Authorization" not in headers
    assert "cs_secret" not in str(said)
    assert dict(said)["oauth_consumer_key"] == "ck_key"
    assert "cs_secret" not in repr(access)
