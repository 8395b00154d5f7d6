"""The mover's pages: take a file in, say what its columns mean, see what would come of it, carry it out."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app import jobs
from app.extensions import db
from app.imports.models import ImportFile, ImportRow
from app.invitations.forms import TEXTS
from app.invitations.models import Invitation
from app.invitations.service import Said, join, offered_terms
from app.invitations.service.sending import send_next
from app.lists.rules import write_xlsx
from app.notifications.models import Message
from app.partners.models import Partner
from app.tenants.queries import setting
from app.web.texts import as_typed
from tests.commissions.test_pages import words
from tests.imports.setting import csv
from tests.orders.test_api import put, said
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

HEAD = "id;name;email;code;sponsor"
NETWORK = csv(
    HEAD, "1;Anna;anna@example.org;anna;", "2;Boris;boris@example.org;boris;1", "3;Vera;bad;vera;2"
)


class Mover:
    """Lampa's owner, who moves in."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        sign_in(client, merchant.staff["owner"])

    def get(self, path: str = "") -> TestResponse:
        return self.client.get(self.merchant.office(f"moving/{path}"))

    def post(self, path: str = "", **said: object) -> TestResponse:
        return self.client.post(self.merchant.office(f"moving/{path}"), data=said)

    def give(
        self, data: bytes, kind: str = "partner", source: str = "other", name: str = "old.csv"
    ) -> str:
        """Give a file; returns its id."""
        answer = self.post(source=source, kind=kind, file=(io.BytesIO(data), name))
        assert answer.status_code == 303, words(answer.text)
        return str(re.search(r"moving/(im_\w+)/columns", answer.headers["Location"])[1])

    def guessed(self, file: str) -> dict[str, str]:
        """Return what the form of the columns stands on."""
        page = self.get(f"{file}/columns").text
        found = {}
        for name, body in re.findall(
            r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL
        ):
            chosen = re.search(r'<option selected value="(-?\d+)"', body)
            found[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', body)[0]
        return found

    def look(self, file: str, **said: str) -> str:
        """Choose the columns as they are guessed, and let the look be done."""
        body = {**self.guessed(file), "decimal": ".", "days": "dmy", **said}
        answer = self.post(f"{file}/columns", **body)
        assert answer.status_code == 303, words(answer.text)
        self.work()
        return words(self.get(file).text)

    def apply(self, file: str) -> str:
        assert self.post(f"{file}/apply").status_code == 303
        self.work()
        return words(self.get(file).text)

    def work(self) -> None:
        with self.app.app_context():
            jobs.sweep_runs()

    def count(self, model: type[Partner | Message | ImportRow | ImportFile]) -> int:
        with self.app.app_context(), self.merchant.scope():
            return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def mover(app: App, client: FlaskClient, lampa: Merchant) -> Mover:
    return Mover(app, client, lampa)


def test_a_file_is_mapped_looked_at_and_brought_along_and_nobody_gets_a_letter(
    mover: Mover,
) -> None:
    file = mover.give(NETWORK, source="affiliatewp")
    page = words(mover.get(f"{file}/columns").text)
    assert "boris@example.org" in page
    page = mover.look(file, parameters="aff, ref")
    assert "New 2 Changed 0 The same 0 Refused 1" in page
    assert mover.count(Partner) == 0, "a look writes nothing"
    report = mover.get(f"{file}/report.csv").text
    assert "4,3,Refused,E-mail: This is not an e-mail address: bad,3,Vera,bad,vera,2" in report
    listed = words(mover.get(f"{file}/rows?verdict=refused").text)
    assert "This is not an e-mail address: bad" in listed
    assert "anna@example.org" not in listed
    messages = mover.count(Message)
    assert "Everything that could be brought along is here" in mover.apply(file)
    mover.work()
    assert mover.count(Partner) == 2
    assert mover.count(Message) == messages
    with mover.app.app_context(), mover.merchant.scope():
        assert setting("parameters") == ["ref", "aff"]
    sheet = words(mover.get("control").text)
    assert "AffiliateWP Partners and their network 3 1 2" in sheet


def test_the_choice_of_columns_is_remembered_for_the_same_heads(mover: Mover) -> None:
    data = csv("a;b;c", "1;Anna;anna")
    file = mover.give(data)
    assert set(mover.guessed(file).values()) == {"-1"}
    mover.look(file, id="0", name="1", code="2")
    again = mover.guessed(mover.give(data))
    assert (again["id"], again["name"], again["code"]) == ("0", "1", "2")


def test_a_workbook_of_balances_is_posted_and_compared(mover: Mover) -> None:
    partners = mover.give(NETWORK)
    mover.look(partners)
    mover.apply(partners)
    sheet = write_xlsx("Old", ["partner", "balance"], [[1, 1500], [2, -20], [9, 5]])
    file = mover.give(sheet, "balance", name="old.xlsx")
    assert "New 2 Changed 0 The same 0 Refused 1" in mover.look(file)
    mover.apply(file)
    control = words(mover.get("control").text)
    assert "3 1 2 ₽ 1,485.00 ₽ 1,480.00 + ₽ 5.00" in control


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "There are no rows"),
        (b"id;name\r\n", "There are no rows"),
        (b"PK\x03\x04 broken", "no CSV and no XLSX"),
        (b"\xd0\xcf\x11\xe0 old", "workbook of the old kind"),
    ],
)
def test_what_is_no_list_is_refused_at_the_file(mover: Mover, data: bytes, complaint: str) -> None:
    answer = mover.post(source="other", kind="partner", file=(io.BytesIO(data), "x.csv"))
    assert answer.status_code == 422
    assert complaint in words(answer.text)
    assert mover.count(ImportFile) == mover.count(ImportRow) == 0


def test_columns_that_are_needed_or_mean_two_things_are_refused(mover: Mover) -> None:
    file = mover.give(NETWORK)
    body = {**mover.guessed(file), "decimal": ".", "days": "dmy"}
    answer = mover.post(f"{file}/columns", **{**body, "id": "-1"})
    assert answer.status_code == 422
    assert "Choose the column that says it" in words(answer.text)
    answer = mover.post(f"{file}/columns", **{**body, "name": body["email"]})
    assert answer.status_code == 422
    assert "This column means something else already" in words(answer.text)


def test_money_is_for_those_who_may_move_it(mover: Mover) -> None:
    file = mover.give(csv("partner;balance", "1;5"), "balance")
    mover.look(file)
    sign_in(mover.client, mover.merchant.staff["manager"])
    assert "Opening balances" not in re.sub(r"<table.*", "", mover.get().text, flags=re.DOTALL)
    assert mover.post(f"{file}/apply").status_code == 403
    assert "Whoever may move money carries it out" in words(mover.get(file).text)


def test_another_merchants_file_is_not_there(mover: Mover, kniga: Merchant) -> None:
    file = mover.give(NETWORK)
    sign_in(mover.client, kniga.staff["owner"])
    for path in (file, f"{file}/columns", f"{file}/rows", f"{file}/report.csv"):
        assert mover.client.get(kniga.office(f"moving/{path}")).status_code == 404


def test_a_file_is_thrown_away_and_what_came_of_it_stays(mover: Mover) -> None:
    file = mover.give(NETWORK)
    mover.look(file)
    mover.apply(file)
    assert mover.post(f"{file}/drop").status_code == 303
    assert mover.get(file).status_code == 404
    assert (mover.count(Partner), mover.count(ImportRow)) == (2, 0)


def test_those_who_came_are_invited_when_the_merchant_presses_and_join_as_themselves(
    mover: Mover,
) -> None:
    file = mover.give(NETWORK)
    mover.look(file)
    mover.apply(file)
    page = mover.get("invite").text
    assert "Invite 2 partners" in words(page)
    body = as_typed(TEXTS)
    assert mover.post("invite", **body, pace="600").status_code == 303
    mover.work()
    assert "2 partners are invited" in words(mover.get("invite").text)
    with mover.app.app_context(), mover.merchant.scope():
        found = db.session.scalars(select(Invitation).order_by(Invitation.email)).all()
        assert [each.email for each in found] == ["anna@example.org", "boris@example.org"]
        assert send_next(found[0].batch_id) == 2
        terms = offered_terms(found[0])
        joined = join(found[0], Said(name="Anna", accepted_version=terms.version))
        assert (joined.refcode, joined.person_id is not None) == ("anna", True)
        db.session.commit()
    assert "Invite 2" not in words(mover.get("invite").text)


def test_a_file_is_taken_back_on_its_page_and_says_what_stays(mover: Mover) -> None:
    file = mover.give(NETWORK)
    mover.look(file)
    mover.apply(file)
    money = mover.give(csv("partner;balance", "1;5"), "balance")
    mover.look(money)
    mover.apply(money)
    assert mover.post(f"{file}/undo").status_code == 303
    mover.work()
    page = words(mover.get(file).text)
    assert "1 row was taken back, 1 could not be:" in page, page
    assert "the money has moved on since" in page, page
    customers = mover.give(csv("id;name", "7;Gleb"), "member")
    mover.look(customers)
    mover.apply(customers)
    assert mover.post(f"{customers}/undo").status_code == 409


def test_a_large_file_is_read_by_the_worker_while_the_page_says_how_far(mover: Mover) -> None:
    lines = (f"{n};P{n};p{n}@example.org;pp{n};" for n in range(1_500))
    answer = mover.post(
        source="skyweb24", kind="partner", file=(io.BytesIO(csv(HEAD, *lines)), "old.csv")
    )
    assert answer.status_code == 303
    place = str(re.search(r"moving/(im_\w+)$", answer.headers["Location"])[1])
    assert "1000 rows so far" in words(mover.get(place).text)
    assert mover.get(f"{place}/columns").status_code == 303, (
        "columns are asked for when all is read"
    )
    mover.work()
    page = words(mover.get(place).text)
    assert "1500 rows were read" in page
    assert "Say what the columns mean" in page
    columns = words(mover.get(f"{place}/columns").text)
    assert "Skyweb24 publishes no description of its exports" in columns
    assert "New 1,500" in mover.look(place)
    assert "New 1,500" in mover.apply(place)
    assert mover.count(Partner) == 1_500


def test_links_and_parameters_of_the_old_system_go_on_bringing_customers(mover: Mover) -> None:
    file = mover.give(csv(HEAD, "7;Gleb;seven@example.org;gleb;"), source="postaffiliatepro")
    mover.look(file, parameters="a_aid", ids_in_links="1")
    mover.apply(file)
    visitor = mover.app.test_client()
    for code in ("7", "gleb"):
        answer = visitor.get(f"/r/{mover.merchant.slug}/{code}")
        assert answer.status_code == 302, code
        assert "click=" in answer.headers["Location"]
    script = visitor.get(f"/t/{mover.merchant.slug}.js").text
    assert "a_aid" in script, "the landing script reads the old name"
    order = said(
        ref=None,
        coupons=[],
        partner_code=None,
        entry="https://lampa.example/?a_aid=7",
    )
    answer = put(mover.client, mover.merchant, order, "OLD-1")
    assert answer.json["deal"]["partner"]["name"] == "Gleb"
