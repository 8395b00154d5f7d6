"""The cabinet's payouts page: what a partner sees and can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.facts import service as facts
from app.identity import service as identity
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.payouts import service
from app.payouts.models import Payout
from tests.payouts.setting import ACCOUNT, FORM, by_bank, earn, partner, take_back
from tests.world import PASSWORD, Merchant, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

CARD = by_bank("Anna Petrova")


class Anna:
    """A partner of Lampa, signed in to the cabinet."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        self.email = f"anna@{merchant.slug}.example"
        with app.app_context():
            with merchant.scope():
                self.id = partner("Anna")
                person = identity.ensure_person(self.email, "Anna Petrova")
                identity.change_password(person, PASSWORD)
                identity.join(person, merchant.id, "partner", self.id)
                earn(self.id, 100_000)
            db.session.commit()
        sign_in(client, self.email)

    def has_details(self) -> None:
        """Give the first details."""
        with self.app.app_context():
            with self.merchant.scope():
                card = db.session.scalars(select(Partner).where(Partner.id == self.id)).one()
                service.set_details(card, "bank", CARD)
            db.session.commit()

    def do(self, act: object) -> None:
        """Let something happen in the shop's scope."""
        with self.app.app_context():
            with self.merchant.scope():
                act()  # type: ignore[operator]
            db.session.commit()

    def sees(self, path: str = "payouts/") -> str:
        """Open a page of the cabinet."""
        answer = self.client.get(self.merchant.cabinet(path))
        assert answer.status_code == 200, answer.text
        return answer.text

    def asks(self, amount: str) -> int:
        """Send the form; return the status."""
        address = self.merchant.cabinet("payouts/")
        return self.client.post(address, data={"amount": amount, "method": "bank"}).status_code

    def payouts(self) -> list[tuple[int, str]]:
        """Return amount and state of each payout."""
        with self.app.app_context(), self.merchant.scope():
            return [
                (p.amount, p.state) for p in db.session.scalars(select(Payout).order_by(Payout.id))
            ]


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> Anna:  # noqa: F811
    return Anna(app, client, lampa)


def test_the_amount_is_prefilled_with_what_is_available(anna: Anna) -> None:
    anna.has_details()
    text = anna.sees()
    assert 'value="1,000.00"' in text or 'value="1000.00"' in text
    assert "•••• 4312" in text
    assert ACCOUNT not in text


def test_a_request_shows_and_can_be_taken_back(anna: Anna) -> None:
    anna.has_details()
    assert anna.asks("600.50") == 303
    assert anna.payouts() == [(60_050, "requested")]
    text = anna.sees()
    assert "Take the request back" in text
    with anna.app.app_context(), anna.merchant.scope():
        number = db.session.scalars(select(Payout.public_id)).one()
    assert ACCOUNT not in anna.sees(f"payouts/{number}/")
    answer = anna.client.post(anna.merchant.cabinet(f"payouts/{number}/cancel"))
    assert answer.status_code == 303
    assert anna.payouts() == [(60_050, "cancelled")]
    answer = anna.client.post(anna.merchant.cabinet(f"payouts/{number}/cancel"))
    assert answer.status_code == 409


@pytest.mark.parametrize("amount", ["0", "-1", "1000.01", "1e3", "", "600,5 руб", "٦٠٠", "\x00"])
def test_what_cannot_be_asked_for_comes_back_with_the_form(anna: Anna, amount: str) -> None:
    anna.has_details()
    assert anna.asks(amount) == 422
    assert anna.payouts() == []


def test_a_second_request_is_a_conflict(anna: Anna) -> None:
    anna.has_details()
    anna.asks("1.00")
    assert anna.asks("1.00") == 409


def test_below_the_minimum_the_way_to_it_is_shown(anna: Anna) -> None:
    anna.do(lambda: facts.put("merchant", "minimum_payout", 200_000))
    text = anna.sees()
    assert '<progress class="progress" max="200000" value="100000"' in text
    assert "Ask for it" not in text


def test_without_details_it_says_so_first(anna: Anna) -> None:
    assert "Say where the money goes" in anna.sees()


def test_a_debt_is_told(anna: Anna) -> None:
    anna.has_details()
    anna.do(lambda: take_back(anna.id, 150_000))
    assert "There is a debt of" in anna.sees()


def test_details_are_kept_and_changed_ones_wait(anna: Anna) -> None:
    address = anna.merchant.cabinet("payouts/details")
    assert anna.client.post(address, data=FORM).status_code == 303
    assert "Ask for it" in anna.sees()
    assert 'value="Anna Petrova"' in anna.sees("payouts/details")
    assert (
        anna.client.post(address, data=FORM | {"account": "4081 7810 8000 0000 9999"}).status_code
        == 303
    )
    assert "former details" in anna.sees()
    assert anna.asks("1.00") == 409


def test_details_ask_for_the_password_again_after_a_while(anna: Anna) -> None:
    with anna.app.app_context():
        db.session.connection().exec_driver_sql(
            "UPDATE session SET authenticated_at = authenticated_at - interval '1 hour'"
            " WHERE person_id = (SELECT id FROM person WHERE email = %(email)s)",
            {"email": anna.email},
        )
        db.session.commit()
    answer = anna.client.get(anna.merchant.cabinet("payouts/details"))
    assert answer.status_code == 303
    assert "/confirm" in answer.headers["Location"]


def test_incomplete_details_come_back(anna: Anna) -> None:
    address = anna.merchant.cabinet("payouts/details")
    assert anna.client.post(address, data=FORM | {"name": "", "account": " "}).status_code == 422


def test_a_payout_of_another_partner_is_not_there(anna: Anna) -> None:
    found: list[str] = []

    def other() -> None:
        boris = partner("Boris")
        earn(boris, 500)
        found.append(service.request_for(boris, 500, "bank", "person:1").public_id)

    anna.do(other)
    assert anna.client.get(anna.merchant.cabinet(f"payouts/{found[0]}/")).status_code == 404
    assert anna.client.post(anna.merchant.cabinet(f"payouts/{found[0]}/cancel")).status_code == 404
    assert found[0] not in anna.sees()


def test_the_history_pages_and_filters_by_address(anna: Anna) -> None:
    def pay_often() -> None:
        for _ in range(30):
            service.record_paid(anna.id, 100, "bank", "person:1")

    anna.do(pay_often)
    first = anna.sees()
    assert 'rel="next"' in first
    assert 'rel="next"' not in anna.sees("payouts/?size=50")
    assert "Nothing here" in anna.sees("payouts/?state=rejected")
    with anna.app.app_context(), anna.merchant.scope():
        assert partner_balances([anna.id])[anna.id].available == 97_000


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Payout asked for"),
        ("?bucket=reserved", "Payout asked for"),
        ("?bucket=pending", "Nothing has moved here yet"),
        ("?bucket=debt", "Nothing has moved here yet"),
        ("?bucket=nonsense", "Commission"),
    ],
)
def test_the_account_explains_each_part_of_the_balance(anna: Anna, query: str, words: str) -> None:
    anna.has_details()
    anna.asks("600.00")
    assert words in anna.sees(f"account/{query}")


@pytest.mark.parametrize(
    "path",
    [
        "payouts/%00/",
        "payouts/?state=%00&cursor=%00",
        "payouts/details?method=%00",
        "account/?bucket=%00",
    ],
)
def test_odd_addresses_do_no_harm(anna: Anna, path: str) -> None:
    assert anna.client.get(anna.merchant.cabinet(path)).status_code in {200, 400, 404}


def test_home_says_whether_the_shop_has_decided(anna: Anna) -> None:
    anna.has_details()
    assert anna.asks("1000") == 303
    assert "the shop has not decided yet" in anna.sees("")
    assert "A payout is on its way." not in anna.sees("")
    anna.do(lambda: service.approve(db.session.scalars(select(Payout.id)).one(), "person:1"))
    assert "A payout is on its way." in anna.sees("")
