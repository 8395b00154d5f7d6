"""Where partner links may lead: pages of the shop's own."""

from __future__ import annotations

import pytest

from app.catalog.rules import PageError, landing_page, page_address, search_text


@pytest.mark.parametrize(
    ("typed", "domain", "path", "kept"),
    [
        ("/sale", "lampa.example", "/", "https://lampa.example/sale"),
        (" https://lampa.example ", "lampa.example", "/", "https://lampa.example"),
        ("https://LAMPA.example/x?y=1#z", "Lampa.Example", "/", "https://LAMPA.example/x?y=1#z"),
        ("https://new.lampa.example/", "lampa.example", "/", "https://new.lampa.example/"),
        ("/x", "localhost:8000", "/", "http://localhost:8000/x"),
        ("/x", "shop.localhost", "/", "http://shop.localhost/x"),
        ("/shop/x", "127.0.0.1:1", "/shop", "http://127.0.0.1:1/shop/x"),
        ("https://лампа.рф/", "xn--80aa5afp.xn--p1ai", "/", "https://лампа.рф/"),
        ("https://lampa.example/shop", "lampa.example", "/shop", "https://lampa.example/shop"),
    ],
)
def test_a_page_of_the_shop_is_kept(typed: str, domain: str, path: str, kept: str) -> None:
    assert landing_page(typed, domain, path) == kept


@pytest.mark.parametrize(
    ("typed", "domain", "path", "code"),
    [
        ("/x", "", "/", "elsewhere"),
        ("https://evil.example/", "lampa.example", "/", "elsewhere"),
        ("https://evillampa.example/", "lampa.example", "/", "elsewhere"),
        ("https://lampa.example:444/", "lampa.example", "/", "elsewhere"),
        ("https://lampa.example/shopping", "lampa.example", "/shop", "elsewhere"),
        ("//lampa.example/", "lampa.example", "/", "form"),
        ("https://a..b/", "lampa.example", "/", "form"),
        ("", "lampa.example", "/", "form"),
        ("https://lampa.example/a b", "lampa.example", "/", "form"),
    ],
)
def test_any_other_page_is_refused(typed: str, domain: str, path: str, code: str) -> None:
    with pytest.raises(PageError) as refused:
        landing_page(typed, domain, path)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "typed",
    ["javascript:alert(1)", "https://", "https://[::1", "https://x:99999/", "https://a@b/", "x\\y"],
)
def test_what_is_no_web_address_is_refused(typed: str) -> None:
    with pytest.raises(PageError):
        page_address(typed)


def test_a_backslash_in_an_address_is_refused() -> None:
    with pytest.raises(PageError):
        page_address("https://lampa.example\\x")


def test_searches_fold_letters_and_leave_out_what_is_not_there() -> None:
    assert search_text("Красная", None, "ＬＡＭＰ-1", "") == "красная lamp-1"
