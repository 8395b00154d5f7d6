"""The merchant's own legal details: who may change them, what is refused, and whose they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.events.models import Event
from app.extensions import db
from app.tenants import queries
from tests.world import Merchant, kniga, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

LEGAL = {
    "status": "company",
    "country": "RU",
    "name": "ООО Лампа",
    "inn": "7707 0838 93",
    "kpp": "773601001",
    "ogrn": "1027700132195",
    "address": "Москва, ул. Ламповая, 1",
    "bank": "ПАО Сбербанк",
    "bik": "044525225",
    "account": "40702 810 9 0000 0005555",
    "correspondent": "30101810400000000225",
    "signer": "Лампова А. А.",
    "post": "Генеральный директор",
    "vat": "НДС не облагается",
}


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 303), ("accountant", 303), ("manager", 403), ("support", 403), ("developer", 403)],
)
def test_owner_and_accountant_keep_them(
    app: App,
    client: FlaskClient,
    lampa: Merchant,  # noqa: F811
    kniga: Merchant,  # noqa: F811
    role: str,
    status: int,
) -> None:
    sign_in(client, lampa.staff[role].email)
    address = lampa.office("settings/legal/")
    assert client.get(address).status_code == (200 if status == 303 else 403)
    assert client.post(address, data=LEGAL).status_code == status
    with app.app_context():
        with lampa.scope():
            known = queries.legal()
            if status != 303:
                assert known is None
                return
            assert known is not None
            assert (known.payee.inn, known.signer) == ("7707083893", "Лампова А. А.")
            assert known.bank_account is not None
            assert known.bank_account.account == "40702810900000005555"
            event = db.session.scalars(
                select(Event).where(Event.facts["legal"].is_not(None)).order_by(Event.id)
            ).all()[-1]
            assert "inn" in event.facts["legal"]
        with kniga.scope():
            assert queries.legal() is None


def test_a_slip_is_told_at_its_field_and_the_input_is_kept(
    client: FlaskClient,
    lampa: Merchant,  # noqa: F811
) -> None:
    sign_in(client, lampa.staff["accountant"].email)
    answer = client.post(
        lampa.office("settings/legal/"), data=LEGAL | {"account": "40702 810 9 0000 0005554"}
    )
    assert answer.status_code == 422
    error = re.search(r'id="account-error">([^<]+)', answer.text)
    assert error is not None
    assert "does not belong to this BIK" in error[1]
    assert 'value="40702 810 9 0000 0005554"' in answer.text
    assert 'value="7707 0838 93"' in answer.text


def test_the_same_again_is_no_change(
    app: App,
    client: FlaskClient,
    lampa: Merchant,  # noqa: F811
) -> None:
    sign_in(client, lampa.staff["owner"].email)
    for _ in range(2):
        assert client.post(lampa.office("settings/legal/"), data=LEGAL).status_code == 303
    with app.app_context(), lampa.scope():
        told = select(Event).where(Event.type == "merchant.settings_changed")
        found = [e for e in db.session.scalars(told.order_by(Event.id)) if "legal" in e.facts]
        assert len(found) == 1
