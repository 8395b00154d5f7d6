"""The accountant has exactly the money desk: by the table of all office routes, and by following every link."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from app.extensions import db
from app.identity.rules import PERMISSIONS, Role
from app.partners.queries import by_id
from app.payouts import service as payouts
from app.site.access import permission_of
from tests.payouts.setting import by_bank, earn, known_partner
from tests.world import Merchant, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

# The desk, slice by slice. What is not named here is not the accountant's.
DESK = {
    "wallet",  # what is owed to whom, paying it, statistics
    "payouts",
    "payruns",
    "registers",
    "requisites",  # the merchant's own legal details
    "documents",
    "ledger",
    "statements",
    "papers",  # receipts, contracts, tax withheld
    "periods",  # closed months
    "calendars",  # when money is free
    "adjustments",  # bookings by hand: see the ADR
    "billing",
    "tariffs",  # what the platform costs, paid from the same balance
    "withdrawals",  # bonuses asked for as money: they become payouts
    "settlement",
    "liability",
    "proofs",
}
ALONE = {
    "office.commissions.index",  # accruals by sale
    "office.partners.balance",  # one partner's statement
    "office.reports.index",  # leads on to the desk
}
OWN = {"lists", "telegram", "help"}  # exports of what may be read; one's own chat; asking for help
NEVER = {"office.payouts.methods", "office.tenants.payouts", "office.partners.card"}


def test_the_table_of_all_routes_allows_the_desk_and_nothing_else(app: App) -> None:
    with app.app_context():
        allowed = {
            rule.endpoint
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("office.")
            and permission_of(rule.endpoint) in {"member", *PERMISSIONS[Role.ACCOUNTANT]}
        }
    strange = {e for e in allowed - ALONE if e.split(".")[1] not in DESK | OWN}
    assert strange == set()
    assert allowed & NEVER == set()
    assert allowed >= {
        "office.wallet.index",
        "office.wallet.pay",
        "office.payouts.decide",
        "office.requisites.save_legal",
        "office.lists.export",
    }


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> FlaskClient:  # noqa: F811
    with app.app_context():
        with lampa.scope():
            anna, _code = known_partner("Anna")
            earn(anna, 100_000)
            card = by_id(anna)
            assert card is not None
            payouts.set_details(card, "bank", by_bank("Anna Petrova"))
            payouts.request_for(anna, 100, "bank", "person:1")
            payouts.record_paid(anna, 100, "bank", "person:1")
        db.session.commit()
    return sign_in(client, lampa.staff["accountant"])


def links(text: str, office: str) -> set[str]:
    found = {html.unescape(each) for each in re.findall(r'href="([^"#]+)', text)}
    return {each for each in found if each.startswith(office)}


def test_every_link_that_the_accountant_sees_opens(desk: FlaskClient, lampa: Merchant) -> None:  # noqa: F811
    office = lampa.office()
    start = desk.get(office, follow_redirects=True)
    assert start.status_code == 200
    seen: dict[str, int] = {}
    found, shapes = links(start.text, office), set()
    while found:
        address = found.pop()
        shape = re.sub(r"=[^&]*|\d+", "", address)
        if address in seen or shape in shapes:
            continue  # another page of the same kind
        shapes.add(shape)
        answer = desk.get(address)
        seen[address] = answer.status_code
        if answer.mimetype == "text/html":
            found |= links(answer.text, office)
    assert {a: s for a, s in seen.items() if s not in {200, 302, 303}} == {}
    assert lampa.office("wallet/") in seen
    assert lampa.office("payouts/") in seen
    assert lampa.office("settings/legal/") in seen


def test_the_menu_shows_the_desk_and_no_more(desk: FlaskClient, lampa: Merchant) -> None:  # noqa: F811
    text = desk.get(lampa.office("wallet/")).text
    menu = text[text.index("<nav") : text.index("</nav>")]
    for there in ("wallet/", "payouts/", "settings/legal/", "statistics/payouts/"):
        assert f'href="{lampa.office(there)}"' in menu, there
    for absent in ("orders/", "partners/", "settings/keys/", "settings/payouts", "links/"):
        assert f'href="{lampa.office(absent)}"' not in menu, absent
