"""What the widget is told: to the shop's own pages alone, by a token that the shop signed, and no more."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.extensions import db
from app.tenants.service import change_settings
from app.web.locale import LOCALES
from app.widget import queries, service
from app.widget.forms import WORDS
from tests.checkout.shop import balance, put
from tests.widget.setting import LINES, Shop, refusal

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World

LARGEST = 6_000  # bytes of the script, gzipped


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Shop:
    return Shop(app, lampa)


def test_the_script_is_small_has_nothing_of_any_merchants_and_is_kept_by_caches(
    client: FlaskClient, shop: Shop
) -> None:
    got = client.get(f"/w/{shop.merchant.slug}.js", headers={"Accept-Encoding": "gzip"})
    assert got.status_code == 200
    assert got.headers["Content-Encoding"] == "gzip"
    assert len(got.data) < LARGEST, len(got.data)
    text = gzip.decompress(got.data).decode()
    assert shop.merchant.slug not in text
    assert not re.search(r"document\.cookie|localStorage|sessionStorage|indexedDB|https?://", text)
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert "Set-Cookie" not in got.headers
    assert got.headers["Cache-Control"] == "public, max-age=300"
    assert got.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    plain = client.get(f"/w/{shop.merchant.slug}.js")
    assert plain.text == text
    again = client.get(
        f"/w/{shop.merchant.slug}.js", headers={"If-None-Match": plain.headers["ETag"]}
    )
    assert again.status_code == 304
    assert client.get("/w/nobody-at-all.js").status_code == 404


def test_the_look_comes_in_the_language_of_the_page(client: FlaskClient, shop: Shop) -> None:
    address = f"/w/{shop.merchant.slug}/look.json"
    english = client.get(address, query_string={"lang": "en-GB"})
    assert english.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in english.headers
    assert english.get_json()["words"]["title"] == "Your bonuses"
    russian = client.get(address, query_string={"lang": "ru-RU"}).get_json()
    assert russian["words"]["title"] == "Ваши бонусы"
    assert russian["lang"] == "ru"
    assert russian["currency"] == "RUB"
    strange = client.get(address, query_string={"lang": "xx<script>"}).get_json()
    assert strange["lang"] == "en"  # the merchant's own


@pytest.mark.parametrize("language", LOCALES)
def test_every_word_is_there_in_every_language(
    client: FlaskClient, shop: Shop, language: str
) -> None:
    said = client.get(f"/w/{shop.merchant.slug}/look.json", query_string={"lang": language})
    words = said.get_json()["words"]
    assert words.keys() == WORDS.keys()
    assert all(words.values())
    for name, text in words.items():
        holes = set(re.findall(r"{\w+}", text))
        assert holes == {
            "expiry": {"{sum}", "{day}"}, "gain": {"{sum}"}, "most": {"{sum}"},
            "pay": {"{sum}"}, "cut": {"{sum}"}, "get": {"{sum}"}, "takes": {"{sum}", "{time}"},
        }.get(name, set())  # fmt: skip


def test_a_customer_sees_what_he_has_and_what_of_the_cart_it_pays(
    app: App, client: FlaskClient, shop: Shop
) -> None:
    found = shop.ask(client, lines=LINES, shipping="300.00", spend="200.00", history=True)
    assert found.status_code == 200, found.text
    said = found.get_json()
    assert said["available"] == "1000.00"
    quote = said["quote"]
    assert quote["max_spend"] == "1000.00"
    assert quote["spend"] == "200.00"
    assert quote["payable"] == "2300.00"
    assert quote["why"] == ["You can spend all that you have.", "Delivery is paid in money."]
    assert [(line["kind"], line["amount"]) for line in said["history"]] == [("earned", "1000.00")]
    # The order with that wish books it.
    told = put(client, shop.merchant, {
        "status": "paid", "currency": "RUB", "created_at": "2026-11-22T09:58:00+03:00",
        "customer": {"id": "77"}, "lines": LINES, "bonus": {"spend": quote["spend"]},
    })  # fmt: skip
    assert told.get_json()["bonus"]["spent"] == "200.00"
    assert shop.ask(client).get_json()["available"] == "800.00"
    assert balance(app, shop.merchant, shop.gleb).available == 80_000


def test_the_answer_has_nothing_beside_balance_last_lines_and_the_quote(
    client: FlaskClient, shop: Shop
) -> None:
    said = shop.ask(client, lines=LINES, history=True).get_json()
    assert said.keys() == {
        *("version", "available", "pending", "debt", "next_expiry", "history", "quote", "coupon"),
    }
    assert said["quote"].keys() == {"total", "max_spend", "spend", "earn", "payable", "why"}
    assert all(line.keys() == {"at", "kind", "amount"} for line in said["history"])


def test_a_customer_whom_the_shop_never_told_of_has_nothing(
    client: FlaskClient, shop: Shop
) -> None:
    said = shop.ask(client, shop.token("nobody yet, Ж"), lines=LINES).get_json()
    assert said["available"] == "0.00"
    assert said["quote"]["max_spend"] == "0.00"


def test_a_forged_expired_or_overlong_token_shows_nothing(client: FlaskClient, shop: Shop) -> None:
    good = shop.token()
    now = clock.wall()
    forged = good[:-1] + ("0" if good[-1] != "0" else "1")
    other = good.replace(".Nzc.", ".Nzg.")  # another customer under the same signature
    cases = {
        "token_missing": "",
        "token_malformed": "pw1.what",
        "token_signature": forged,
        "token_expired": shop.token(until=now - timedelta(seconds=1)),
        "token_lifetime": shop.token(until=now + timedelta(hours=25)),
    }
    for code, token in cases.items():
        assert refusal(shop.ask(client, token)) == (401, code)
    assert refusal(shop.ask(client, other)) == (401, "token_signature")
    assert refusal(shop.ask(client, good + "a" * 2000)) == (401, "token_malformed")
    assert refusal(shop.ask(client, shop.token("x" * 129))) == (401, "token_malformed")


def test_a_token_of_another_merchant_is_nobodys_here(
    app: App, client: FlaskClient, world: World
) -> None:
    lampa, kniga = Shop(app, world.lampa), Shop(app, world.kniga, amount=0)
    assert refusal(lampa.ask(client, kniga.token())) == (401, "token_signature")
    crossed = kniga.ask(client, lampa.token(), merchant=kniga.merchant)
    assert refusal(crossed) == (401, "token_signature")
    # On the other merchant's pages even a good token opens nothing.
    assert refusal(lampa.ask(client, origin=kniga.origin)) == (403, "origin")


def test_a_withdrawn_secret_signs_nothing_more_and_the_new_one_does(
    app: App, client: FlaskClient, shop: Shop
) -> None:
    old = shop.token()
    with app.app_context(), shop.merchant.scope():
        key, secret = service.make_key(shop.merchant.shop_id)
        before = shop.key
        shop.key, shop.secret = key.public_id, secret
        db.session.commit()
    assert shop.ask(client, old).status_code == 200  # a shop changes over without a pause
    assert shop.ask(client).status_code == 200
    with app.app_context(), shop.merchant.scope():
        service.withdraw_key(before)
        db.session.commit()
    assert refusal(shop.ask(client, old)) == (401, "token_signature")
    assert shop.ask(client).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://{domain}.evil.example",
        "https://evil{domain}",
        "https://evil@{domain}",
        "https://{domain}:8443",
        "ftp://{domain}",
    ],
)
def test_pages_of_others_may_not_ask(client: FlaskClient, shop: Shop, origin: str) -> None:
    domain = shop.origin.removeprefix("https://")
    answer = shop.ask(client, origin=origin.format(domain=domain))
    assert refusal(answer) == (403, "origin")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_shops_own_pages_may_ask_and_read_refusals_too(client: FlaskClient, shop: Shop) -> None:
    for origin in (
        shop.origin,
        shop.origin.replace("//", "//www."),
        shop.origin.replace("//", "//m."),
    ):
        asked = client.options(f"/w/{shop.merchant.slug}/wallet", headers={"Origin": origin})
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Origin"] == origin
        assert asked.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        for answer in (shop.ask(client, origin=origin), shop.ask(client, "pw1.x", origin=origin)):
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Origin" in answer.headers["Vary"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in answer.headers


def test_a_signed_in_person_of_the_office_is_nobody_here(
    client: FlaskClient, shop: Shop, world: World
) -> None:
    answer = shop.ask(client, "")
    assert refusal(answer) == (401, "token_missing")


@pytest.mark.parametrize(
    "body",
    [
        {"lines": "many"},
        {"lines": [{"id": "1", "quantity": "-1", "price": "10.00"}]},
        {"lines": [{"id": "1", "quantity": "1", "price": "ten"}]},
        {"lines": [], "spend": "-5"},
        {"lines": LINES, "spend": "1e3"},
        {"lines": [{"id": "1", "quantity": "1", "price": "10.00"}] * 501},
        {"history": "yes"},
    ],
)
def test_a_cart_that_cannot_be_read_is_refused_with_a_reason(
    client: FlaskClient, shop: Shop, body: dict[str, Any]
) -> None:
    status, _code = refusal(shop.ask(client, **body))
    assert status == 422


def test_what_is_no_json_or_too_large_is_refused(client: FlaskClient, shop: Shop) -> None:
    headers = {"Origin": shop.origin, "Authorization": f"Bearer {shop.token()}"}
    where = f"/w/{shop.merchant.slug}/wallet"
    assert client.post(where, data=b"{", headers=headers).status_code == 422
    assert client.post(where, data=b'{"lang":"\\u0000"}', headers=headers).status_code == 422
    assert client.post(where, data=b"[]", headers=headers).status_code == 422
    assert client.post(where, data=b" " * 70_000, headers=headers).status_code == 413


def test_where_bonuses_are_off_it_says_so(app: App, client: FlaskClient, shop: Shop) -> None:
    with app.app_context(), shop.merchant.scope():
        change_settings({"loyalty": False})
        db.session.commit()
    assert refusal(shop.ask(client)) == (422, "no_loyalty")


def test_one_customer_cannot_ask_without_end(client: FlaskClient, shop: Shop) -> None:
    answers = [shop.ask(client).status_code for _ in range(40)]
    assert 429 in answers
    assert answers[0] == 200


def test_the_office_learns_where_the_widget_was_seen(
    app: App, client: FlaskClient, shop: Shop
) -> None:
    assert shop.ask(client).status_code == 200
    with app.app_context(), shop.merchant.scope():
        [key] = queries.keys()
        assert key.seen_on == shop.origin
        assert key.seen_at is not None
