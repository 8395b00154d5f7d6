"""The pages of sealed books: staff's, the partner's, and the one where anybody checks a file."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.extensions import db
from app.identity import service as identity
from app.partners.models import Partner
from app.proofs import queries, rules, service
from tests.proofs.setting import committed, furnish
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def anna(app: App, lampa: Merchant, client: FlaskClient) -> int:
    anna, _boris = furnish(app, lampa)

    def join() -> None:
        person = identity.ensure_person(f"anna@{lampa.slug}.example", "Anna")
        identity.change_password(person, PASSWORD)
        identity.join(person, lampa.id, "partner", anna)

    committed(app, lampa, join)
    sign_in(client, f"anna@{lampa.slug}.example")
    return anna


def load(client: FlaskClient, merchant: Merchant, body: bytes | dict[str, Any]) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return client.post(
        f"/{merchant.slug}/proof",
        data={"file": (io.BytesIO(raw), "statement.json")},
        content_type="multipart/form-data",
    )


def test_a_partner_loads_the_file_down_and_a_stranger_checks_it(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    answer = client.get(lampa.cabinet("account/proof/statement.json"))
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=statement-")
    found = answer.get_json()
    stranger = app.test_client()
    said = load(stranger, lampa, found).text
    assert "Every line stands as it was sealed" in said
    assert "4 lines lead to mark 2" in said
    bad = json.loads(json.dumps(found).replace("17000", "17001"))
    said = load(stranger, lampa, bad).text
    assert "This is not what was sealed" in said
    assert "Line 1 is not as it was sealed." in said


def test_a_file_with_a_chain_of_its_own_is_not_ours(
    client: FlaskClient, lampa: Merchant, kniga: Merchant, anna: int
) -> None:
    found = client.get(lampa.cabinet("account/proof/statement.json")).get_json()
    text = found["groups"][0]["rows"][0]["text"].replace("17000", "99000")
    row = {"salt": "0", "text": text, "hash": rules.leaf("0", text)}
    root = rules.group([row["hash"]])
    at = "2026-01-01T00:00:00.000000Z"
    head = rules.head(1, rules.START, root, at)
    made = found | {
        "before": rules.START,
        "blocks": [{"number": 1, "root": root, "sealed_at": at}],
        "groups": [{"block": 1, "rows": [row], "path": []}],
        "mark": {"number": 1, "head": head, "sealed_at": at},
    }
    assert rules.verify(made).sound
    assert "mark is not ours" in load(client, lampa, made).text
    assert "The file is not from Kniga" in load(client, kniga, found).text


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": "partnerka-statement-1"}',
        b'{"format": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"format": "\\ud800"}',
        json.dumps(
            {
                "format": rules.FORMAT, "merchant": "x", "before": "0" * 64, "groups": [],
                "blocks": [{"number": 10**30, "root": "0" * 64, "sealed_at": "x"}],
                "mark": {"number": 10**30, "head": "0" * 64},
            }
        ).encode(),
        json.dumps(
            {
                "format": rules.FORMAT, "merchant": "x", "before": "0" * 64,
                "blocks": [{"number": 1, "root": "0" * 64, "sealed_at": "x"}],
                "mark": {"number": 1, "head": "0" * 64},
                "groups": [{"block": 1, "rows": [{"hash": "0" * 64}], "path": [["up", "x"]]}],
            }
        ).encode(),
        b"<html>",
        b"{}" * 1000,
    ],
)  # fmt: skip
def test_hostile_files_are_refused(client: FlaskClient, lampa: Merchant, hostile: bytes) -> None:
    answer = load(client, lampa, hostile)
    assert answer.status_code == 422
    assert "no statement file of ours" in answer.text


def test_a_number_that_no_column_holds_is_just_not_ours(
    client: FlaskClient, lampa: Merchant
) -> None:
    at, number = "x", 2**63 - 1
    head = rules.head(number, rules.START, rules.START, at)
    made = {
        "format": rules.FORMAT, "merchant": lampa.slug, "before": rules.START, "groups": [],
        "blocks": [{"number": number, "root": rules.START, "sealed_at": at}],
        "mark": {"number": number, "head": head},
    }  # fmt: skip
    assert "mark is not ours" in load(client, lampa, made).text


def test_a_file_beyond_the_bound_is_not_even_read(client: FlaskClient, lampa: Merchant) -> None:
    assert load(client, lampa, b" " * (rules.MOST_BYTES + 200_000)).status_code == 413


def test_the_account_tells_of_last_night_and_of_nobodys_numbers(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    assert "first nightly check" in client.get(lampa.cabinet("account/")).text
    committed(app, lampa, lambda: service.note(clock.wall().date(), 28, [], 6_543))
    said = client.get(lampa.cabinet("account/")).text
    assert "all 28 rules of the books hold" in said
    assert "4 entries of yours are sealed" in said
    assert "543" not in said
    page = client.get(lampa.cabinet("account/proof/")).text
    assert committed(app, lampa, lambda: queries.newest().head) in page


def test_a_bad_night_is_told_plainly(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    committed(app, lampa, lambda: service.note(clock.wall().date(), 28, ["a rule"], 6))
    assert "1 of 28 rules of the books do not hold" in client.get(lampa.cabinet("account/")).text
    office = sign_in(app.test_client(), lampa.staff["accountant"]).get(lampa.office("proof/")).text
    assert "a rule" in office


def test_staff_load_a_partners_file_and_only_the_money_desk_does(
    app: App, lampa: Merchant, kniga: Merchant, anna: int
) -> None:
    def code() -> str:
        return str(db.session.get_one(Partner, (lampa.id, anna)).refcode)

    refcode = committed(app, lampa, code)
    desk = sign_in(app.test_client(), lampa.staff["accountant"])
    answer = desk.get(lampa.office("proof/statement.json"), query_string={"partner": refcode})
    assert rules.verify(answer.get_json()).lines == 4
    wrong = {"partner": "nobody-here"}
    assert desk.get(lampa.office("proof/statement.json"), query_string=wrong).status_code == 422
    period = {"partner": refcode, "since": "2026-02-02", "until": "2026-02-01"}
    assert desk.get(lampa.office("proof/statement.json"), query_string=period).status_code == 422
    developer = sign_in(app.test_client(), lampa.staff["developer"])
    assert developer.get(lampa.office("proof/")).status_code == 403
    theirs = sign_in(app.test_client(), kniga.staff["owner"])
    found = theirs.get(kniga.office("proof/statement.json"), query_string={"partner": refcode})
    assert found.status_code == 422


def test_a_period_leaves_the_rest_out(client: FlaskClient, lampa: Merchant, anna: int) -> None:
    address = lampa.cabinet("account/proof/statement.json")
    found = client.get(address, query_string={"until": "2020-01-01"}).get_json()
    assert (found["mark"], found["groups"]) == (None, [])
    today = clock.today("Europe/Moscow").isoformat()
    found = client.get(address, query_string={"since": today, "until": today}).get_json()
    assert rules.verify(found).lines == 4
    assert client.get(address, query_string={"since": "soon"}).status_code == 422


def test_the_public_page_lists_the_marks_and_nothing_else_of_the_books(
    app: App, lampa: Merchant, anna: int
) -> None:
    said = app.test_client().get(f"/{lampa.slug}/proof").text
    for number in (1, 2):
        assert committed(app, lampa, lambda n=number: queries.head_of(n)) in said
    assert "Entries" not in said.partition("<main")[2]


def test_an_account_statement_carries_the_mark_and_its_verifiable_file(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    said = client.get(lampa.cabinet("account/statement/")).text
    assert committed(app, lampa, lambda: queries.newest().head) in said
    link = re.search(r'href="([^"]*/account/proof/statement.json[^"]*)"', said)
    assert link
    found = client.get(link[1].replace("&amp;", "&")).get_json()
    assert rules.verify(found).lines == 4
    desk = sign_in(app.test_client(), lampa.staff["accountant"])
    listed = desk.get(lampa.office("statements/")).text
    link = re.search(r'href="([^"]*/proof/statement.json[^"]*)"', listed)
    assert link
    assert rules.verify(desk.get(link[1].replace("&amp;", "&")).get_json()).lines == 6
