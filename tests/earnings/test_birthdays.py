"""A birthday stands after its first present, and 29 February is kept as the program says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock
from app.bonuses import service as wallet
from app.bonuses.models import Lot
from app.earnings import service
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.profiles.queries import days_until
from tests.earnings.test_events import meet, shop
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

__all__ = ["shop"]
LONG_AGO = "2020-01-01T00:00:00Z"


def day(app: App, shop: Merchant, moment: datetime) -> int:
    """Let a day's birthdays be kept; returns how many there were."""
    with app.app_context(), shop.scope(), clock.moved_to(moment):
        many = service.birthdays(intake.tenant())
        db.session.commit()
    return many


def given(app: App, shop: Merchant) -> list[int]:
    """Return what customers were ever given."""
    with app.app_context(), shop.scope():
        return list(db.session.scalars(select(Lot.amount).order_by(Lot.id)))


def test_a_date_moved_after_the_first_present_brings_no_second_one(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, birthday="1990-05-17", registered_at=LONG_AGO)
    meet(client, shop, birthday="1990-05-18")
    assert day(app, shop, datetime(2027, 5, 18, 9, tzinfo=UTC)) == 1
    for moved in ("1990-06-01", None):
        body = {"birthday": moved}
        told = client.put("/api/v1/members/77", json=body, headers=shop.bearer).get_json()
        assert (told["birthday"], told["birthday_fixed"]) == ("1990-05-18", True)
    assert day(app, shop, datetime(2027, 6, 1, 9, tzinfo=UTC)) == 0
    assert day(app, shop, datetime(2028, 6, 1, 9, tzinfo=UTC)) == 0
    assert given(app, shop) == [10_000, 30_000], "a welcome and one present"


def test_a_birthday_without_a_present_does_not_stand(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, birthday="1990-05-17", registered_at="2027-05-10T00:00:00Z")
    assert day(app, shop, datetime(2027, 5, 17, 9, tzinfo=UTC)) == 1, "looked at: known too short"
    told = client.put(
        "/api/v1/members/77", json={"birthday": "1990-05-19"}, headers=shop.bearer
    ).get_json()
    assert (told["birthday"], told["birthday_fixed"]) == ("1990-05-19", False)


def test_staff_set_it_right_with_a_reason_and_one_present_a_year_stays_one(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, birthday="1990-05-17", registered_at=LONG_AGO)
    assert day(app, shop, datetime(2027, 5, 17, 9, tzinfo=UTC)) == 1
    sign_in(client, shop.staff["owner"])
    with app.app_context(), shop.scope():
        gleb = members.by_external(shop.shop_id, "77")
        assert gleb is not None
        number = gleb.id
    page = shop.office(f"customers/{number}")
    assert "A present was given for it on" in client.get(page).text
    said = {"birthday": "1990-06-17", "reason": ""}
    refused = client.post(f"{page}/birthday", data=said)
    assert refused.status_code == 422
    assert 'value="1990-06-17"' in refused.text
    good = client.post(f"{page}/birthday", data=said | {"reason": "A slip"})
    assert good.status_code == 303
    with app.app_context(), shop.scope():
        query = select(Event.facts).where(Event.type == "member.birthday_changed")
        [told] = db.session.scalars(query)
        assert told == {"birthday": ["1990-05-17", "1990-06-17"], "reason": "A slip"}
    assert day(app, shop, datetime(2027, 6, 17, 9, tzinfo=UTC)) == 1
    assert given(app, shop) == [10_000, 30_000], "a welcome and one present"
    sign_in(client, shop.staff["support"])
    assert client.post(f"{page}/birthday", data=said | {"reason": "x"}).status_code == 403


def test_29_february_is_kept_as_the_program_says(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, birthday="1992-02-29", registered_at=LONG_AGO)
    with app.app_context(), shop.scope():
        wallet.change_program({"leap_birthday": "march"})
        db.session.commit()
    assert day(app, shop, datetime(2027, 2, 28, 9, tzinfo=UTC)) == 0
    assert day(app, shop, datetime(2027, 3, 1, 9, tzinfo=UTC)) == 1
    assert day(app, shop, datetime(2028, 3, 1, 9, tzinfo=UTC)) == 0
    assert day(app, shop, datetime(2028, 2, 29, 9, tzinfo=UTC)) == 1


def test_days_to_the_29th_of_february() -> None:
    born = date(1992, 2, 29)
    assert days_until(born, date(2027, 2, 27)) == 1
    assert days_until(born, date(2027, 2, 27), "march") == 2
    assert days_until(born, date(2027, 3, 1), "march") == 0
    assert days_until(born, date(2028, 2, 28), "march") == 1
