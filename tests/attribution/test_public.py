"""Clicks through the whole application: links, beacons, what is evidence and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from app.attribution.models import Click
from app.attribution.queries import read_clicks
from app.extensions import db
from app.links import queries
from app.links import service as links
from app.links.models import Link
from app.partners import service as partners

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def anna(app: App, lampa: Merchant) -> str:
    """Anna is a partner of Lampa; her refcode."""
    with app.app_context(), lampa.scope():
        partner = partners.create(partners.NewPartner(name="Anna", refcode="anna"))
        links.ensure_default(partner)
        db.session.commit()
        return partner.refcode


def clicks_of(app: App, merchant: Merchant) -> list[Click]:
    with app.app_context(), merchant.scope():
        return list(db.session.scalars(select(Click).order_by(Click.at)))


def token_in(answer: TestResponse) -> str | None:
    found = parse_qs(urlsplit(answer.headers["Location"]).query).get("click")
    return found[0] if found else None


def proven(app: App, merchant: Merchant, token: str) -> Any:
    with app.app_context(), merchant.scope():
        return read_clicks([token]).get(token)


def test_a_link_leads_to_the_shop_with_the_code_and_a_click_that_is_in_the_database(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    answer = client.get(f"/r/{lampa.slug}/AnnA", headers=BROWSER)
    assert answer.status_code == 302
    token = token_in(answer)
    assert token is not None
    assert answer.headers["Location"] == f"https://{lampa.slug}.example/?ref=anna&click={token}"
    (click,) = clicks_of(app, lampa)
    assert (click.kind, click.flag, click.ip) == ("redirect", None, "127.0.0.0")
    seen = proven(app, lampa, token)
    assert (seen.at, seen.link_id, seen.flaw) == (click.at, click.link_id, None)


def test_a_short_link_is_found_without_the_merchant(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    with app.app_context(), lampa.scope():
        short = db.session.scalars(select(Link.short)).one()
    answer = client.get(f"/s/{short.upper()}", headers=BROWSER)
    assert token_in(answer)
    assert [c.kind for c in clicks_of(app, lampa)] == ["short"]


@pytest.mark.parametrize(
    "path", ["/r/{}/nobody", "/r/{}/", "/s/zzzzzzzz", "/r/nowhere/anna", "/r/{}/a%D0%BD"]
)
def test_nobodys_code_is_not_found_and_leaves_nothing(
    app: App, client: FlaskClient, lampa: Merchant, anna: str, path: str
) -> None:
    assert client.get(path.format(lampa.slug), headers=BROWSER).status_code == 404
    assert not clicks_of(app, lampa)


def test_on_the_merchants_own_domain_links_need_no_merchant(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    answer = client.get("/r/anna", headers=BROWSER | {"Host": f"{lampa.slug}.example"})
    assert token_in(answer)
    assert client.get("/r/anna", headers=BROWSER).status_code == 404


@pytest.mark.parametrize(
    ("headers", "flag"),
    [
        ({"User-Agent": "Googlebot/2.1"}, "bot"),
        ({"User-Agent": "TelegramBot (like TwitterBot)"}, "bot"),
        ({"User-Agent": "facebookexternalhit/1.1"}, "bot"),
        (BROWSER | {"Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        (BROWSER | {"Sec-Fetch-Dest": "iframe"}, "frame"),
        (BROWSER | {"Sec-Fetch-Dest": "image"}, "frame"),
        (BROWSER | {"Sec-Fetch-Dest": "script"}, "frame"),
    ],
)
def test_what_nobody_followed_is_kept_apart_and_proves_nothing(
    app: App, client: FlaskClient, lampa: Merchant, anna: str, headers: dict[str, str], flag: str
) -> None:
    answer = client.get(f"/r/{lampa.slug}/anna", headers=headers)
    assert answer.headers["Location"].endswith("/?ref=anna")
    assert [c.flag for c in clicks_of(app, lampa)] == [flag]


@pytest.mark.parametrize(
    "agent", ["Mozilla/5.0 (Linux; CUBOT X30) Mobile", "python-httpx/0.28", "HeadlessChrome/140"]
)
def test_phones_libraries_and_browsers_without_a_window_are_no_machines_to_us(
    app: App, client: FlaskClient, lampa: Merchant, anna: str, agent: str
) -> None:
    token = token_in(client.get(f"/r/{lampa.slug}/anna", headers={"User-Agent": agent}))
    assert token is not None
    assert proven(app, lampa, token).flaw is None


def test_a_machine_that_only_the_longer_list_knows_proves_nothing_in_the_end(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    token = token_in(client.get(f"/r/{lampa.slug}/anna", headers={"User-Agent": "Feedly/1.0"}))
    assert token is not None
    assert proven(app, lampa, token).flaw == "bot"


def test_a_look_at_the_headers_alone_is_no_click(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    answer = client.head(f"/r/{lampa.slug}/anna", headers=BROWSER)
    assert (answer.status_code, token_in(answer)) == (302, None)
    assert not clicks_of(app, lampa)


def test_the_beacon_answers_nothing_but_the_token(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    where = {"ref": "ANNA", "page": "https://lampa.example/a", "from": "https://blog.example/"}
    answer = client.post(f"/t/{lampa.slug}/hit", query_string=where, headers=BROWSER)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert proven(app, lampa, answer.headers["Partnerka-Click"]) is not None
    (click,) = clicks_of(app, lampa)
    assert (click.kind, click.page, click.referrer) == ("script", where["page"], where["from"])


def test_whatever_a_browser_says_spoils_nobodys_click(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    strange = [
        "\\u0000",
        '"',
        "\\",
        "%00",
        "%ff",
        "%ed%a0%80",
        "лампа",
        "\u202e",
        "x" * 3000,
        "%s",
        "'",
    ]
    for text in strange:
        headers = {
            "User-Agent": f"Mozilla {text}".encode().decode("latin-1"),
            "Referer": text.encode().decode("latin-1"),
        }
        query = f"ref=anna&page={text}&from={text}&sub1={text}&ref=boris&&=&x"
        answer = client.post(f"/t/{lampa.slug}/hit?{query}", headers=headers)
        assert "Partnerka-Click" in answer.headers, text
    assert len(clicks_of(app, lampa)) == len(strange)


def test_a_beacon_with_nobodys_code_is_answered_alike_without_a_token(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    answer = client.post(f"/t/{lampa.slug}/hit?ref=nobody", headers=BROWSER)
    assert answer.status_code == 204
    assert "Partnerka-Click" not in answer.headers
    assert not clicks_of(app, lampa)


def test_a_pixel_is_counted_and_proves_nothing(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    answer = client.get(f"/t/{lampa.slug}/hit.gif?ref=anna", headers=BROWSER)
    assert answer.mimetype == "image/gif"
    assert answer.data[:6] == b"GIF89a"
    assert [c.flag for c in clicks_of(app, lampa)] == ["pixel"]


def test_the_pages_query_and_fragment_stay_and_ours_come_last(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    with app.app_context(), lampa.scope():
        code = queries.code_of(anna)
        assert code is not None
        partner = queries.partner_of(code)
        wish = links.Wish(
            address="/lamps?colour=red&ref=thief#top",
            code="lamps",
            params={"utm_source": "vk", "evil": "x"},
        )
        links.create(partner, wish)
        db.session.commit()
    answer = client.get(f"/r/{lampa.slug}/lamps?sub1=post", headers=BROWSER)
    there = urlsplit(answer.headers["Location"])
    assert (there.path, there.fragment) == ("/lamps", "top")
    query = parse_qs(there.query)
    assert query.pop("click")
    assert query == {"colour": ["red"], "utm_source": ["vk"], "ref": ["anna"]}
    assert [c.params for c in clicks_of(app, lampa)] == [{"sub1": "post"}]


def test_one_shops_token_proves_nothing_at_another(
    app: App, client: FlaskClient, world: Any, lampa: Merchant, anna: str
) -> None:
    token = token_in(client.get(f"/r/{lampa.slug}/anna", headers=BROWSER))
    assert token is not None
    assert proven(app, world.lampa, token) is not None
    assert proven(app, world.kniga, token) is None


def test_the_script_is_small_is_anybodys_and_knows_the_merchants_settings(
    client: FlaskClient, lampa: Merchant
) -> None:
    answer = client.get(f"/t/{lampa.slug}.js", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) <= 1200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    plain = client.get(f"/t/{lampa.slug}.js")
    assert plain.text.endswith('})([["ref"], 90, false])')
    again = client.get(f"/t/{lampa.slug}.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304


def test_a_server_counts_a_click_by_the_api(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    answer = client.post("/api/v1/clicks", json={"ref": "Anna"}, headers=lampa.bearer)
    assert answer.status_code == 201, answer.text
    assert proven(app, lampa, answer.json["click"]) is not None
    refused = client.post("/api/v1/clicks", json={"ref": "nobody"}, headers=lampa.bearer)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"] == "ref"


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-11-22T10:00:00", 5]
)
def test_a_click_happened_at_a_time_with_an_offset(
    client: FlaskClient, lampa: Merchant, anna: str, at: object
) -> None:
    said = {"ref": "Anna", "at": at}
    answer = client.post("/api/v1/clicks", json=said, headers=lampa.bearer)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "at"


def test_the_cart_asks_whose_a_code_is(client: FlaskClient, lampa: Merchant, anna: str) -> None:
    answer = client.get("/api/v1/codes/ANNA", headers=lampa.bearer)
    assert answer.json["valid"] is True
    assert answer.json["partner"] == {"refcode": "anna", "name": "Anna"}
    unknown = client.get("/api/v1/codes/nobody", headers=lampa.bearer)
    assert (unknown.json["valid"], unknown.json["reason"]) == (False, "unknown")
