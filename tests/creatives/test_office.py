"""The back office's materials: uploaded, written, edited, put away, and what each brought."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.catalog import queries as catalog
from app.creatives import service
from app.creatives.models import Creative, CreativeReader
from app.creatives.rules import Kind
from app.events.models import Event
from app.extensions import db
from app.programs import queries as programs
from app.programs import service as program
from tests.creatives.shop import make, picture
from tests.harness.browser import violations
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from playwright.sync_api import FilePayload, Page

    from app.application import App
    from tests.world import Merchant


def all_of(app: App, merchant: Merchant) -> list[Creative]:
    with app.app_context(), merchant.scope():
        found = list(db.session.scalars(select(Creative).order_by(Creative.id)))
        db.session.expunge_all()
        return found


def files(*names: str, data: bytes | None = None) -> dict[str, Any]:
    return {"files": [(BytesIO(data or picture()), name) for name in names]}


def test_many_banners_are_uploaded_at_once_and_called_as_their_files(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    data = files("Sale 300.png", "Осень.png") | {"page": f"https://{lampa.slug}.example/sale"}
    answer = manager.post(lampa.office("materials/upload"), data=data)
    assert answer.status_code == 303, answer.text
    made = all_of(app, lampa)
    assert [each.name for each in made] == ["Sale 300", "Осень"]
    assert {(each.width, each.height, each.place) for each in made} == {(300, 250, "sale")}
    text = manager.get(lampa.office("materials/")).text
    for each in made:
        assert each.name in text
        assert f"/m/{lampa.slug}/{each.key}.png" in text


def test_of_several_pictures_all_are_taken_or_none_and_the_bad_one_is_named(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    sent = files("good.png")
    sent["files"].append((BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "logo.svg"))
    answer = manager.post(lampa.office("materials/upload"), data=sent)
    assert answer.status_code == 422
    assert "logo.svg: SVG is not taken, because it can carry programs." in answer.text
    assert all_of(app, lampa) == []


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({}, "Choose a file."),
        (files("a.png", data=b"nonsense"), "This is no sound picture"),
        (files("a.png") | {"page": "https://evil.example/"}, "not on the shop"),
        (files("a.png") | {"product": "999"}, "Not a valid choice"),
        (files("a.png", data=b"\xff\xd8\xff" + b"x" * (5 * 2**20)), "at most 5 MB"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(
    app: App, lampa: Merchant, manager: FlaskClient, sent: dict[str, Any], complaint: str
) -> None:
    fresh = {
        name: [(BytesIO(file.getvalue()), called) for file, called in value]
        if name == "files"
        else value
        for name, value in sent.items()
    }
    answer = manager.post(lampa.office("materials/upload"), data=fresh)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert all_of(app, lampa) == []


def test_more_files_than_twenty_and_bodies_beyond_the_limit_are_refused(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    many = files(*(f"{n}.png" for n in range(21)))
    answer = manager.post(lampa.office("materials/upload"), data=many)
    assert (answer.status_code, "At most 20 files at once." in answer.text) == (422, True)
    huge = files("a.png", data=b"x" * (25 * 2**20))
    assert manager.post(lampa.office("materials/upload"), data=huge).status_code == 413
    elsewhere = {"name": "x" * (2 * 2**20)}
    assert manager.post(lampa.office("products/new"), data=elsewhere).status_code == 413


def test_a_disk_without_room_shows_no_half_file(
    app: App, lampa: Merchant, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "media"
    blocked.write_text("a file where the folder would be")
    monkeypatch.setattr(service.media, "settings", lambda: _Settings(tmp_path))
    answer = manager.post(lampa.office("materials/upload"), data=files("a.png"))
    assert answer.status_code == 422
    assert "no room for it now" in answer.text
    assert all_of(app, lampa) == []
    blocked.unlink()
    assert manager.post(lampa.office("materials/upload"), data=files("a.png")).status_code == 303
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [all_of(app, lampa)[0].digest]


class _Settings:
    def __init__(self, folder: Path) -> None:
        self.var_dir = folder
        self.content_host = ""


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text", {"name": "A post", "body": "Look: {link}"}),
        ("letter", {"name": "A letter", "subject": "For {name}", "html": "<p>{link}</p>"}),
        ("html", {"name": "A box", "html": "<p><a href='{link}'>Buy</a></p>"}),
        ("file", {"name": "", "file": (BytesIO(b"%PDF-1.7"), "Prices.pdf")}),
    ],
)
def test_each_kind_is_made_looked_at_and_edited(
    app: App, lampa: Merchant, manager: FlaskClient, kind: str, data: dict[str, Any]
) -> None:
    assert manager.get(lampa.office(f"materials/new?kind={kind}")).status_code == 200
    answer = manager.post(lampa.office(f"materials/new?kind={kind}"), data=data | {"shown": "y"})
    assert answer.status_code == 303, answer.text
    page = manager.get(answer.headers["Location"])
    assert page.status_code == 200
    one = all_of(app, lampa)[0]
    assert one.kind == kind
    there = lampa.office(f"materials/{one.public_id}/edit")
    assert manager.get(there).status_code == 200
    more = {k: v for k, v in data.items() if k != "file"} | {"name": "Renamed", "position": "5"}
    assert manager.post(there, data=more).status_code == 303
    now = all_of(app, lampa)[0]
    assert (now.name, now.position, now.shown, now.digest) == ("Renamed", 5, False, one.digest)


@pytest.mark.parametrize(
    ("kind", "data", "complaint"),
    [
        ("text", {"name": "x", "body": " "}, "Fill this in."),
        ("letter", {"name": "x", "subject": "s"}, "Write the letter as text"),
        ("letter", {"name": "x", "body": "s"}, "Fill this in."),
        ("html", {"name": "x", "html": "<script>1</script>"}, "Nothing is left of this HTML"),
        ("banner", {"name": "x"}, "Choose a file."),
        ("file", {"name": "x", "file": (BytesIO(b"MZ"), "x.exe")}, "Only PDF and ZIP"),
        ("text", {"name": "", "body": "x"}, "A name has 1 to"),
        ("text", {"name": "x\x00", "body": "x"}, "cannot be kept"),
        ("text", {"name": "x", "body": "x", "position": "99999999999999999999"}, "between"),
        (
            "text",
            {"name": "x", "body": "x", "valid_from": "2026-12-02T00:00",
             "valid_to": "2026-12-01T00:00"},
            "The end lies after the beginning.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_refused_with_what_was_typed(
    app: App, lampa: Merchant, manager: FlaskClient, kind: str, data: dict[str, Any], complaint: str
) -> None:
    answer = manager.post(lampa.office(f"materials/new?kind={kind}"), data=data)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert all_of(app, lampa) == []


def test_a_material_is_put_away_and_comes_back_and_is_switched_off_and_on(
    app: App, lampa: Merchant, manager: FlaskClient
) -> None:
    one = make(app, lampa)
    there = f"materials/{one.public_id}"
    manager.post(lampa.office(f"{there}/archive"))
    manager.get(lampa.office("materials/"))  # shows the way back once
    assert one.public_id not in manager.get(lampa.office("materials/")).text
    assert one.public_id in manager.get(lampa.office("materials/?show=archived")).text
    manager.post(lampa.office(f"{there}/restore"))
    assert one.public_id in manager.get(lampa.office("materials/")).text
    manager.post(lampa.office(f"{there}/off"))
    assert not all_of(app, lampa)[0].shown
    manager.post(lampa.office(f"{there}/on"))
    assert all_of(app, lampa)[0].shown
    with app.app_context(), lampa.scope():
        query = select(Event.type).where(Event.type.startswith("creative"))
        said = list(db.session.scalars(query.order_by(Event.id)))
    assert said == [
        *("creative.created", "creative.archived", "creative.restored"),
        *("creative.changed", "creative.changed"),
    ]


def test_readers_are_chosen_and_shown(app: App, lampa: Merchant, manager: FlaskClient) -> None:
    with app.app_context():
        with lampa.scope():
            program.create_group(name="Bloggers")
            group = programs.find_group("Bloggers")
            assert group is not None
            group_id = group.id
        db.session.commit()
    one = make(app, lampa, Kind.TEXT, name="A post", body="x")
    there = lampa.office(f"materials/{one.public_id}/edit")
    data = {"name": "A post", "body": "x", "groups": [str(group_id)], "shown": "y"}
    assert manager.post(there, data=data).status_code == 303
    assert "Bloggers" in manager.get(lampa.office(f"materials/{one.public_id}/")).text
    with app.app_context(), lampa.scope():
        assert list(db.session.scalars(select(CreativeReader.group_id))) == [group_id]
    assert "checked" in manager.get(there).text
    wrong = manager.post(there, data=data | {"groups": ["999999"]})
    assert wrong.status_code == 422


def test_a_products_tab_leads_to_its_materials(
    app: App, lampa: Merchant, manager: FlaskClient, anna: str
) -> None:
    page = manager.get(lampa.office("materials/upload")).text
    assert "Green lamp" in page
    with app.app_context(), lampa.scope():
        found = catalog.product(lampa.shop_id, "lamp-1")
        assert found is not None
        product = found.id
    make(app, lampa, name="Of the lamp", product_id=product)
    make(app, lampa, name="Of the shop")
    tab = f"materials/?product={product}"
    assert tab in manager.get(lampa.office(f"products/{product}/program")).text
    text = manager.get(lampa.office(tab)).text
    assert "Of the lamp" in text
    assert "Of the shop" not in text


def test_support_reads_and_changes_nothing(app: App, lampa: Merchant) -> None:
    one = make(app, lampa)
    support = sign_in(app.test_client(), lampa.staff["support"])
    assert one.name in support.get(lampa.office("materials/")).text
    assert support.get(lampa.office(f"materials/{one.public_id}/")).status_code == 200
    for path in ("upload", f"{one.public_id}/edit", f"{one.public_id}/archive"):
        assert support.post(lampa.office(f"materials/{path}"), data={}).status_code == 403


def enter(page: Page, server: str, email: str, path: str) -> None:
    page.goto(f"{server}/login?next={path}")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url(f"**{path}")


def test_in_the_browser_pictures_go_one_by_one_each_with_its_fate(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant
) -> None:
    enter(quiet_page, live_server, lampa.staff["manager"].email, lampa.office("materials/upload"))
    sent: list[FilePayload] = [
        {"name": "Wide.png", "mimeType": "image/png", "buffer": picture(size=(728, 90))},
        {"name": "bad.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"},
        {"name": "Square.gif", "mimeType": "image/gif", "buffer": picture("GIF", (250, 250))},
    ]
    quiet_page.set_input_files("[name=files]", sent)
    quiet_page.click("main form [type=submit]:not(.switches *)")
    quiet_page.wait_for_selector(".uploads li:nth-child(3)[data-state]")
    states = [li.get_attribute("data-state") for li in quiet_page.query_selector_all(".uploads li")]
    assert states == ["good", "bad", "good"]
    assert "can carry programs" in quiet_page.inner_text(".uploads li:nth-child(2)")
    assert [each.name for each in all_of(app, lampa)] == ["Wide", "Square"]
    assert violations(quiet_page) == []
    quiet_page.goto(live_server + lampa.office("materials/"))
    quiet_page.wait_for_function(
        "[...document.querySelectorAll('img.thumb')].every(i => i.complete && i.naturalWidth)"
    )


def test_the_offices_pages_of_materials_are_open_to_everybody(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant
) -> None:
    banner = make(app, lampa, body="A lamp", label="Advertisement. Lampa")
    letter = make(app, lampa, Kind.LETTER, name="Letter", subject="Hi", html="<p>Hi {name}</p>")
    enter(quiet_page, live_server, lampa.staff["manager"].email, lampa.office("materials/"))
    paths = [
        *("", "upload", "new?kind=letter", "new"),
        *(f"{banner.public_id}/", f"{banner.public_id}/edit", f"{letter.public_id}/"),
    ]
    for path in paths:
        quiet_page.goto(live_server + lampa.office(f"materials/{path}"))
        for width in (1280, 375):
            quiet_page.set_viewport_size({"width": width, "height": 800})
            assert violations(quiet_page) == [], path
            assert quiet_page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
