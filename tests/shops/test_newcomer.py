"""What somebody meets who connects a shop for the first time: channels, secrets, files, words that help."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app import clock, crypto
from app.extensions import db
from app.identity.models import Person, Session
from app.intake.shops import postback
from app.intake.shops.prestashop.client import root
from app.tenants.models import Connection
from tests.shops.bitrix_scene import PortalDesk, at_portal
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def owner(lampa: Merchant, client: FlaskClient) -> FlaskClient:
    return sign_in(client, lampa.staff["owner"])


@pytest.fixture
def portal(app: App) -> Iterator[PortalDesk]:
    with at_portal(app) as made:
        yield made


def opened(lampa: Merchant, owner: FlaskClient, kind: str, **said: str) -> tuple[int, str]:
    data = {"shop": str(lampa.shop_id), "secret": "", **said}
    answer = owner.post(lampa.office(f"connections/new/{kind}/hook"), data=data)
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def test_a_channel_shows_its_secret_address_and_what_to_do_on_one_page(
    lampa: Merchant, owner: FlaskClient
) -> None:
    status, text = opened(lampa, owner, "tilda")
    assert status == 200
    secret = re.findall(r"<code[^>]*>(whsec_[^<]+)</code>", text)[0]
    ready = re.findall(r"<code[^>]*>(http[^<]+\?key=[^<]+)</code>", text)[0]
    assert not set("+/") & set(ready.partition("?key=")[2])
    assert "In Tilda: Site settings" in text
    answer = owner.post(
        ready, data={"payment[orderid]": "1", "payment[amount]": "1", "payment[products]": "x"}
    )
    assert answer.status_code == 200, secret


def test_shopify_is_given_its_address_first_and_never_a_secret_of_ours(
    lampa: Merchant, owner: FlaskClient
) -> None:
    status, place = opened(lampa, owner, "shopify")
    assert status == 303
    shown = owner.get(place).text
    assert "whsec_" not in shown
    assert "/hooks/shopify/" in shown
    assert owner.post(f"{place}secret", data={"secret": ""}).status_code == 422
    assert owner.post(f"{place}secret", data={"secret": "shpss_0123456789"}).status_code == 303
    status, place = opened(lampa, owner, "shopify", secret="shpss_9876543210")
    assert status == 303
    assert "shpss_" not in owner.get(place).text


@pytest.mark.parametrize("kind", ["bitrix", "ecwid"])
def test_a_channel_that_hastens_is_not_opened_without_the_shops_secret(
    lampa: Merchant, owner: FlaskClient, kind: str
) -> None:
    status, text = opened(lampa, owner, kind)
    assert (status, "Fill this in." in text) == (422, True)


def test_keys_are_asked_for_only_once_the_password_is_fresh(
    app: App, lampa: Merchant, owner: FlaskClient
) -> None:
    path = lampa.office("connections/new/woocommerce")
    assert owner.get(path).status_code == 200
    with app.app_context():
        mine = (
            Session.person_id
            == select(Person.id).where(Person.email == lampa.staff["owner"].email).scalar_subquery()
        )
        old = clock.wall() - timedelta(days=1)
        db.session.execute(update(Session).where(mine).values(authenticated_at=old))
        db.session.commit()
    answer = owner.get(path)
    assert answer.status_code == 303
    assert "confirm" in answer.headers["Location"]
    assert owner.get(lampa.office("connections/new/tilda")).status_code == 200


def test_postbacks_have_their_page_and_a_new_secret_beside_the_old_one(
    app: App, lampa: Merchant, owner: FlaskClient
) -> None:
    with app.app_context(), lampa.scope():
        own = db.session.scalars(select(Connection).where(Connection.kind == "postback")).one()
        public_id, before = own.public_id, crypto.open_sealed(own.secret)
    page = owner.get(lampa.office("connections/postback")).text
    assert "/postback/" in page
    assert before not in page
    answer = owner.post(lampa.office(f"connections/postback/{public_id}/secret"))
    fresh = re.findall(r"<code[^>]*>(whsec_[^<]+)</code>", answer.text)[0]
    assert fresh != before
    address = re.findall(r"<code[^>]*>http[^<]*(/postback/[^<]+)</code>", page)[0]
    for number, secret in enumerate((before, fresh)):
        said = {"order": f"N-{number}", "amount": "10.00", "status": "paid",
                "ts": str(int(clock.wall().timestamp()))}  # fmt: skip
        said["sig"] = postback.signatures(secret, said)[0]
        assert owner.get(address, query_string=said).json == {
            "order": f"N-{number}", "state": "agreed", "confirmed": True,
        }  # fmt: skip
    said["sig"] = postback.signatures("whsec_" + 32 * "A", said)[0]
    assert owner.get(address, query_string=said).status_code == 403
    assert owner.post(lampa.office("connections/postback/cn_none/secret")).status_code == 404


def test_the_files_for_a_shop_are_handed_out(lampa: Merchant, owner: FlaskClient) -> None:
    packed = owner.get(lampa.office("connections/files/partnerka.ocmod.zip"))
    names = zipfile.ZipFile(io.BytesIO(packed.data)).namelist()
    assert "install.json" in names  # at the root, as the installer wants it
    assert "catalog/controller/event/partnerka.php" in names
    examples = owner.get(lampa.office("connections/files/partnerka-examples.zip"))
    assert "send_order.php" in zipfile.ZipFile(io.BytesIO(examples.data)).namelist()
    handler = owner.get(lampa.office("connections/files/partnerka.php"))
    assert handler.text.startswith("<?php")
    assert owner.get(lampa.office("connections/files/order.json")).status_code == 404
    for kind in ("OpenCart", "connections/files/partnerka.php"):
        assert kind in owner.get(lampa.office("connections/new/signed")).text


def test_a_status_that_moves_nothing_can_be_confirmed_and_the_list_says_what_waits(
    portal: PortalDesk, client: FlaskClient
) -> None:
    portal.connect()
    office = sign_in(client, portal.lampa.staff["owner"])
    base = portal.lampa.office("connections/")
    assert "statuses not confirmed" in office.get(base).text
    place = f"{base}{portal.public_id}/"
    shown = office.get(place).text
    assert "not confirmed" in shown
    words = re.findall(r'name="word" value="([^"]+)"', shown)
    picked = re.findall(r'name="state">(.*?)</select>', shown, re.DOTALL)
    states = [(re.findall(r'value="(\w+)" selected', each) or [""])[0] for each in picked]
    assert "" in states
    still = words[states.index("")]
    answer = office.post(f"{place}statuses", data={"word": words, "state": states})
    assert answer.status_code == 303
    assert "not confirmed" not in office.get(place).text
    assert "statuses not confirmed" not in office.get(base).text
    portal.shop.place_order(coupon="ANNA10", status=still)
    portal.sweep()
    portal.settle()
    assert "your map does not know" not in office.get(place).text


@pytest.mark.parametrize(
    "typed",
    [
        "https://shop.example/admin123abc/index.php?controller=AdminLogin",
        "https://shop.example/api/",
        "https://shop.example/admin",
        "https://shop.example/",
    ],
)
def test_a_prestashops_address_is_read_from_where_its_owner_stands(typed: str) -> None:
    assert root(typed) == "https://shop.example"


def test_other_keys_are_given_from_the_connections_own_page(
    portal: PortalDesk, client: FlaskClient
) -> None:
    portal.connect(first_token=None)
    office = sign_in(client, portal.lampa.staff["owner"])
    page = office.get(portal.lampa.office(f"connections/{portal.public_id}/")).text
    links = re.findall(r'href="([^"]*/new/bitrix\?again=[^"]*)"', page)
    assert len(links) == 2
    text = office.get(links[0]).text
    assert portal.shop.url not in text  # of this kind the address is the key
    assert office.get(portal.lampa.office("connections/new/bitrix?again=cn_x")).status_code == 200


def test_words_for_an_address_say_how_it_is_written(
    app: App, lampa: Merchant, owner: FlaskClient
) -> None:
    said = {"store": str(lampa.shop_id), "how": "keys", "key": "1003", "key_secret": "secret_x"}
    path = lampa.office("connections/new/ecwid")
    assert 'value="https://app.ecwid.com"' in owner.get(path).text
    answer = owner.post(path, data=said | {"address": "a shop"})
    assert "as the browser shows it" in answer.text
    before = app.extensions["partnerka"]
    app.extensions["partnerka"] = replace(before, egress_allow=())
    assert owner.post(path, data=said | {"address": "http://10.0.0.1"}).status_code == 422
    app.extensions["partnerka"] = before
