"""Statements as pages and files: the partner his own, the money desk all of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.identity import service as identity
from app.papers.queries import last_month
from app.partners.models import Partner
from app.payouts import service as payouts
from tests.payouts.setting import earn, known_partner
from tests.world import PASSWORD, Merchant, lampa, sign_in  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


class Setting:
    """Anna earned 900.00 in the last month and was paid 400.00 of it in this one."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        with app.app_context():
            with merchant.scope():
                self.month = last_month()
                self.anna, self.refcode = known_partner("Anna")
                card = db.session.scalars(select(Partner).where(Partner.id == self.anna)).one()
                self.email = f"anna@{merchant.slug}.example"
                person = identity.ensure_person(self.email, "Anna")
                identity.join(person, merchant.id, "partner", self.anna)
                identity.change_password(person, PASSWORD)
                card.person_id = person.id
                with clock.moved_to(self.month.starts):
                    earn(self.anna, 90_000)
                self.payout = payouts.record_paid(self.anna, 40_000, "bank", "system").public_id
            db.session.commit()
        self.named = f"month={self.month.first.isoformat()[:7]}"


@pytest.fixture
def setting(app: App, client: FlaskClient, lampa: Merchant) -> Setting:  # noqa: F811
    return Setting(app, client, lampa)


def test_the_partner_sees_the_running_month_and_where_each_line_comes_from(
    setting: Setting,
) -> None:
    anna = sign_in(setting.client, setting.email)
    text = anna.get(setting.merchant.cabinet("account/statement/")).text
    assert "Opening balance" in text
    assert "900.00" in text
    assert "500.00" in text
    assert f"/cabinet/payouts/{setting.payout}/" in text


def test_files_say_what_the_page_says(setting: Setting) -> None:
    anna = sign_in(setting.client, setting.email)
    there = setting.merchant.cabinet("account/statement/file")
    plain = anna.get(there).data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(plain)))
    assert rows[1][1:2] + rows[1][4:] == ["Opening balance", "900.00"]
    assert rows[-1][1:2] + rows[-1][4:] == ["Closing balance", "500.00"]
    assert ["Paid out", "-400.00"] in [[row[1], row[3]] for row in rows]
    sheet = load_workbook(io.BytesIO(anna.get(f"{there}?format=xlsx").data)).active
    assert [c.value for c in list(sheet.rows)[-1]][4] == 500
    assert anna.get(f"{there}?format=exe").status_code == 404


def test_the_money_desk_sees_all_partners_and_opens_one(setting: Setting) -> None:
    sign_in(setting.client, setting.merchant.staff["accountant"])
    listed = setting.client.get(setting.merchant.office(f"statements/?{setting.named}")).text
    assert "Anna" in listed
    assert "900.00" in listed
    one = setting.client.get(
        setting.merchant.office(f"statements/{setting.refcode}/?{setting.named}")
    )
    assert "900.00" in one.text
    there = setting.merchant.office(f"statements/file?{setting.named}&format=xlsx")
    sheet = load_workbook(io.BytesIO(setting.client.get(there).data)).active
    assert [c.value for c in list(sheet.rows)[1]][:4] == ["Anna", setting.refcode, 0, 900]


def test_days_before_anything_happened_are_empty_and_say_so(setting: Setting) -> None:
    sign_in(setting.client, setting.merchant.staff["accountant"])
    there = setting.merchant.office("statements/?from=2001-01-01&to=2001-01-31")
    assert "Nothing moved in these days" in setting.client.get(there).text
