"""Bonuses for many: looked at, booked in the background, taken back; never twice, wherever it was cut."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import clock
from app.bonuses import queries, rules, service
from app.bonuses.queries import Balance
from app.bonuses.service import KINDS, Mass
from app.errors import Conflict
from app.extensions import db
from app.lists.rules import write_xlsx
from app.runs import service as runs
from app.runs.models import Run
from tests.bonuses.office import Office
from tests.bonuses.setting import at_shop, credit, customer
from tests.commissions.test_pages import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session, scoped_session

    from app.application import App
    from tests.world import Merchant

DAY = timedelta(days=1)


@pytest.fixture
def office(app: App, client: FlaskClient, lampa: Merchant) -> Office:
    return Office(app, client, lampa)


@pytest.fixture
def people(db_session: scoped_session[Session]) -> Iterator[list[int]]:
    """Seven customers of a shop whose clock stands still."""
    with at_shop() as shop_id, clock.moved_to(clock.now()):
        yield [customer(shop_id, str(n)) for n in range(70, 77)]


def look(office: Office, **said: Any) -> str:
    """Ask for a look, let it be done, and return its address below bonuses/."""
    body = {"act": "give", "amount": "100.00", "reason": "New year", "partly": "pass", **said}
    body.setdefault("shop", office.merchant.shop)
    answer = office.client.post(office.merchant.office("bonuses/mass"), data=body)
    assert answer.status_code == 303, words(answer.text)
    office.work()
    return str(re.search(r"bonuses/(mass/rn_\w+)", answer.headers["Location"])[1])


def test_many_are_looked_at_then_accrued_to_then_taken_back(office: Office) -> None:
    there = look(office, ids="id; sum\n77\n78; 150.00\nghost\nKIRA@example.org")
    page = words(office.get(there).text)
    assert (
        "In 2 Bonuses in all + ₽ 250.00 Too little there 0 Unknown to the shop 1 1 was named twice"
        in page
    )
    assert "Unknown: ghost" in page
    assert office.balance(office.gleb) == Balance(), "a look books nothing"
    assert office.post(f"{there}/apply").status_code == 303
    office.work()
    assert office.balance(office.gleb) == Balance(available=10_000)
    assert office.balance(office.kira) == Balance(available=15_000)
    assert "Booked for 2 customers: + ₽ 250.00" in words(office.get(there).text)
    assert "+ ₽ 150.00" in words(office.get(f"{there}/done").text)
    assert office.post(f"{there}/apply").status_code == 409, "once is enough"
    back = office.post(f"{there}/undo")
    office.work()
    assert office.balance(office.kira) == office.balance(office.gleb) == Balance()
    undone = back.headers["Location"].partition("/bonuses/")[2]
    assert "Taken back from 2 customers: − ₽ 250.00" in words(office.get(undone).text)
    assert office.post(f"{there}/undo").status_code == 409


def test_who_has_too_little_is_passed_over_or_loses_what_there_is(office: Office) -> None:
    until = clock.now() + 9 * DAY

    def fill() -> None:
        credit(office.gleb, 30_000)
        credit(office.kira, 4_000, lasts=9 * DAY)

    office.do(fill)
    passed = look(office, act="take", ids="77\n78")
    page = words(office.get(passed).text)
    assert "In 1 Bonuses in all − ₽ 100.00 Too little there 1" in page
    assert "Kira" in words(office.get(f"{passed}/out").text)
    all_there_is = look(office, act="take", ids="77\n78", partly="take")
    assert "In 2 Bonuses in all − ₽ 140.00" in words(office.get(all_there_is).text)
    office.post(f"{all_there_is}/apply")
    office.work()
    assert office.balance(office.gleb).available == 20_000
    assert office.balance(office.kira) == Balance()
    office.post(f"{all_there_is}/undo")
    office.work()
    kira = office.balance(office.kira)
    assert (kira.available, kira.next_expiry and kira.next_expiry[1]) == (4_000, 4_000)
    assert kira.next_expiry
    assert abs(kira.next_expiry[0] - until) < timedelta(minutes=5), "with its old day"


def test_the_filter_of_the_list_of_customers_names_them(office: Office) -> None:
    listed = office.client.get(office.merchant.office("customers/?q=kira")).text
    address = re.search(r'href="[^"]*(mass\?[^"]*from=list[^"]*)"', listed)
    assert address
    form = office.get(address[1].replace("&amp;", "&")).text
    assert "1 customer of the list" in words(form)
    there = look(office, **{"from": "list", "query": "q=kira"})
    office.post(f"{there}/apply")
    office.work()
    assert office.balance(office.kira) == Balance(available=10_000)
    assert office.balance(office.gleb) == Balance()


def test_a_workbook_is_read_as_a_list(office: Office) -> None:
    sheet = write_xlsx("Customers", ["id", "sum"], [[77, 12], ["78", "9.5"]])
    there = look(office, amount="", ids="", file=(io.BytesIO(sheet), "list.xlsx"))
    assert "In 2 Bonuses in all + ₽ 21.50" in words(office.get(there).text)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"ids": "ghost"}, "None of these is a customer of the shop"),
        ({"ids": ""}, "Name at least one customer"),
        ({"ids": "77; many"}, "These lines cannot be read: 1"),
        ({"ids": "77; 0"}, "These lines cannot be read: 1"),
        ({"ids": "77", "amount": ""}, "give each line a sum"),
        ({"ids": "77", "amount": "9000000000000.00"}, "The sum is too large"),
        ({"ids": "77", "reason": ""}, "Fill this in"),
        ({"ids": "77", "expires_on": "2020-01-01"}, "They would lapse before"),
        ({"ids": "", "file": (io.BytesIO(b"PK\x03\x04 broken"), "a.xlsx")}, "no CSV and no XLSX"),
    ],
)
def test_what_cannot_be_done_is_refused_at_its_field(
    office: Office, said: dict[str, Any], complaint: str
) -> None:
    body = {"act": "give", "amount": "1.00", "reason": "Why", "partly": "pass"}
    body |= {"shop": office.merchant.shop} | said
    answer = office.client.post(office.merchant.office("bonuses/mass"), data=body)
    assert answer.status_code == 422
    assert complaint in words(answer.text)


def test_a_stop_and_a_crash_double_nothing_and_lose_nothing(people: list[int]) -> None:
    run = service.look_at(_mass(), dict.fromkeys(people, None))
    _work(run)
    assert run.sums["people"] == 7
    service.apply_mass(run)
    runs.work(run.id, KINDS, 2)
    lost = db.session.begin_nested()
    runs.work(run.id, KINDS, 2)  # this batch dies with its worker
    lost.rollback()
    db.session.expire_all()
    runs.act(run, "stop")
    assert sum(b.available for b in queries.balances(people).values()) == 2 * 500
    runs.resume(run, KINDS)
    _work(run, 3)
    assert [b.available for b in queries.balances(people).values()] == [500] * 7
    run.cursor = 0  # as if a batch were asked for again
    run.state = "applying"
    _work(run)
    assert [b.available for b in queries.balances(people).values()] == [500] * 7


def test_what_is_taken_back_in_the_middle_does_not_go_on(people: list[int]) -> None:
    run = service.look_at(_mass(), dict.fromkeys(people, None))
    _work(run)
    service.apply_mass(run)
    runs.work(run.id, KINDS, 3)
    runs.act(run, "stop")
    service.spend(people[0], 200, "spent meanwhile")
    back = service.undo_mass(run)
    with pytest.raises(Conflict):
        runs.resume(run, KINDS)
    runs.work(back.id, KINDS, 1)
    runs.act(back, "stop")
    runs.resume(back, KINDS)
    _work(back)
    has = queries.balances(people)
    assert has[people[0]] == Balance(debt=200), "who has spent it owes it"
    assert all(has[each] == Balance() for each in people[1:])
    with pytest.raises(Conflict):
        service.undo_mass(run)


def test_days_of_waking_and_lapsing_are_everybodys(people: list[int]) -> None:
    wakes, over = clock.now() + DAY, clock.now() + 9 * DAY
    run = service.look_at(_mass(activates_at=wakes, expires_at=over), {people[0]: 700})
    _work(run)
    service.apply_mass(run)
    _work(run)
    assert queries.balance(people[0]) == Balance(pending=700)
    with clock.moved_to(wakes):
        service.bring_up(people[:1])
        assert queries.balance(people[0]) == Balance(available=700, next_expiry=(over, 700))


def _mass(**said: Any) -> Mass:
    return Mass(**{"act": "give", "amount": 500, "reason": "New year", **said})


def _work(run: Run, most: int | None = None) -> None:
    while runs.work(run.id, KINDS, most):
        pass
    db.session.expire_all()
    assert db.session.scalars(select(Run.problem).where(Run.id == run.id)).one() is None


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.booleans())
def test_nobody_is_left_below_zero(wish: int, has: int, partly: bool) -> None:
    assert rules.change("give", wish, has, partly=partly) == wish
    change = rules.change("take", wish, has, partly=partly)
    assert -min(wish, has) <= change <= 0
    assert has + change >= 0
    assert change in ({-min(wish, has)} if partly else {0, -wish})


@given(st.lists(st.integers(1, 10**6), max_size=30))
def test_a_list_is_read_line_by_line_whatever_parts_it(amounts: list[int]) -> None:
    for sign in (";", "\t"):
        text = "\n".join(f"c{n}{sign}{amount}.05" for n, amount in enumerate(amounts))
        found = rules.read_text(text, "en", "RUB")
        assert [(line.said, line.amount) for line in found.lines] == [
            (f"c{n}", amount * 100 + 5) for n, amount in enumerate(amounts)
        ]
        assert not found.bad


def test_files_that_are_none_are_refused_by_what_they_lack() -> None:
    for data, why in ((b"PK\x03\x04", "kind"), (b"\x98\x00", "text"), (b"x" * 17_000_000, "size")):
        with pytest.raises(rules.Unreadable) as refused:
            rules.read_file(data, "en", "RUB")
        assert refused.value.why == why
    assert rules.read_file("77;1,50".encode("cp1251"), "ru", "RUB").lines[0].amount == 150
    with pytest.raises(rules.Unreadable, match="many"):
        rules.read_text("\n".join(map(str, range(rules.MOST + 1))), "en", "RUB")
