"""The cabinet's links: the main one, those a partner makes, and their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.attribution import queries as clicks
from app.catalog import queries as products
from app.catalog import service as catalog
from app.extensions import db
from app.identity import service as identity
from app.links import queries
from app.links import service as links
from app.links.models import Link
from app.partners import service as partners
from tests.harness.browser import violations
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> int:
    """Anna is a partner of Lampa and signed in; a lamp is in the catalogue."""
    email = f"anna@{lampa.slug}.example"
    with app.app_context():
        with lampa.scope():
            partner = partners.create(partners.NewPartner(name="Anna", refcode="anna", email=email))
            person = identity.ensure_person(email, "Anna")
            identity.change_password(person, PASSWORD)
            page = f"https://{lampa.slug}.example/lamps/green"
            catalog.put_product(lampa.shop_id, "lamp-1", name="Green lamp", url=page)
            made = partner.id
        db.session.commit()
    sign_in(client, email)
    return made


def link_of(app: App, merchant: Merchant) -> Link:
    with app.app_context(), merchant.scope():
        return db.session.scalars(select(Link).order_by(Link.id.desc())).first() or Link()


def test_the_page_has_the_main_link_a_short_one_and_a_picture_of_it(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    text = client.get(lampa.cabinet("links/")).text
    short = link_of(app, lampa).short
    assert f"/r/{lampa.slug}/anna" in text
    assert f"/s/{short}" in text
    picture = client.get(lampa.cabinet(f"links/{short}/qr.svg"))
    assert picture.mimetype == "image/svg+xml"
    assert picture.text.startswith("<svg ")
    saved = client.get(lampa.cabinet(f"links/{short}/qr.png?download=1"))
    assert saved.data.startswith(b"\x89PNG")
    assert "attachment" in saved.headers["Content-Disposition"]


def test_a_link_to_a_page_of_the_shop_is_made_and_followed(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    data = {
        "address": f"https://www.{lampa.slug}.example/sale?x=1",
        "code": "Summer",
        "sub1": "blog",
    }
    answer = client.post(lampa.cabinet("links/"), data=data)
    assert answer.status_code == 303
    assert "Summer" in client.get(answer.headers["Location"]).text
    followed = client.get(f"/r/{lampa.slug}/SUMMER", headers=BROWSER)
    assert followed.headers["Location"].startswith(
        f"https://www.{lampa.slug}.example/sale?x=1&sub1=blog&ref=anna&click=ck_"
    )
    assert ">1<" in client.get(lampa.cabinet("links/")).text


def test_a_link_to_a_product_leads_to_its_page(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    page = client.get(lampa.cabinet("links/"))
    assert "Green lamp" in page.text
    with app.app_context(), lampa.scope():
        product = products.product(lampa.shop_id, "lamp-1")
        assert product is not None
        chosen = str(product.id)
    client.post(lampa.cabinet("links/"), data={"product": chosen, "code": "lamp"})
    followed = client.get(f"/r/{lampa.slug}/lamp", headers=BROWSER)
    assert followed.headers["Location"].startswith(
        f"https://{lampa.slug}.example/lamps/green?ref=anna"
    )


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"address": "https://evil.example/"}, "not on the shop"),
        ({"address": "//evil.example/"}, "not an address"),
        ({"address": "javascript:alert(1)"}, "not an address"),
        ({"code": "a"}, "at least 2"),
        ({"code": "anna"}, "taken"),
        ({"code": "аnna"}, "one alphabet"),
        ({"code": "with space"}, "letters, digits"),
    ],
)
def test_what_cannot_be_a_link_is_refused_with_what_was_typed(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, data: dict[str, str], complaint: str
) -> None:
    answer = client.post(lampa.cabinet("links/"), data=data)
    assert answer.status_code in {409, 422}
    assert complaint in answer.text
    assert next(iter(data.values())) in answer.text


def test_a_link_that_is_put_away_still_works_and_comes_back(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    client.post(lampa.cabinet("links/"), data={"code": "autumn"})
    short = link_of(app, lampa).short
    assert client.post(lampa.cabinet(f"links/{short}/archive")).status_code == 303
    client.get(lampa.cabinet("links/"))  # shows the way back once
    assert f"links/{short}/" not in client.get(lampa.cabinet("links/")).text
    assert f"links/{short}/" in client.get(lampa.cabinet("links/?show=archived")).text
    assert client.get(f"/r/{lampa.slug}/autumn", headers=BROWSER).status_code == 302
    client.post(lampa.cabinet(f"links/{short}/restore"))
    assert f"links/{short}/" in client.get(lampa.cabinet("links/")).text


def test_the_main_link_stays(app: App, client: FlaskClient, lampa: Merchant, anna: int) -> None:
    client.get(lampa.cabinet("links/"))
    short = link_of(app, lampa).short
    client.post(lampa.cabinet("links/"), data={"code": "spring"})
    assert client.post(lampa.cabinet(f"links/{short}/archive")).status_code == 409


def test_anothers_link_is_not_found(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    with app.app_context():
        with lampa.scope():
            from_boris = partners.create(partners.NewPartner(name="Boris", refcode="boris"))

            made = links.ensure_default(from_boris)
            assert made is not None
            short = made.short
        db.session.commit()
    for path in (f"links/{short}/", f"links/{short}/qr.svg"):
        assert client.get(lampa.cabinet(path)).status_code == 404
    assert client.post(lampa.cabinet(f"links/{short}/archive")).status_code == 404


def test_the_office_sees_everybodys_links_and_how_the_counter_is_put_in(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    client.get(lampa.cabinet("links/"))
    office = sign_in(app.test_client(), lampa.staff["support"])
    assert "anna" in office.get(lampa.office("links/?q=ann")).text
    page = office.get(lampa.office("counters/")).text
    assert f"/t/{lampa.slug}.js" in page
    assert "Waiting for the first visit" in page
    client.post(f"/t/{lampa.slug}/hit?ref=anna&page=https://x.example/", headers=BROWSER)
    part = office.get(
        lampa.office("counters/"), headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    ).text
    assert "The counter works" in part
    assert "<h1>" not in part


def test_the_pages_of_links_are_open_to_everybody(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant, anna: int
) -> None:
    quiet_page.goto(f"{live_server}/login?next={lampa.cabinet('links/')}")
    quiet_page.fill("[name=email]", f"anna@{lampa.slug}.example")
    quiet_page.fill("[name=password]", PASSWORD)
    quiet_page.click("main [type=submit]")
    quiet_page.wait_for_selector("text=Make a link")
    for width in (1280, 375):
        quiet_page.set_viewport_size({"width": width, "height": 800})
        assert violations(quiet_page) == []
        assert quiet_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    quiet_page.fill("[name=address]", f"https://{lampa.slug}.example/sale")
    quiet_page.click("text=Make the link")
    quiet_page.wait_for_selector("text=The link is ready.")
    assert violations(quiet_page) == []
    loaded = "document.querySelector('.qr img').naturalWidth > 0"
    quiet_page.wait_for_function(loaded)


def test_a_scan_of_the_printed_code_is_a_click_counted_apart(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    client.get(lampa.cabinet("links/"))
    short = link_of(app, lampa).short
    scanned = client.get(f"/s/{short}?qr", headers=BROWSER)
    assert "click=ck_" in scanned.headers["Location"]
    client.get(f"/s/{short}", headers=BROWSER)
    client.get(f"/r/{lampa.slug}/anna?qr", headers=BROWSER)
    with app.app_context(), lampa.scope():
        assert clicks.clicks_of_links([link_of(app, lampa).id]) == {link_of(app, lampa).id: (3, 1)}
        drawn = links.draw_svg(queries.scan_address(short))
    assert client.get(lampa.cabinet(f"links/{short}/qr.svg")).text == drawn


def test_a_link_to_a_category_leads_to_its_page_and_follows_it(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    with app.app_context():
        with lampa.scope():
            page = f"https://{lampa.slug}.example/lamps/"
            category = catalog.put_category(lampa.shop_id, "lamps", name="Lamps", url=page)
            bare = catalog.put_category(lampa.shop_id, "shades", name="Shades")
            ids = category.id, bare.id
        db.session.commit()
    text = client.get(lampa.cabinet("links/")).text
    assert "Lamps" in text
    assert "Shades" not in text
    client.post(lampa.cabinet("links/"), data={"category": str(ids[0]), "code": "all-lamps"})
    followed = client.get(f"/r/{lampa.slug}/all-lamps", headers=BROWSER)
    assert followed.headers["Location"].startswith(f"{page}?ref=anna")
    assert ">Lamps<" in client.get(lampa.cabinet("links/")).text
    wrong = client.post(lampa.cabinet("links/"), data={"category": str(ids[1])})
    assert wrong.status_code == 422


def test_a_product_and_a_category_at_once_cannot_be_meant(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    with app.app_context():
        with lampa.scope():
            page = f"https://{lampa.slug}.example/lamps/"
            category = catalog.put_category(lampa.shop_id, "lamps", name="Lamps", url=page).id
            lamp = catalog.put_product(lampa.shop_id, "lamp-1").id
        db.session.commit()
    both = {"category": str(category), "product": str(lamp)}
    answer = client.post(lampa.cabinet("links/"), data=both)
    assert answer.status_code == 422
    assert "Choose a product or a category" in answer.text


def test_all_sub_ids_and_marks_go_with_the_link(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    marks = {"sub2": "b", "sub5": "e", "utm_content": "text", "utm_term": "lamp"}
    client.post(lampa.cabinet("links/"), data={"code": "marked", **marks})
    where = client.get(f"/r/{lampa.slug}/marked", headers=BROWSER).headers["Location"]
    for name, value in marks.items():
        assert f"{name}={value}" in where


def test_a_link_has_a_form_that_goes_straight_to_the_page(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    text = client.get(lampa.cabinet("links/")).text
    assert f"https://{lampa.slug}.example/?ref=anna" in text
    data = {"address": f"https://{lampa.slug}.example/sale", "code": "summer", "sub1": "blog"}
    client.post(lampa.cabinet("links/"), data=data)
    own = client.get(lampa.cabinet(f"links/{link_of(app, lampa).short}/")).text
    assert f"https://{lampa.slug}.example/sale?sub1=blog&amp;ref=anna" in own


def test_sharing_is_plain_links_and_never_tells_the_partners_note(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    client.post(lampa.cabinet("links/"), data={"code": "summer", "label": "my secret note"})
    text = client.get(lampa.cabinet(f"links/{link_of(app, lampa).short}/")).text
    for place in ("vk.com", "t.me", "wa.me", "connect.ok.ru", "x.com", "www.facebook.com"):
        assert f'href="https://{place}/' in text
    assert 'href="mailto:?' in text
    assert "secret%20note" not in text
    assert '<script src="https' not in text


@pytest.mark.parametrize(("kind", "slips"), [("card", 1), ("sheet", 10), ("poster", 1)])
def test_sheets_carry_the_code_in_words_and_as_a_picture(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, kind: str, slips: int
) -> None:
    client.get(lampa.cabinet("links/"))
    short = link_of(app, lampa).short
    text = client.get(
        lampa.cabinet(f"links/{short}/print/{kind}?heading=<b>Lamps</b>&words=Ask+me")
    ).text
    assert text.count('<article class="slip"') == slips
    assert text.count(f"/s/{short}<") == slips
    assert "&lt;b&gt;Lamps" in text
    assert "Ask me" in text
    assert "<strong>anna</strong>" in text
    long = client.get(lampa.cabinet(f"links/{short}/print/{kind}?heading={'x' * 99}"))
    assert long.status_code == 422
    assert client.get(lampa.cabinet(f"links/{short}/print/flag")).status_code == 404


def test_sheets_are_sound(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant, anna: int
) -> None:
    quiet_page.goto(f"{live_server}/login?next={lampa.cabinet('links/')}")
    quiet_page.fill("[name=email]", f"anna@{lampa.slug}.example")
    quiet_page.fill("[name=password]", PASSWORD)
    quiet_page.click("main [type=submit]")
    quiet_page.wait_for_selector("text=Make a link")
    short = link_of(app, lampa).short
    for width, kind in ((375, "sheet"), (1280, "poster")):
        quiet_page.set_viewport_size({"width": width, "height": 800})
        quiet_page.goto(live_server + lampa.cabinet(f"links/{short}/print/{kind}"))
        assert violations(quiet_page) == []
        wide = quiet_page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
