from __future__ import annotations

import re
import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app import clock, jobs
from app.commissions.models import Deal
from app.extensions import db
from app.identity import queries as people
from app.ledger.models import Balance, Transfer
from app.notifications.models import Message
from app.orders.models import Order
from app.payouts.models import Payout
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.twin.models import TestSale
from tests.harness.together import room_for, together
from tests.onboarding.post import deliver
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox

DAY = timedelta(days=1)


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    return sign_in(client, lampa.staff["owner"])


def twin(lampa: Merchant, path: str) -> str:
    """Return an address in the back office of test mode."""
    return f"/{lampa.slug}-test/office/test/{path}"


def offset(app: App, lampa: Merchant) -> timedelta:
    with app.app_context():
        twin = tenants.tenant(lampa.twin_id)
        assert twin is not None
        return twin.clock_offset


def there(app: App, lampa: Merchant, query: Any) -> Any:
    """Ask one thing in the twin's scope."""
    with app.app_context(), tenant_scope(lampa.twin_id):
        return db.session.scalar(query)


def press(browser: FlaskClient, address: str, said: dict[str, str]) -> int:
    return browser.post(address, data=said).status_code


def move(owner: FlaskClient, lampa: Merchant, days: int) -> int:
    """Move the clock as the page does: look, then press."""
    page = owner.get(twin(lampa, f"clock?amount={days}&unit=days")).text
    to = re.search(r'name="to"[^>]*value="([^"]+)"', page)
    assert to is not None, page
    status: int = owner.post(twin(lampa, "clock"), data={"to": to[1]}).status_code
    return status


def sold(client: FlaskClient, lampa: Merchant) -> str:
    """Let the shop of test mode send a completed order of a partner; returns the order's id."""
    mark = secrets.token_hex(4)
    bearer = lampa.test_bearer
    said = {"refcode": f"anna-{mark}", "name": "Anna", "email": f"anna-{mark}@example.org"}
    assert client.post("/api/v1/partners", json=said, headers=bearer).status_code == 201
    order = {
        "status": "completed",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "partner_code": said["refcode"],
        "customer": {"id": f"c-{mark}"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }
    answer = client.put(f"/api/v1/orders/t-{mark}", json=order, headers=bearer)
    assert answer.get_json()["deal"]["commission"] == "100.00"
    return said["email"]


class TestClock:
    def test_it_is_there_in_test_mode_only(self, owner: FlaskClient, lampa: Merchant) -> None:
        for path in ("clock", "letters/", "sales/"):
            assert owner.get(twin(lampa, path)).status_code == 200
            assert owner.get(lampa.office(f"test/{path}")).status_code == 404
        for path in ("clock", "clock/reset", "sales/"):
            assert owner.post(lampa.office(f"test/{path}")).status_code == 404

    def test_pressing_twice_moves_once_and_moves_add_up(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        page = owner.get(twin(lampa, "clock?amount=14&unit=days")).text
        to = re.search(r'name="to"[^>]*value="([^"]+)"', page)
        assert to is not None
        first = owner.post(twin(lampa, "clock"), data={"to": to[1]}).status_code
        again = owner.post(twin(lampa, "clock"), data={"to": to[1]}).status_code
        assert (first, again) == (303, 422)
        assert abs(offset(app, lampa) - 14 * DAY) < timedelta(minutes=5)
        assert move(owner, lampa, 1) == 303
        assert abs(offset(app, lampa) - 15 * DAY) < timedelta(minutes=5)

    def test_two_who_move_it_at_once_move_it_once(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        to = (clock.wall() + 14 * DAY).isoformat()
        browsers = [sign_in(app.test_client(), lampa.staff["owner"]) for _ in range(4)]
        with room_for(app, 4):
            there = twin(lampa, "clock")
            codes = together([partial(press, b, there, {"to": to}) for b in browsers])
        assert sorted(codes) == [303, 422, 422, 422]
        assert abs(offset(app, lampa) - 14 * DAY) < timedelta(minutes=5)

    @pytest.mark.parametrize("to", ["", "x", "2026-11-25", "9999-12-31T00:00:00+00:00", "\x00"])
    def test_what_is_no_moment_moves_nothing(
        self, app: App, owner: FlaskClient, lampa: Merchant, to: str
    ) -> None:
        assert owner.post(twin(lampa, "clock"), data={"to": to}).status_code == 422
        assert offset(app, lampa) == timedelta(0)

    @pytest.mark.parametrize(
        "asked",
        [
            "amount=0&unit=days",
            "amount=x&unit=days",
            "amount=90000&unit=days",
            "until=1999-01-01T00:00",
        ],
    )
    def test_what_cannot_be_looked_at_says_so(
        self, owner: FlaskClient, lampa: Merchant, asked: str
    ) -> None:
        assert owner.get(twin(lampa, f"clock?{asked}")).status_code == 422

    def test_it_says_what_will_happen_and_then_it_happens_at_once(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant
    ) -> None:
        sold(client, lampa)
        campaign = {
            "name": "May",
            "levels": ["11%"],
            "from": (clock.wall() + 3 * DAY).isoformat(),
            "to": (clock.wall() + 5 * DAY).isoformat(),
        }
        made = client.post("/api/v1/campaigns", json=campaign, headers=lampa.test_bearer)
        assert made.status_code == 201
        page = owner.get(twin(lampa, "clock?amount=15&unit=days")).text
        for words in ("The hold of 1 sale ends", "1 campaign begins", "1 campaign ends"):
            assert words in page
        assert "The hold of 1 sale" not in owner.get(twin(lampa, "clock?amount=2&unit=days")).text
        assert move(owner, lampa, 15) == 303
        with app.app_context():
            jobs.mature()  # the move has asked for it; no worker runs here
        assert there(app, lampa, select(Deal.matures_at)) is None
        available = select(Balance.balance).where(Balance.account.like("partner:%:available"))
        assert there(app, lampa, available) == 10000

    def test_a_move_asks_for_what_the_schedule_does_later(
        self, owner: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr("app.extensions.queue.kick", asked.append)
        move(owner, lampa, 1)
        assert {"mature", "grade", "refresh_networks", "rehang"} <= set(asked)

    def test_it_goes_back_while_nothing_has_happened_ahead(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant
    ) -> None:
        move(owner, lampa, 3)
        move(owner, lampa, 3)
        assert owner.post(twin(lampa, "clock/reset")).status_code == 303
        assert offset(app, lampa) == timedelta(0)
        move(owner, lampa, 3)
        sold(client, lampa)
        assert "no way back" in owner.get(twin(lampa, "clock")).text
        assert owner.post(twin(lampa, "clock/reset")).status_code == 409
        assert offset(app, lampa) > timedelta(0)

    def test_the_live_merchants_time_stays(
        self, app: App, owner: FlaskClient, lampa: Merchant
    ) -> None:
        move(owner, lampa, 30)
        with app.app_context():
            live = tenants.tenant(lampa.id)
            assert live is not None
            assert live.clock_offset == timedelta(0)


class TestFrame:
    def test_every_page_of_test_mode_says_so_and_leads_to_the_same_page_live(
        self, owner: FlaskClient, lampa: Merchant
    ) -> None:
        for path in ("", "orders/", "settings/shops/", "partners/"):
            page = owner.get(f"/{lampa.slug}-test/office/{path}").text
            assert "Test mode: nothing here is real" in page
            assert f'href="/{lampa.slug}/office/{path}"' in page
            live = owner.get(lampa.office(path)).text
            assert "nothing here is real" not in live
            assert f'href="/{lampa.slug}-test/office/{path}"' in live

    def test_the_switch_leads_to_no_address_of_the_readers_choice(
        self, owner: FlaskClient, lampa: Merchant
    ) -> None:
        page = owner.get(lampa.office("orders/?next=//evil.example&q=https:evil")).text
        found = re.findall(r'href="([^"]*)"[^>]*>\s*<svg[^>]*>\s*<use[^>]*test-pipe', page)
        assert found == [f"/{lampa.slug}-test/office/orders/"]


class TestLetters:
    def test_letters_of_test_mode_are_kept_and_leave_for_nobody(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, mailbox: Mailbox
    ) -> None:
        email = sold(client, lampa)
        with app.app_context():
            deliver(lampa.twin_id)
        assert not mailbox.letters
        states = there(app, lampa, select(func.count()).where(Message.state == "sent"))
        assert states
        page = owner.get(twin(lampa, "letters/")).text
        assert email in page
        number = re.search(r"/test/letters/(\d+)", page)
        assert number is not None
        assert owner.get(twin(lampa, f"letters/{number[1]}")).status_code == 200
        framed = owner.get(twin(lampa, f"letters/{number[1]}/html"))
        assert "sandbox" in framed.headers["Content-Security-Policy"]
        assert "default-src 'none'" in framed.headers["Content-Security-Policy"]

    def test_a_letter_that_staff_can_read_opens_nobodys_account(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, mailbox: Mailbox
    ) -> None:
        """A partner of test mode may carry any e-mail: a link would make its account theirs."""
        email = sold(client, lampa)
        with app.app_context():
            deliver(lampa.twin_id)
            person = people.by_email(email)
            assert person is None or person.password_hash is None
        listed = owner.get(twin(lampa, f"letters/?q={email}")).text
        numbers = re.findall(r"/test/letters/(\d+)", listed)
        assert numbers
        for number in numbers:
            assert "/password?" not in owner.get(twin(lampa, f"letters/{number}")).text
            assert "/password?" not in owner.get(twin(lampa, f"letters/{number}/html")).text

    def test_letters_of_the_live_merchant_leave(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, mailbox: Mailbox
    ) -> None:
        with app.app_context():
            deliver(lampa.id)
        assert mailbox.to(lampa.staff["owner"].email)

    def test_another_merchants_letter_is_unknown(
        self, app: App, client: FlaskClient, owner: FlaskClient, world: World, lampa: Merchant
    ) -> None:
        sold(client, world.kniga)
        with app.app_context():
            deliver(world.kniga.twin_id)
        neighbour = sign_in(app.test_client(), world.kniga.staff["owner"])
        page = neighbour.get(twin(world.kniga, "letters/")).text
        number = re.search(r"/test/letters/(\d+)", page)
        assert number is not None
        assert owner.get(twin(lampa, f"letters/{number[1]}")).status_code == 404
        assert owner.get(twin(lampa, f"letters/{number[1]}/html")).status_code == 404


class TestSales:
    @pytest.fixture
    def shop(self, app: App, lampa: Merchant) -> str:
        with app.app_context(), tenant_scope(lampa.twin_id):
            return tenants.shops()[0].public_id

    def sell(self, owner: FlaskClient, lampa: Merchant, shop: str, amount: str = "1000") -> str:
        answer = owner.post(twin(lampa, "sales/"), data={"shop": shop, "amount": amount})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def test_one_press_goes_from_the_click_to_the_payout(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        page = owner.get(self.sell(owner, lampa, shop)).text
        for words in (
            "Test partner brought a visitor",
            "The visitor ordered",
            "The hold ended",
            "The partner was paid",
        ):
            assert words in page
        links = re.findall(r'<p class="first-step-title"><a href="([^"]+)"', page)
        assert len(links) == 4
        assert all(owner.get(link).status_code == 200 for link in links)
        assert there(app, lampa, select(Payout.state)) == "paid"
        assert there(app, lampa, select(Payout.amount)) == 10000
        assert there(app, lampa, select(Deal.how)) == "click"
        assert offset(app, lampa) > 13 * DAY

    def test_it_is_undone_with_one_press_and_the_partner_stands_as_before(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        page = self.sell(owner, lampa, shop)
        before = there(app, lampa, select(func.count()).select_from(Transfer))
        assert owner.post(f"{page}/undo").status_code == 303
        assert there(app, lampa, select(Order.state)) == "cancelled"
        for kind in ("available", "debt", "reserved"):
            held = select(func.coalesce(func.sum(Balance.balance), 0)).where(
                Balance.account.like(f"partner:%:{kind}")
            )
            assert there(app, lampa, held) == 0, kind
        after = there(app, lampa, select(func.count()).select_from(Transfer))
        assert after > before  # countered, and nothing taken out
        assert owner.post(f"{page}/undo").status_code == 409
        assert there(app, lampa, select(func.count()).select_from(Transfer)) == after
        assert "is undone" in owner.get(page).text

    def test_what_was_undone_stands_in_no_list_unless_asked_for(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        page = self.sell(owner, lampa, shop)
        number = there(app, lampa, select(Order.number))
        office = f"/{lampa.slug}-test/office"
        for path in ("orders/", "deals/", "accruals/"):
            assert number in owner.get(f"{office}/{path}").text, path
        owner.post(f"{page}/undo")
        for path in ("orders/", "deals/"):
            assert number not in owner.get(f"{office}/{path}").text, path
            assert number in owner.get(f"{office}/{path}?undone=shown").text, path
        assert "undone" not in owner.get(lampa.office("orders/")).text

    def test_one_stands_at_a_time_and_after_it_the_next(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        page = self.sell(owner, lampa, shop)
        again = owner.post(twin(lampa, "sales/"), data={"shop": shop, "amount": "1000"})
        assert again.status_code == 422
        owner.post(f"{page}/undo")
        self.sell(owner, lampa, shop, "500")
        partners = select(func.count(TestSale.partner_id.distinct()))
        assert there(app, lampa, partners) == 1

    def test_two_who_press_at_once_make_one_sale(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        browsers = [sign_in(app.test_client(), lampa.staff["owner"]) for _ in range(4)]
        said = {"shop": shop, "amount": "1000"}
        with room_for(app, 4):
            codes = together([partial(press, b, twin(lampa, "sales/"), said) for b in browsers])
        assert sorted(codes) == [303, 422, 422, 422]
        assert there(app, lampa, select(func.count()).select_from(Order)) == 1

    @pytest.mark.parametrize("amount", ["0", "-1", "1e3", "99999999999", "", "x"])
    def test_a_sum_that_cannot_be_sells_nothing(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str, amount: str
    ) -> None:
        answer = owner.post(twin(lampa, "sales/"), data={"shop": shop, "amount": amount})
        assert answer.status_code == 422
        assert there(app, lampa, select(func.count()).select_from(Order)) == 0

    def test_words_without_completed_are_said_before_anything_is_made(
        self, app: App, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        place = f"/{lampa.slug}-test/office/settings/shops/{shop}"
        with app.app_context(), tenant_scope(lampa.twin_id):
            known = tenants.shops()[0]
            said = {"name": known.name, "domain": known.domain, "timezone": known.timezone}
        owner.post(place, data={**said, "path": "/", "word": ["paid"], "state": ["agreed"]})
        answer = owner.post(twin(lampa, "sales/"), data={"shop": shop, "amount": "10"})
        assert answer.status_code == 422
        assert "means completed" in answer.text
        assert there(app, lampa, select(func.count()).select_from(Order)) == 0

    def test_a_shop_that_stands_nowhere_is_said_and_neither_sells_nor_breaks(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        nowhere = {"domain": ""}
        client.put(f"/api/v1/shops/{shop}", json=nowhere, headers=lampa.test_bearer)
        answer = owner.post(twin(lampa, "sales/"), data={"shop": shop, "amount": "10"})
        assert answer.status_code == 422
        assert "Name the domain of your first shop" in answer.text
        said = {"name": "Anna", "refcode": f"anna-{secrets.token_hex(4)}"}
        client.post("/api/v1/partners", json=said, headers=lampa.test_bearer)
        click = {"ref": said["refcode"]}
        refused = client.post("/api/v1/clicks", json=click, headers=lampa.test_bearer)
        assert refused.status_code == 422
        assert client.get(f"/r/{lampa.slug}-test/{said['refcode']}").status_code == 404

    def test_a_sale_that_earns_nothing_pays_nothing_and_is_undone_too(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        client.patch("/api/v1/merchant", json={"levels": ["0%"]}, headers=lampa.test_bearer)
        page = self.sell(owner, lampa, shop)
        assert "Nothing was to be paid" in owner.get(page).text
        assert owner.post(f"{page}/undo").status_code == 303

    def test_without_a_hold_the_clock_stays(
        self, app: App, client: FlaskClient, owner: FlaskClient, lampa: Merchant, shop: str
    ) -> None:
        client.patch("/api/v1/merchant", json={"hold_days": 0}, headers=lampa.test_bearer)
        self.sell(owner, lampa, shop)
        assert offset(app, lampa) == timedelta(0)
        assert there(app, lampa, select(Payout.state)) == "paid"

    def test_support_reads_letters_and_sells_nothing(
        self, app: App, lampa: Merchant, shop: str, _sound: None
    ) -> None:
        support = sign_in(app.test_client(), lampa.staff["support"])
        assert support.get(twin(lampa, "letters/")).status_code == 200
        for path in ("sales/", "clock"):
            assert support.get(twin(lampa, path)).status_code == 403
            assert support.post(twin(lampa, path)).status_code == 403
