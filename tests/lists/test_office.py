from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text

from app import clock, jobs
from app.extensions import db
from app.lists import rules, service
from app.lists.models import ExportPart, SavedView
from app.partners.models import Partner
from app.partners.rules import Status
from app.partners.service import NewPartner, create
from app.programs.service import create_group
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Iterator[Merchant]:
    with app.app_context(), lampa.scope():
        for name, clicks in (("Anna", 30), ("Boris", 20), ("Vera", 10), ("Gleb", 0)):
            who = create(NewPartner(name=name, refcode=name.lower(), email=f"{name}@lampa.example"))
            db.session.flush()
            db.session.execute(
                text(
                    "UPDATE partner_figures SET clicks = :c, orders = :o, own = 1234 * :o,"
                    " turnover = 100000 * :o WHERE partner_id = :p"
                ),
                {"c": clicks, "o": clicks // 10, "p": who.id},
            )
        create(NewPartner(name="Kira", refcode="kira", status=Status.PENDING))
        create_group("Gold")
        db.session.commit()
        yield lampa
        db.session.rollback()


@pytest.fixture
def owner(client: FlaskClient, shop: Merchant) -> FlaskClient:
    return sign_in(client, shop.staff["owner"])


def names(page: str) -> list[str]:
    return [n for n in ("Anna", "Boris", "Vera", "Gleb", "Kira") if f"<bdi>{n}</bdi>" in page]


def in_order(page: str) -> list[str]:
    return sorted(names(page), key=lambda name: page.index(f"<bdi>{name}</bdi>"))


def exported(
    client: FlaskClient, shop: Merchant, query: str = "", kind: str = "csv"
) -> list[list[str]]:
    said = {"list": "partners", "query": query, "format": kind}
    answer = client.post(shop.office("lists/export"), data=said)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_partners_are_sorted_by_what_they_brought_page_by_page(
    owner: FlaskClient, shop: Merchant
) -> None:
    page = owner.get(shop.office("partners/?sort=-clicks")).text
    assert in_order(page)[:3] == ["Anna", "Boris", "Vera"]
    page = owner.get(shop.office("partners/?sort=conversion")).text
    assert set(in_order(page)[:2]) == {"Gleb", "Kira"}


def test_from_and_to_narrow_the_list_and_stay_in_the_address(
    owner: FlaskClient, shop: Merchant
) -> None:
    page = owner.get(shop.office("partners/?clicks_from=15&clicks_to=25")).text
    assert names(page) == ["Boris"]
    assert 'value="15"' in page
    page = owner.get(shop.office("partners/?own_from=20.00")).text
    assert names(page) == ["Anna", "Boris"]
    today = clock.today("Europe/Moscow").isoformat()
    assert len(names(owner.get(shop.office(f"partners/?created_from={today}")).text)) == 5
    assert names(owner.get(shop.office(f"partners/?last_sale_to={today}")).text) == []
    # What cannot be read is as if it were not there.
    assert (
        len(names(owner.get(shop.office("partners/?clicks_from=many&created_to=9999-99-99")).text))
        == 5
    )


def test_columns_are_chosen_in_the_address(owner: FlaskClient, shop: Merchant) -> None:
    page = owner.get(shop.office("partners/?cols=name&cols=clicks&cols=phone")).text
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert "Clicks" in head
    assert "Phone" in head
    assert "Turnover" not in head
    assert "cols=name.phone.clicks" in page


def test_an_export_is_exactly_what_the_filter_shows(owner: FlaskClient, shop: Merchant) -> None:
    rows = exported(owner, shop, "sort=-clicks&clicks_from=15&cols=name.clicks.turnover&cursor=x")
    assert rows == [
        ["Name", "Clicks", "Turnover"],
        ["Anna", "30", "3000.00"],
        ["Boris", "20", "2000.00"],
    ]


def test_whoever_may_not_see_money_exports_none(client: FlaskClient, shop: Merchant) -> None:
    developer = sign_in(client, shop.staff["developer"])
    rows = exported(developer, shop, "cols=name.clicks.turnover.available")
    assert rows[0] == ["Name", "Clicks"]


def test_a_long_export_is_written_in_the_background_and_waits(
    owner: FlaskClient, shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.lists.office.AT_ONCE", 2)
    monkeypatch.setattr("app.runs.service.TOGETHER", 2)
    query = "status=active&sort=-clicks&cols=name.clicks.created"
    said = {"list": "partners", "query": query, "format": "csv"}
    answer = owner.post(shop.office("lists/export"), data=said)
    assert answer.status_code == 303
    assert "It begins in a moment" in owner.get(answer.location).text
    jobs.work_runs()
    page = owner.get(answer.location).text
    assert "Download" in page
    file = owner.get(f"{answer.location}/file")
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows] == ["Name", "Anna", "Boris", "Vera", "Gleb"]
    assert rows[1][1] == clock.today("Europe/Moscow").isoformat()
    assert [row[2] for row in rows[1:]] == ["30", "20", "10", "0"]
    # Whoever may see less than the file holds gets none.
    support = sign_in(owner.application.test_client(), shop.staff["developer"])
    assert support.get(f"{answer.location}/file").status_code == 303
    with clock.moved_to(clock.wall() + timedelta(days=8)):
        db.session.execute(text("UPDATE export_part SET created_at = now() - interval '8 days'"))
    service.prune()
    db.session.commit()
    assert db.session.scalar(select(ExportPart)) is None
    assert "is gone" in owner.get(answer.location).text


def test_a_long_export_is_in_the_order_of_the_list(
    owner: FlaskClient, shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in (
        ("app.lists.office.AT_ONCE", 2),
        ("app.runs.service.TOGETHER", 2),
        ("app.lists.service.TOGETHER", 3),
    ):
        monkeypatch.setattr(name, number)
    said = {"list": "partners", "query": "sort=clicks&status=active&cols=name.clicks"}
    answer = owner.post(shop.office("lists/export"), data={**said, "format": "xlsx"})
    jobs.work_runs()
    file = owner.get(f"{answer.location}/file")
    rows = load_workbook(io.BytesIO(file.data)).active.iter_rows(values_only=True)
    assert list(rows) == [
        ("Name", "Clicks"),
        ("Gleb", 0),
        ("Vera", 10),
        ("Boris", 20),
        ("Anna", 30),
    ]


def test_whoever_may_not_see_payouts_takes_none_out_and_keeps_no_views(
    client: FlaskClient, shop: Merchant
) -> None:
    developer = sign_in(client, shop.staff["developer"])
    said = {"list": "payouts", "query": "", "format": "csv", "name": "Mine"}
    for verb in ("export", "views"):
        assert developer.post(shop.office(f"lists/{verb}"), data=said).status_code == 403


def test_an_export_as_a_workbook(owner: FlaskClient, shop: Merchant) -> None:
    said = {"list": "partners", "query": "", "format": "xlsx"}
    answer = owner.post(shop.office("lists/export"), data=said)
    assert answer.content_type == rules.FORMATS["xlsx"]
    assert answer.data.startswith(b"PK")


def test_a_view_is_kept_for_oneself_or_for_all(
    app: App, owner: FlaskClient, shop: Merchant
) -> None:
    said = {"list": "partners", "query": "status=active&sort=-clicks&cursor=x", "name": "Best"}
    answer = owner.post(shop.office("lists/views"), data=said)
    assert answer.location.endswith("partners/?status=active&sort=-clicks")
    shared = {**said, "name": "Ours", "shared": "1"}
    owner.post(shop.office("lists/views"), data=shared)
    mine = owner.get(shop.office("partners/")).text
    assert "Best" in mine
    assert "Ours" in mine
    support = sign_in(app.test_client(), shop.staff["support"])
    theirs = support.get(shop.office("partners/")).text
    assert "Best" not in theirs
    assert "Ours" in theirs
    # Support keeps views for itself alone, and deletes none of everybody's.
    support.post(shop.office("lists/views"), data={**shared, "name": "Sly"})
    assert "Sly" not in owner.get(shop.office("partners/")).text
    ours = db.session.scalars(select(SavedView).where(SavedView.name == "Ours")).one()
    best = db.session.scalars(select(SavedView).where(SavedView.name == "Best")).one()
    assert support.post(shop.office(f"lists/views/{ours.id}/delete")).status_code == 403
    assert support.post(shop.office(f"lists/views/{best.id}/delete")).status_code == 404
    assert owner.post(shop.office(f"lists/views/{ours.id}/delete")).status_code == 303
    assert "Ours" not in support.get(shop.office("partners/")).text


def test_a_view_without_a_name_is_refused_and_the_same_name_is_the_same_view(
    owner: FlaskClient, shop: Merchant
) -> None:
    said = {"list": "orders", "query": "state=completed", "name": "  "}
    owner.post(shop.office("lists/views"), data=said)
    assert "A name has 1 to 60 characters." in owner.get(shop.office("orders/")).text
    for query in ("state=completed", "state=agreed"):
        owner.post(shop.office("lists/views"), data={**said, "name": "Done", "query": query})
    page = owner.get(shop.office("orders/")).text
    assert page.count("<bdi>Done</bdi>") == 1
    assert "orders/?state=agreed" in page


class TestBulk:
    def post(self, owner: FlaskClient, shop: Merchant, **said: object) -> str:
        answer = owner.post(shop.office("partners/bulk"), data=said)
        assert answer.status_code == 303, answer.text
        page: str = owner.get(answer.location).text
        return page

    def group_of(self, refcode: str) -> int | None:
        db.session.rollback()
        found = db.session.scalars(select(Partner).where(Partner.refcode == refcode)).one()
        return found.group_id

    def group(self) -> int:
        return int(db.session.execute(text("SELECT id FROM partner_group")).scalar_one())

    def undo(self, owner: FlaskClient, page: str) -> str:
        start = page.index("partners/bulk/")
        address = page[page.rindex('"', 0, start) + 1 : page.index('"', start)]
        answer = owner.post(address.replace("&amp;", "&"))
        told: str = owner.get(answer.location).text
        return told

    def test_those_ticked_are_put_into_a_group_and_back(
        self, owner: FlaskClient, shop: Merchant
    ) -> None:
        gold = self.group()
        page = self.post(owner, shop, act="group", group=gold, partner=["anna", "vera"])
        assert "Done for 2 partners." in page
        assert [self.group_of(r) for r in ("anna", "boris", "vera")] == [gold, None, gold]
        assert "Taken back for 2 partners." in self.undo(owner, page)
        assert self.group_of("anna") is None

    def test_what_was_changed_since_stays(self, owner: FlaskClient, shop: Merchant) -> None:
        gold = self.group()
        page = self.post(owner, shop, act="group", group=gold, partner=["anna", "vera"])
        self.post(owner, shop, act="group", group=0, partner=["anna"])
        assert "Taken back for 1 partner." in self.undo(owner, page)
        assert self.group_of("vera") is None

    def test_all_that_fit_the_filter(self, owner: FlaskClient, shop: Merchant) -> None:
        gold = self.group()
        said = {"act": "group", "group": gold, "scope": "all", "query": "clicks_from=15"}
        assert "Done for 2 partners." in self.post(owner, shop, **said)
        assert [self.group_of(r) for r in ("anna", "boris", "vera")] == [gold, gold, None]

    def test_only_who_waits_is_approved(self, owner: FlaskClient, shop: Merchant) -> None:
        page = self.post(owner, shop, act="approve", scope="all", query="")
        assert "Done for 1 partner." in page
        kira = db.session.scalars(select(Partner).where(Partner.refcode == "kira")).one()
        db.session.refresh(kira)
        assert kira.status == Status.ACTIVE

    def test_a_block_is_taken_back(self, owner: FlaskClient, shop: Merchant) -> None:
        page = self.post(owner, shop, act="block", partner=["boris"])
        assert "Taken back for 1 partner." in self.undo(owner, page)

    def test_many_are_done_by_the_worker(
        self, owner: FlaskClient, shop: Merchant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.partners.service.bulk.AT_ONCE", 2)
        gold = self.group()
        page = self.post(owner, shop, act="group", group=gold, scope="all", query="status=active")
        assert "It begins in a moment" in page
        jobs.work_runs()
        assert self.group_of("gleb") == gold

    def test_nobody_chosen_and_nobodys_group_are_refused(
        self, owner: FlaskClient, shop: Merchant
    ) -> None:
        assert "Choose somebody first." in self.post(owner, shop, act="group", group=0)
        page = self.post(owner, shop, act="group", group=2**40, partner=["anna"])
        assert "Choose one of the list." in page
        assert self.group_of("anna") is None
