"""A channel's secret is changed on its page: shown once, and the one before holds a day longer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.standard_webhooks import new_secret
from tests.shops.senders import Line, open_line
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


def test_the_merchant_changes_the_secret_and_no_order_is_lost_meanwhile(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    line = open_line(app, lampa, "signed")
    boss = sign_in(client, lampa.staff["owner"])
    place = lampa.office(f"connections/{line.public_id}/")
    assert "Change the secret" in boss.get(place).text
    told = boss.post(f"{place}secret", data={"secret": ""})
    found = re.search(r"whsec_[\w+/=]+", told.text)
    assert (told.status_code, bool(found)) == (200, True)
    assert found
    assert found[0] not in boss.get(place).text, "it is shown once"
    assert "holds until" in boss.get(place).text
    app.extensions["hooks"].known.clear()
    assert line.send(line.order(1)).status_code == 200
    new = Line(app, lampa, "signed", line.public_id, found[0])
    assert new.send(new.order(2)).status_code == 200
    assert set(line.orders()) == {"1", "2"}


@pytest.mark.parametrize(
    ("kind", "secret", "words"),
    [("signed", "a secret of my own", "whsec_"), ("signed", "whsec_c2hvcnQ=", "whsec_"),
     ("signed", "whsec_" + "ж" * 40, "whsec_"), ("shopify", "short", "At least 8"),
     ("tilda", "1234567", "At least 8")],
)  # fmt: skip
def test_a_secret_that_proves_nothing_is_refused_at_its_field(
    app: App, client: FlaskClient, lampa: Merchant, kind: str, secret: str, words: str
) -> None:
    boss = sign_in(client, lampa.staff["owner"])
    new = lampa.office(f"connections/new/{kind}/hook")
    refused = boss.post(new, data={"shop": str(lampa.shop_id), "secret": secret})
    assert refused.status_code == 422
    assert words in refused.text
    assert secret in refused.text, "what was typed is kept"
    line = open_line(app, lampa, kind)
    again = boss.post(lampa.office(f"connections/{line.public_id}/secret"), data={"secret": secret})
    assert again.status_code == 422
    assert words in again.text
    assert line.send(line.order()).status_code == 200


def test_a_shops_own_secret_is_taken(app: App, client: FlaskClient, lampa: Merchant) -> None:
    boss, own = sign_in(client, lampa.staff["owner"]), new_secret(64)
    line = open_line(app, lampa, "signed")
    boss.post(lampa.office(f"connections/{line.public_id}/secret"), data={"secret": own})
    app.extensions["hooks"].known.clear()
    mine = Line(app, lampa, "signed", line.public_id, own)
    assert mine.send(mine.order()).status_code == 200


def test_who_only_helps_may_not(app: App, client: FlaskClient, lampa: Merchant) -> None:
    line = open_line(app, lampa, "signed")
    helper = sign_in(client, lampa.staff["support"])
    place = lampa.office(f"connections/{line.public_id}/secret")
    assert helper.post(place, data={"secret": ""}).status_code == 403
