"""A partner's own network: opened branch by branch, no further than his own, and masked if the merchant says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.identity import queries as people
from app.identity import service as identity
from app.network import service
from app.notifications import letters
from app.notifications.models import Message
from app.tenancy import PLATFORM, tenant_scope
from tests.network.forest import count_anew, plant, statements
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

CANARY = "Kanareika"
MOST = 30


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def signed_in(shop: Shop, name: str, **body: Any) -> FlaskClient:
    email = f"{name.lower()}@{shop.domain}"
    answer = shop.call("POST", "/partners", {"name": name, "email": email, **body})
    assert answer.status_code == 201, answer.json
    with shop.app.app_context(), tenant_scope(PLATFORM):
        person = people.by_email(email)
        assert person is not None
        identity.change_password(person, PASSWORD)
        db.session.commit()
    return shop.signed_in(email)


def made(shop: Shop, name: str, **body: Any) -> str:
    answer = shop.call("POST", "/partners", {"name": name, **body})
    assert answer.json is not None
    return str(answer.json["id"])


def path(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/cabinet/{rest}"


def test_the_network_opens_branch_by_branch_and_no_further(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    boris = signed_in(lampa, "Boris", refcode="boris", sponsor="anna")
    vera = made(lampa, "Vera", sponsor="boris")
    gleb = made(lampa, "Gleb")
    main = anna.get(path(lampa, "network")).text.partition("<main")[2]
    assert ("Boris" in main, "Vera" in main, "@" in main) == (True, False, False)
    boris_id = main.partition("cabinet/network/pt_")[2].partition('"')[0]
    below = anna.get(path(lampa, f"network/pt_{boris_id}"))
    assert "Vera" in below.text
    assert anna.get(path(lampa, f"network/{vera}")).status_code == 200
    for stranger in (gleb, "pt_nobody"):
        assert anna.get(path(lampa, f"network/{stranger}")).status_code == 404
    assert boris.get(path(lampa, f"network/pt_{boris_id}")).status_code == 404
    assert "Vera" in boris.get(path(lampa, "network")).text


def test_a_search_stays_in_the_partners_own_network(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    made(lampa, "Vera Below", sponsor="anna", email="secret@below.example")
    made(lampa, "Vera Elsewhere")
    page = anna.get(path(lampa, "network?q=vera")).text
    assert ("Vera Below" in page, "Elsewhere" in page) == (True, False)
    found = anna.get(path(lampa, "network?q=secret")).text.partition('id="found"')[2]
    assert "Nobody fits" in found


def test_names_that_the_merchant_hides_are_nowhere_in_the_cabinet(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    child = {"email": f"{CANARY}@example.org", "phone": "+79161234567", "codes": [f"{CANARY}10"]}
    below = made(lampa, f"{CANARY} Petrova", sponsor="anna", **child)
    made(lampa, f"{CANARY} Deeper", sponsor=f"{CANARY.lower()}-petrova")
    order = {
        "status": "paid",
        "currency": "RUB",
        "created_at": "2090-01-01T00:00:00Z",
        "partner_code": f"{CANARY}10",
        "customer": {"id": "77", "email": f"{CANARY}.buyer@example.org", "name": f"{CANARY} Buyer"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }
    lampa.call("PATCH", "/merchant", {"levels": ["10%", "5%"]})
    lampa.call("PUT", "/orders/A1", order)
    pages = ("", "network", f"network/{below}", "network?q=kanareika", "sales/", "account/")
    assert CANARY in anna.get(path(lampa, "network")).text
    with lampa.scope():
        service.mask_referred(on=True)
    with lampa.app.app_context():
        jobs.refresh_networks()
    for rest in pages:
        answer = anna.get(path(lampa, rest))
        asked = ('value="kanareika"', "q=kanareika")
        text = answer.text.replace(asked[0], "").replace(asked[1], "").casefold()
        assert answer.status_code == 200, rest
        assert CANARY.casefold() not in text, rest
    assert "K•••" in anna.get(path(lampa, "network")).text


def test_the_letter_about_a_new_partner_hides_the_name_too(lampa: Shop) -> None:
    signed_in(lampa, "Anna", refcode="anna")
    with lampa.scope():
        service.mask_referred(on=True)
    made(lampa, f"{CANARY} Petrova", sponsor="anna")
    with lampa.app.app_context():
        jobs.drain()
    with lampa.scope():
        query = select(Message).where(Message.template == "partner.recruited")
        told = db.session.scalars(query).one()
        letter = letters.compose(told)
    for part in (letter.subject, letter.text, letter.html):
        assert CANARY not in part
    assert "K•••" in letter.text


def test_a_chain_of_two_thousand_opens_at_both_ends_for_its_top(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    with lampa.scope():
        top = plant(2_000, "Chain")
    assert lampa.call("PATCH", "/partners/chain1", {"sponsor": "anna"}).status_code == 200
    with lampa.scope():
        count_anew()
    last = f"network/pt_{top + 1_999:016}"
    for rest, words in (("network", "1,999 in the branch"), (last, "1,993 more between")):
        with statements(lampa.app) as sent:
            page = anna.get(path(lampa, rest))
        assert page.status_code == 200, rest
        assert words in page.text, page.text.partition('id="tree"')[2]
        assert len(sent) <= MOST, len(sent)


def test_another_merchants_partners_are_not_there(app: App, lampa: Shop) -> None:
    anna, kniga = signed_in(lampa, "Anna"), Shop(app, "Kniga")
    theirs = made(kniga, "Vera")
    assert anna.get(path(lampa, f"network/{theirs}")).status_code == 404
    assert anna.get(path(kniga, "network")).status_code == 404
