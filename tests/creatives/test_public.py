"""What others' pages load: banners that count shows, files that are only saved, previews in which nothing runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from sqlalchemy import select

from app import clock
from app.creatives import queries
from app.creatives.models import CreativeShow
from app.creatives.rules import Counts, Kind
from app.extensions import db
from app.links.models import Link
from tests.creatives.shop import BROWSER, make, picture

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from app.creatives.models import Creative
    from tests.world import Merchant


def address(app: App, merchant: Merchant, creative: Creative, short: str = "") -> str:
    with app.app_context():
        return queries.file_path(creative, merchant.slug, short)


def taken(app: App, merchant: Merchant, creative: Creative, partner: FlaskClient) -> str:
    """Anna opens the material; return the short code of her link for it."""
    answer = partner.get(merchant.cabinet(f"materials/{creative.public_id}/"))
    assert answer.status_code == 200
    with app.app_context(), merchant.scope():
        found = db.session.scalars(select(Link.short).order_by(Link.id.desc())).first()
    assert found
    return found


def shows(app: App, merchant: Merchant) -> int:
    with app.app_context(), merchant.scope():
        return sum(db.session.scalars(select(CreativeShow.shows)))


def test_a_banner_is_loaded_by_any_page_and_kept_by_caches_without_any_reader_in_it(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    there = address(app, lampa, make(app, lampa))
    for who in (app.test_client(), manager):
        answer = who.get(there)
        assert answer.status_code == 200
        assert answer.mimetype == "image/png"
        assert answer.headers["Cache-Control"] == "no-cache, public, max-age=3600" or (
            "max-age=3600" in answer.headers["Cache-Control"]
        )
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("inline")
        assert Image.open(BytesIO(answer.data)).size == (300, 250)
    again = app.test_client().get(there, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_signed_in_readers_session_outlives_the_pictures_of_a_page(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    manager.get(address(app, lampa, make(app, lampa)))
    assert manager.get(lampa.office("materials/")).status_code == 200


def test_the_partners_address_counts_shows_and_no_clicks(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    banner = make(app, lampa)
    there = address(app, lampa, banner, taken(app, lampa, banner, partner))
    reader = app.test_client()
    for _ in range(3):
        assert reader.get(there, headers=BROWSER).mimetype == "image/png"
    # A head, a machine, a look ahead, a picture opened by itself and a copy are no shows.
    reader.head(there, headers=BROWSER)
    reader.get(there, headers={"User-Agent": "Googlebot/2.1"})
    reader.get(there, headers=BROWSER | {"Sec-Purpose": "prefetch"})
    reader.get(there, headers=BROWSER | {"Sec-Fetch-Dest": "document"})
    reader.get(f"{there}?download=1", headers=BROWSER)
    reader.get(address(app, lampa, banner), headers=BROWSER)
    assert shows(app, lampa) == 3
    with app.app_context(), lampa.scope():
        assert queries.by_creative([banner.id]) == {banner.id: Counts(3, 0, 0)}


def test_shows_are_counted_by_day(app: App, lampa: Merchant, partner: FlaskClient) -> None:
    banner = make(app, lampa)
    there = address(app, lampa, banner, taken(app, lampa, banner, partner))
    app.test_client().get(there, headers=BROWSER)
    with clock.moved_to(datetime(2031, 1, 1, tzinfo=UTC)):
        app.test_client().get(there, headers=BROWSER)
        app.test_client().get(there, headers=BROWSER)
    with app.app_context(), lampa.scope():
        rows = db.session.execute(select(CreativeShow.day, CreativeShow.shows)).all()
    assert sorted(row.shows for row in rows) == [1, 2]


def test_an_address_in_the_world_works_when_the_material_is_put_away_and_follows_a_new_picture(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    banner = make(app, lampa)
    there = address(app, lampa, banner)
    manager.post(lampa.office(f"materials/{banner.public_id}/archive"))
    assert app.test_client().get(there).status_code == 200
    data = {"name": "New", "file": (BytesIO(picture("GIF", (468, 60))), "new.gif")}
    answer = manager.post(lampa.office(f"materials/{banner.public_id}/edit"), data=data)
    assert answer.status_code == 303
    now = app.test_client().get(there)
    assert now.mimetype == "image/gif"
    assert Image.open(BytesIO(now.data)).size == (468, 60)


@pytest.mark.parametrize(
    "path", ["0123456789abcdef.png", "x.png", "../../etc/passwd.png", "%00.png", "a/b.png"]
)
def test_what_was_never_given_out_is_not_found(
    app: App, client: FlaskClient, lampa: Merchant, path: str
) -> None:
    make(app, lampa)
    assert client.get(f"/m/{lampa.slug}/{path}").status_code in {400, 404}


def test_another_merchants_key_opens_nothing(
    app: App, client: FlaskClient, lampa: Merchant, kniga: Merchant
) -> None:
    there = address(app, lampa, make(app, lampa))
    assert client.get(there).status_code == 200
    assert client.get(there.replace(lampa.slug, kniga.slug)).status_code == 404


def test_a_file_is_only_ever_saved_under_a_name_of_its_own_kind(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    name = '../..\\evil";x\r\n=Прайс 2026.html'
    made = make(app, lampa, Kind.FILE, file=b"%PDF-1.7 ...", filename=name, name="Prices")
    answer = client.get(address(app, lampa, made))
    assert answer.mimetype == "application/pdf"
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment")
    assert "html" not in said
    assert "%D0%9F%D1%80%D0%B0%D0%B9%D1%81%202026.pdf" in said
    assert answer.data == b"%PDF-1.7 ..."


def test_a_preview_is_inert_and_may_be_framed_by_our_pages_alone(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    made = make(
        app, lampa, Kind.HTML, name="Box",
        html='<a href="{link}">{name}, {code}</a><script>alert(1)</script>',
    )  # fmt: skip
    with app.app_context():
        there = queries.preview_path(made, lampa.slug)
    answer = client.get(there)
    assert "<script" not in answer.text
    assert f'href="http://localhost/r/{lampa.slug}/CODE"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "frame-ancestors 'self' http://localhost" in policy
    assert "allow-" not in policy
    assert "script-src" not in policy


def test_with_a_host_for_content_there_is_content_alone_and_it_is_there_alone(
    app: App, client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = address(app, lampa, make(app, lampa))
    config = replace(app.extensions["partnerka"], content_host="files.example")
    monkeypatch.setitem(app.extensions, "partnerka", config)
    host = {"Host": "files.example"}
    assert client.get(there, headers=host).status_code == 200
    for page in ("/login", lampa.office("materials/"), "/healthz", "/api/v1/creatives"):
        assert client.get(page, headers=host).status_code == 404
    moved = client.get(f"{there}?download=1")
    assert moved.status_code == 301
    assert moved.headers["Location"] == f"https://files.example{there}?download=1"
    assert client.get("/login").status_code == 200
