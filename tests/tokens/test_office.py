"""Advertising tokens: on materials and links, missing ones warned of, and the month's report."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.creatives.models import CreativeShow
from app.creatives.queries import by_public_id
from app.creatives.rules import Kind
from app.creatives.service import Said, change, create, take
from app.errors import DomainError
from app.extensions import db
from app.identity import service as identity
from app.links.models import Link
from app.links.queries import target
from app.links.service import ensure_default
from app.partners.models import Partner
from app.tenants.models import Tenant
from tests.payouts.setting import known_partner
from tests.world import PASSWORD, Merchant, lampa, sign_in  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from app.creatives.models import Creative

ERID = "2SDnjc8vVSw"


class Setting:
    """Lampa's manager; a text of the shop's, and Anna who takes it."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        self.email = f"anna@{merchant.slug}.example"
        with app.app_context():
            with merchant.scope():
                self.anna, self.refcode = known_partner("Anna")
                card = self.card()
                person = identity.ensure_person(self.email, "Anna")
                identity.join(person, merchant.id, "partner", self.anna)
                identity.change_password(person, PASSWORD)
                card.person_id = person.id
                main = ensure_default(card)
                assert main is not None
                self.main = main.short
                made = create(Kind.TEXT, self.said())
                self.material = made.public_id
                self.taken = take(made, card, merchant.slug).link.short
            db.session.commit()
        sign_in(client, merchant.staff["manager"])

    def said(self, erid: str = "") -> Said:
        return Said(name="Spring", body="Lamps are cheaper: {link}", label="Ad. Lampa", erid=erid)

    def card(self) -> Partner:
        return db.session.scalars(select(Partner).where(Partner.refcode == self.refcode)).one()

    def creative(self) -> Creative:
        found = by_public_id(self.material)
        assert found is not None
        return found

    def link(self, short: str) -> Link:
        return db.session.scalars(select(Link).where(Link.short == short)).one()


@pytest.fixture
def setting(app: App, client: FlaskClient, lampa: Merchant) -> Setting:  # noqa: F811
    return Setting(app, client, lampa)


def test_a_materials_token_stands_in_label_address_and_landing(setting: Setting) -> None:
    with setting.app.app_context(), setting.merchant.scope():
        change(setting.creative(), setting.said(ERID))
        taken = take(setting.creative(), setting.card(), setting.merchant.slug)
        assert taken.address.endswith(f"?erid={ERID}")
        assert f"Ad. Lampa. erid: {ERID}" in taken.text
        tenant = db.session.get_one(Tenant, setting.merchant.id)
        landing = target(tenant, setting.link(setting.taken))
        assert landing is not None
        assert f"erid={ERID}" in landing.landing.bare
        # What is out in the world loses it with the material.
        change(setting.creative(), setting.said())
        assert setting.link(setting.taken).erid is None


def test_what_is_no_token_is_told_at_its_field(setting: Setting) -> None:
    with setting.app.app_context(), setting.merchant.scope():
        with pytest.raises(DomainError) as refused:
            change(setting.creative(), setting.said("<b>"))
        assert [error.field for error in refused.value.errors] == ["erid"]
    there = setting.merchant.office(f"advertising/links/{setting.main}")
    answer = setting.client.post(there, data={"erid": "<b>"})
    assert answer.status_code == 422
    assert "A token has 4 to 64 letters and digits" in answer.text


def test_a_link_gets_its_token_from_staff(setting: Setting) -> None:
    there = setting.merchant.office(f"advertising/links/{setting.main}")
    assert setting.client.post(there, data={"erid": ERID}).status_code == 303
    missing = setting.client.get(setting.merchant.office("links/?token=missing")).text
    assert f"advertising/links/{setting.main}" not in missing
    assert f"advertising/links/{setting.taken}" in missing
    anna = sign_in(setting.app.test_client(), setting.email)
    assert f"?erid={ERID}" in anna.get(setting.merchant.cabinet("links/")).text


def test_missing_tokens_are_warned_of_where_the_merchant_wants_it(setting: Setting) -> None:
    anna = sign_in(setting.app.test_client(), setting.email)
    index = setting.merchant.office("advertising/")
    pages = ("links/", f"links/{setting.main}/", f"materials/{setting.material}/")
    words = "The advertising token is missing"
    assert all(words not in anna.get(setting.merchant.cabinet(p)).text for p in pages)
    assert "Tokens are missing" not in setting.client.get(index).text
    assert setting.client.post(index, data={"wanted": "y"}).status_code == 303
    assert all(words in anna.get(setting.merchant.cabinet(p)).text for p in pages)
    assert "Tokens are missing" in setting.client.get(index).text


def test_the_report_tells_shows_and_clicks_by_token(setting: Setting) -> None:
    with setting.app.app_context(), setting.merchant.scope():
        change(setting.creative(), setting.said(ERID))
        link = setting.link(setting.taken)
        day = clock.today("Europe/Moscow")
        db.session.add(CreativeShow(link_id=link.id, day=day, shows=7))
        db.session.commit()
    followed = setting.app.test_client().get(f"/s/{setting.taken}")
    assert f"erid={ERID}" in followed.location
    named = f"from={day}&to={day}"
    shown = setting.client.get(setting.merchant.office(f"advertising/?{named}")).text
    assert f"advertising/links/{setting.taken}" in shown  # where the token is set
    text = setting.client.get(setting.merchant.office(f"advertising/file?{named}"))
    rows = list(csv.reader(io.StringIO(text.data.decode("utf-8-sig"))))
    assert rows[1][0] == ERID
    assert rows[1][1:3] == [f"Ad. Lampa. erid: {ERID}", "Spring"]
    assert rows[1][4:7] == ["Anna", setting.refcode, "7"]
