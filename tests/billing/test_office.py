"""Invoices: made by the shop, printed, confirmed by the operator or a provider's signed call."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from app.billing.rules import Requisites
from app.links.service import draw_svg
from app.standard_webhooks import signature
from tests.payouts.setting import ACCOUNT, BANK
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App


@pytest.fixture
def office(app: App, client: FlaskClient, world: World) -> FlaskClient:
    assert client is not None
    return sign_in(app.test_client(), world.lampa.staff["accountant"])


@pytest.fixture
def operator(app: App, world: World) -> FlaskClient:
    return sign_in(app.test_client(), world.operator)


def ask(office: FlaskClient, lampa: Merchant, amount: str = "1500.50") -> tuple[str, int]:
    """Make an invoice; return its address and number."""
    made = office.post(lampa.office("balance/"), data={"amount": amount})
    assert made.status_code == 303, made.text
    address = made.headers["Location"]
    found = re.search(r"Invoice № (\d+)", office.get(address).text)
    assert found is not None
    return address, int(found[1])


def test_an_invoice_is_printed_with_the_platforms_requisites_and_a_purpose(
    office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    said = {"name": "Platform LLC", "inn": "7707083893", "account": ACCOUNT, **BANK}
    assert operator.post("/platform/topups/settings/requisites", data=said).status_code == 303
    address, number = ask(office, world.lampa)
    page = office.get(address).text
    for words in (
        "Platform LLC",
        ACCOUNT,
        "7707083893",
        "1,500.50",
        f"by invoice {number}",
    ):
        assert words in page, words


@pytest.mark.parametrize("wrong", ["", "0", "-5", "1e3", "x", "99999999999999"])
def test_a_sum_that_cannot_be_is_refused_and_kept(
    office: FlaskClient, world: World, wrong: str
) -> None:
    answer = office.post(world.lampa.office("balance/"), data={"amount": wrong})
    assert answer.status_code == 422
    if wrong:
        assert f'value="{wrong}"' in answer.text


def test_the_operator_confirms_once_with_the_sum_that_came(
    office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    _address, number = ask(office, world.lampa)
    assert f"№ {number}" in operator.get(f"/platform/topups/?q={number}").text
    assert 'value="1,500.50"' in operator.get(f"/platform/topups/{number}/").text
    wrong = operator.post(f"/platform/topups/{number}/receive", data={"received": "0"})
    assert wrong.status_code == 422
    said = {"received": "1500.00", "payment": "bank 17"}
    assert operator.post(f"/platform/topups/{number}/receive", data=said).status_code == 303
    assert operator.post(f"/platform/topups/{number}/receive", data=said).status_code == 409
    page = office.get(world.lampa.office("balance/")).text
    assert page.count("1,500.00") >= 2
    assert "3,000" not in page
    lines = office.get(world.lampa.office("balance/statement")).text.splitlines()
    assert lines[1].endswith("1500.00,1500.00")


def test_the_operator_gives_prepaid_money_back_and_the_merchant_sees_it(
    office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    _address, number = ask(office, world.lampa)
    there = f"/platform/topups/{number}/back"
    assert operator.post(there, data={"amount": "10"}).status_code == 409  # nothing has come
    operator.post(f"/platform/topups/{number}/receive", data={"received": "1500.00"})
    assert "ask us for it" in office.get(world.lampa.office("balance/")).text
    assert 'value="1,500.00"' in operator.get(f"/platform/topups/{number}/").text
    wrong = operator.post(there, data={"amount": "1500.01"})
    assert wrong.status_code == 422
    assert 'value="1500.01"' in wrong.text
    assert operator.post(there, data={"amount": "1400"}).status_code == 303
    assert operator.post(there, data={"amount": "100"}).status_code == 409
    assert "It was sent back" not in operator.get(f"/platform/topups/{number}/").text
    page = office.get(world.lampa.office("balance/")).text
    assert "Given back to you" in page
    assert "100.00" in page
    assert office.post(there, data={"amount": "1"}).status_code == 404


def test_who_may_what(app: App, office: FlaskClient, world: World) -> None:
    address, number = ask(office, world.lampa)
    support = sign_in(app.test_client(), world.lampa.staff["support"])
    assert support.get(address).status_code == 200
    assert support.post(world.lampa.office("balance/"), data={"amount": "10"}).status_code == 403
    assert support.post(f"{address}withdraw").status_code == 403
    stranger = sign_in(app.test_client(), world.kniga.staff["owner"])
    theirs = address.replace(world.lampa.slug, world.kniga.slug)
    assert stranger.get(theirs).status_code == 404
    assert stranger.post(f"/platform/topups/{number}/receive").status_code == 404
    assert office.post(f"{address}withdraw").status_code == 303
    assert office.post(f"{address}withdraw").status_code == 409


class Provider:
    """A payment provider that calls us, signed."""

    def __init__(self, client: FlaskClient, operator: FlaskClient) -> None:
        self.client = client
        page = operator.post("/platform/topups/settings/channel/open").text
        found = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
        path = re.search(r"/billing/payments/pc_\w+", page)
        assert found is not None
        assert path is not None
        self.secret, self.path = found[0], path[0]

    def says(
        self, number: int, status: str = "succeeded", amount: str = "1500.50", **more: Any
    ) -> TestResponse:
        said = {"payment": f"pay-{number}", "invoice": str(number), "status": status,
                "amount": amount, "currency": "RUB", **more}  # fmt: skip
        return self.sends(json.dumps(said).encode())

    def sends(self, body: bytes, late: int = 0, sign: str | None = None) -> TestResponse:
        stamp = int(time.time()) - late
        signed = {
            "webhook-id": "m1",
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(self.secret, "m1", stamp, body)
            if sign is None
            else sign,
        }
        return self.client.post(self.path, data=body, headers=signed)


def balance(office: FlaskClient, lampa: Merchant) -> str:
    text = office.get(lampa.office("balance/statement")).text.strip().splitlines()
    return text[-1].rpartition(",")[2] if len(text) > 1 else "0"


def test_a_provider_credits_once_whatever_it_repeats_and_in_whatever_order(
    client: FlaskClient, office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    provider = Provider(client, operator)
    _address, number = ask(office, world.lampa)
    told = ["failed", "succeeded", "pending", "succeeded", "failed"]
    answers = [provider.says(number, status) for status in told]
    assert [a.status_code for a in answers] == [200] * 5
    assert [a.get_json()["fate"] for a in answers] == [
        "noted",
        "credited",
        "noted",
        "credited",
        "noted",
    ]
    assert balance(office, world.lampa) == "1500.50"


def test_what_does_not_hold_changes_nothing(
    client: FlaskClient, office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    provider = Provider(client, operator)
    _address, number = ask(office, world.lampa)
    said = {"payment": "p", "invoice": str(number), "status": "succeeded", "amount": "9.00"}
    body = json.dumps(said | {"currency": "RUB"}).encode()
    assert provider.sends(body, late=600).status_code == 403
    assert provider.sends(body, sign="v1,AAAA").status_code == 403
    assert provider.sends(body, sign="").status_code == 403
    for half in (
        b"",
        b"{",
        b"[]",
        b'{"payment": "p"}',
        body.replace(b'"9.00"', b'"9.001"'),
        b'{"a": NaN}',
    ):
        assert provider.sends(half).status_code == 422, half
    assert provider.says(number, currency="USD").status_code == 422
    assert provider.says(999_999_999).status_code == 404
    assert balance(office, world.lampa) == "0"
    assert provider.says(number).status_code == 200
    assert provider.says(number, amount="1.00").status_code == 409
    assert provider.says(number, payment="another").get_json() == {"fate": "surplus"}
    assert "another" in operator.get("/platform/topups/").text
    assert balance(office, world.lampa) == "1500.50"


def test_a_closed_channel_and_a_new_secret_end_the_old_one(
    client: FlaskClient, office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    old = Provider(client, operator)
    new = Provider(client, operator)
    _address, number = ask(office, world.lampa)
    assert old.says(number).status_code == 404
    operator.post("/platform/topups/settings/channel/close")
    assert new.says(number).status_code == 404
    assert balance(office, world.lampa) == "0"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("rate", {"rate": "51"}), ("rate", {"rate": "-1"}), ("rate", {"rate": "x"}), ("rate", {"rate": ""}),
        ("requisites", {"name": "", "account": "1"}),
        ("requisites", {"name": "P", "account": "123"}),
        ("requisites", {"name": "P", "account": "40702810900000000001", "bik": "1"}),
        ("requisites", {"name": "P", "account": ACCOUNT, **BANK, "inn": "7707083894"}),
        ("requisites", {"name": "P", "account": ACCOUNT, **BANK, "kpp": "77"}),
        ("requisites", {"name": "P", "account": ACCOUNT[:-1] + "0", **BANK}),
        ("requisites", {"name": "P", "account": ACCOUNT, **BANK, "bik": "044525226"}),
        ("requisites", {"name": "P", "account": "DE00370400440532013000"}),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(
    operator: FlaskClient, path: str, data: dict[str, str]
) -> None:
    assert operator.post(f"/platform/topups/settings/{path}", data=data).status_code == 422


def test_an_open_invoice_carries_a_qr_that_a_bank_reads(
    office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    said = {
        "name": "Platform LLC",
        "inn": "7707083893",
        "kpp": "770701001",
        "account": ACCOUNT,
        **BANK,
    }
    assert operator.post("/platform/topups/settings/requisites", data=said).status_code == 303
    address, number = ask(office, world.lampa)
    page = office.get(address).text
    drawn = re.search(r'<figure class="paper-qr"><svg.*?</svg>', page, re.DOTALL)
    assert drawn is not None
    purpose = re.search(rf"<td>([^<]* by invoice {number})</td>", page)
    assert purpose is not None
    text = Requisites(**said).qr(150_050, "RUB", unescape(purpose[1]))
    assert text is not None
    fields = dict(each.split("=", 1) for each in text.split("|")[1:])
    assert text.startswith("ST00012|Name=Platform LLC|PersonalAcc=")
    assert (fields["PersonalAcc"], fields["BIC"], fields["Sum"]) == (ACCOUNT, BANK["bik"], "150050")
    assert (fields["PayeeINN"], fields["KPP"]) == ("7707083893", "770701001")
    assert fields["Purpose"].endswith(f"by invoice {number}")
    assert drawn[0].endswith(draw_svg(text))
    office.post(f"{address}withdraw")
    assert "paper-qr" not in office.get(address).text


def test_an_account_abroad_is_printed_without_a_qr(
    office: FlaskClient, operator: FlaskClient, world: World
) -> None:
    said = {"name": "Platform GmbH", "account": "DE89370400440532013000"}
    assert operator.post("/platform/topups/settings/requisites", data=said).status_code == 303
    address, _number = ask(office, world.lampa)
    page = office.get(address).text
    assert "DE89370400440532013000" in page
    assert "paper-qr" not in page
