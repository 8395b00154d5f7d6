"""The back office: who has which card, a number by hand, a phone that was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.qr import read_svg
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.cards.setting import Till


def test_staff_bind_a_plastic_card_and_find_it_by_its_number(
    till: Till, client: FlaskClient
) -> None:
    member = till.customer()
    lampa = till.merchant
    owner = sign_in(client, lampa.staff["manager"])
    shown = owner.get(lampa.office("cards/")).text
    assert f"/{lampa.slug}/card/" in shown
    square = read_svg(owner.get(lampa.office("cards/qr.svg")).text)
    assert square.endswith(f"/{lampa.slug}/card/")
    page = lampa.office(f"cards/customers/{member}")
    assert owner.post(page, data={"number": "7700 1234"}).status_code == 303
    assert "77001234" in owner.get(page).text
    assert "Gleb" in owner.get(lampa.office("cards/?q=7700")).text
    assert "Gleb" not in owner.get(lampa.office("cards/?q=9999")).text


def test_a_bad_or_taken_number_is_refused_at_its_field(till: Till, client: FlaskClient) -> None:
    first, second = till.customer("77"), till.customer("78")
    lampa = till.merchant
    owner = sign_in(client, lampa.staff["owner"])
    page = lampa.office("cards/customers/{}").format
    owner.post(page(first), data={"number": "5555"})
    taken = owner.post(page(second), data={"number": "5555"})
    assert (taken.status_code, "another customer" in taken.text) == (409, True)
    bad = owner.post(page(second), data={"number": "12;"})
    assert bad.status_code == 422
    assert 'value="12;"' in bad.text
    assert owner.get(page(999_999_999)).status_code == 404


def test_a_lost_phone_is_signed_out_and_a_lost_card_taken_away(
    till: Till, client: FlaskClient
) -> None:
    member = till.customer()
    phone = till.app.test_client()
    till.sign_in(phone)
    assert "Sign out" in phone.get(till.at()).text
    lampa = till.merchant
    owner = sign_in(client, lampa.staff["owner"])
    page = lampa.office(f"cards/customers/{member}")
    for _twice in range(2):
        assert owner.post(f"{page}/sign-out").status_code == 303
        assert owner.post(f"{page}/unbind").status_code == 303
    assert "Send me a code" in phone.get(till.at()).text
    assert "No card yet" in owner.get(page).text


def test_who_may_only_read_binds_nothing(till: Till, client: FlaskClient) -> None:
    member = till.customer()
    lampa = till.merchant
    support = sign_in(client, lampa.staff["support"])
    page = lampa.office(f"cards/customers/{member}")
    assert support.get(page).status_code == 200
    assert support.post(page, data={"number": "5555"}).status_code == 403
