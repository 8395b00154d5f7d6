"""The cabinet's materials: who sees what, with whose link inside, and what each brought him."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.catalog import queries as catalog
from app.catalog import service as goods
from app.creatives import queries, service
from app.creatives.models import Creative, CreativeLink
from app.creatives.rules import Counts, Kind
from app.extensions import db
from app.links.models import Link
from app.partners import queries as partners
from app.partners import service as partner_service
from app.programs import service as program
from tests.creatives.shop import BROWSER, make, picture
from tests.harness.browser import violations
from tests.harness.together import together
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant


def links_of(app: App, merchant: Merchant) -> list[tuple[int, int, str]]:
    """Return (creative, link, code) of what was taken."""
    with app.app_context(), merchant.scope():
        rows = db.session.execute(
            select(CreativeLink.creative_id, Link).join(
                Link, (Link.tenant_id == CreativeLink.tenant_id) & (Link.id == CreativeLink.link_id)
            )
        )
        return [(row[0], row[1].id, queries.code_of_link(row[1])) for row in rows]


def show(client: FlaskClient, merchant: Merchant, creative: Creative) -> str:
    answer = client.get(merchant.cabinet(f"materials/{creative.public_id}/"))
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.text)


def lamp(app: App, merchant: Merchant) -> int:
    with app.app_context(), merchant.scope():
        found = catalog.product(merchant.shop_id, "lamp-1")
        assert found is not None
        return found.id


def test_a_banners_code_has_the_partners_link_and_picture_inside(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    banner = make(app, lampa, body="Lamps of {name}", label="Ad. Lampa. erid: 2Vtzq")
    assert f"/m/{lampa.slug}/{banner.key}.png" in partner.get(lampa.cabinet("materials/")).text
    text = show(partner, lampa, banner)
    ((_creative, link_id, code),) = links_of(app, lampa)
    with app.app_context(), lampa.scope():
        short = db.session.scalars(select(Link.short).where(Link.id == link_id)).one()
    html = (
        f'<a href="http://localhost/r/{lampa.slug}/{code}" target="_blank" '
        f'rel="sponsored noopener"><img src="http://localhost/m/{lampa.slug}/{banner.key}/{short}.png"'
        ' width="300" height="250" alt="Lamps of Anna"></a>\n<br><small>Ad. Lampa. erid: 2Vtzq</small>'
    )
    assert html in text
    assert "https://t.me/share/url?url=" in text
    assert html in show(partner, lampa, banner)
    assert len(links_of(app, lampa)) == 1
    # It stands with the material, and is none of the links that the partner made himself.
    assert code not in partner.get(lampa.cabinet("links/")).text
    owner = sign_in(app.test_client(), lampa.staff["owner"])
    assert code in owner.get(lampa.office("links/?kind=materials")).text
    assert code not in owner.get(lampa.office("links/?kind=own")).text


def test_words_are_filled_for_the_partner_and_a_text_without_the_link_gets_it(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    said = {"name": "A", "body": "{name} gives {code}. {unknown}"}
    text = show(partner, lampa, make(app, lampa, Kind.TEXT, **said))
    code = links_of(app, lampa)[0][2]
    link = f"http://localhost/r/{lampa.slug}/{code}"
    assert f"Anna gives ANNA10. {{unknown}}\n{link}" in text
    letter = {"name": "L", "subject": "{name} writes", "body": "{link}", "html": "<p>{code}</p>"}
    text = show(partner, lampa, make(app, lampa, Kind.LETTER, **letter))
    assert "Anna writes" in text
    assert "<p>ANNA10</p>" in text
    assert "/preview" in text


def test_a_file_is_downloaded_and_a_picture_too(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    prices = make(app, lampa, Kind.FILE, file=b"%PDF-1.7", filename="p.pdf", name="Prices")
    text = show(partner, lampa, prices)
    there = f"/m/{lampa.slug}/{prices.key}.pdf?download=1"
    assert there in text
    assert partner.get(there).headers["Content-Disposition"].startswith("attachment")
    banner = make(app, lampa)
    there = f"/m/{lampa.slug}/{banner.key}.png?download=1"
    assert there in show(partner, lampa, banner)
    assert partner.get(there).headers["Content-Disposition"].startswith("attachment")


def test_a_partner_sees_what_is_on_in_its_time_meant_for_him_and_of_shown_products(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    now, hour = clock.wall(), timedelta(hours=1)
    with app.app_context():
        with lampa.scope():
            mine = program.create_group(name="Bloggers")
            other = program.create_group(name="Shops")
            terms = program.create_terms(name="Special", levels=["20%"])
            anna = partners.by_refcode("anna")
            assert anna is not None
            partner_service.change(anna, group_id=mine.id)
            ids = mine.id, other.id, terms.id
        db.session.commit()
    product = lamp(app, lampa)
    seen: dict[str, dict[str, Any]] = {
        "plain": {},
        "begun": {"valid_from": now - hour, "valid_to": now + hour},
        "for-bloggers": {"group_ids": (ids[0], ids[1])},
        "of-the-lamp": {"product_id": product},
    }
    unseen: dict[str, dict[str, Any]] = {
        "off": {"shown": False},
        "coming": {"valid_from": now + hour},
        "over": {"valid_to": now - hour},
        "for-shops": {"group_ids": (ids[1],)},
        "for-special": {"terms_ids": (ids[2],)},
    }
    made = {
        name: make(app, lampa, Kind.TEXT, name=name, body="x", **said)
        for name, said in {**seen, **unseen}.items()
    }
    text = partner.get(lampa.cabinet("materials/")).text
    for name, one in made.items():
        assert (one.public_id in text) is (name in seen), name
        status = partner.get(lampa.cabinet(f"materials/{one.public_id}/")).status_code
        assert status == (200 if name in seen else 404), name
    assert f"materials/?product={product}" in partner.get(lampa.cabinet("products/")).text
    with app.app_context():
        with lampa.scope():
            goods.put_product(lampa.shop_id, "lamp-1", shown=False)
        db.session.commit()
    assert made["of-the-lamp"].public_id not in partner.get(lampa.cabinet("materials/")).text


def test_a_partner_without_a_group_does_not_see_what_is_for_others_terms(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    with app.app_context():
        with lampa.scope():
            terms = program.create_terms(name="Special", levels=["20%"]).id
        db.session.commit()
    one = make(app, lampa, Kind.TEXT, name="x", body="x", terms_ids=(terms,))
    assert partner.get(lampa.cabinet(f"materials/{one.public_id}/")).status_code == 404


def test_the_gallery_is_narrowed_by_kind_size_product_and_language(
    app: App, lampa: Merchant, partner: FlaskClient
) -> None:
    product = lamp(app, lampa)
    small = make(app, lampa, name="small", file=picture(size=(88, 31)), language="en")
    wide = make(app, lampa, name="wide", file=picture(size=(728, 90)), language="ru")
    text = make(app, lampa, Kind.TEXT, name="words", body="x", product_id=product)
    for address, found in (
        ("?kind=text", {text}),
        ("?pixels=728x90", {wide}),
        ("?language=en", {small}),
        (f"?product={product}", {text}),
        ("?q=WIDE", {wide}),
        ("?kind=nonsense&pixels=1x1&product=x", {small, wide, text}),
    ):
        page = partner.get(lampa.cabinet(f"materials/{address}")).text
        for one in (small, wide, text):
            assert (one.public_id in page) is (one in found), (address, one.name)


def test_whoever_takes_a_material_twice_at_once_gets_one_link(
    app: App, lampa: Merchant, anna: str
) -> None:
    banner = make(app, lampa)
    clients = [sign_in(app.test_client(), anna) for _ in range(4)]
    there = lampa.cabinet(f"materials/{banner.public_id}/")
    answers = together([partial(client.get, there) for client in clients])
    assert {answer.status_code for answer in answers} == {200}
    assert len(links_of(app, lampa)) == 1


def sell(client: FlaskClient, merchant: Merchant, number: str, click: str, status: str) -> None:
    order = {
        "status": status,
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": {"id": number},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        "click": click,
    }
    answer = client.put(f"/api/v1/orders/{number}", json=order, headers=merchant.bearer)
    assert answer.status_code in {200, 201}, answer.text


def click(client: FlaskClient, merchant: Merchant, code: str) -> str:
    followed = client.get(f"/r/{merchant.slug}/{code}", headers=BROWSER)
    assert followed.status_code == 302
    return followed.headers["Location"].partition("click=")[2]


def test_clicks_and_sales_are_counted_for_the_material_they_came_by(
    app: App, client: FlaskClient, lampa: Merchant, partner: FlaskClient, manager: FlaskClient
) -> None:
    first, second = make(app, lampa, name="First"), make(app, lampa, name="Second")
    for each in (first, second):
        show(partner, lampa, each)
    codes = {creative: code for creative, _link, code in links_of(app, lampa)}
    tokens = [click(client, lampa, codes[first.id]) for _ in range(4)]
    sell(client, lampa, "s1", tokens[0], "paid")
    sell(client, lampa, "s2", tokens[1], "completed")
    sell(client, lampa, "s3", tokens[2], "cancelled")
    sell(client, lampa, "s4", click(client, lampa, "anna"), "paid")
    expected = Counts(0, 4, 2)
    with app.app_context(), lampa.scope():
        anna = partners.by_refcode("anna")
        assert anna is not None
        both = [first.id, second.id]
        assert queries.of_partner(anna.id, both) == {first.id: expected, second.id: Counts()}
        assert queries.by_creative(both)[first.id] == expected
        total, best = queries.by_partner(first.id)
        assert total == expected
        assert [(card.refcode, counts) for card, counts in best] == [("anna", expected)]
    assert "50%" in show(partner, lampa, first)
    page = manager.get(lampa.office(f"materials/{first.public_id}/")).text
    assert "50%" in page
    assert "Anna" in page


def test_links_that_partners_took_follow_the_material_to_where_it_leads_now(
    app: App, client: FlaskClient, lampa: Merchant, partner: FlaskClient
) -> None:
    banner = make(app, lampa)
    show(partner, lampa, banner)
    code = links_of(app, lampa)[0][2]
    with app.app_context():
        with lampa.scope():
            one = service.find(banner.public_id)
            page = f"https://{lampa.slug}.example/sale"
            service.change(one, service.Said(name="x", page=page))
        db.session.commit()
    followed = client.get(f"/r/{lampa.slug}/{code}", headers=BROWSER)
    assert followed.headers["Location"].startswith(f"https://{lampa.slug}.example/sale?ref=anna")


def test_before_the_shop_is_there_a_material_says_so(
    app: App, lampa: Merchant, partner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    banner = make(app, lampa)
    monkeypatch.setattr("app.links.service.shops", list)
    answer = partner.get(lampa.cabinet(f"materials/{banner.public_id}/"))
    assert answer.status_code == 404


def test_the_cabinets_pages_of_materials_are_open_to_everybody(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant, anna: str
) -> None:
    banner = make(app, lampa, name="Sale", body="A lamp", label="Ad. Lampa", language="en")
    letter = make(
        app, lampa, Kind.LETTER, name="Letter", subject="Hi", body="Hi {link}", html="<p>{link}</p>"
    )
    quiet_page.goto(f"{live_server}/login?next={lampa.cabinet('materials/')}")
    quiet_page.fill("[name=email]", anna)
    quiet_page.fill("[name=password]", PASSWORD)
    quiet_page.click("main [type=submit]")
    quiet_page.wait_for_selector(".gallery")
    quiet_page.wait_for_function("document.querySelector('.gallery img').naturalWidth === 300")
    for path in ("", f"{banner.public_id}/", f"{letter.public_id}/"):
        quiet_page.goto(live_server + lampa.cabinet(f"materials/{path}"))
        for width in (1280, 375):
            quiet_page.set_viewport_size({"width": width, "height": 800})
            assert violations(quiet_page) == [], path
            assert quiet_page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
