"""The operator's desk over all merchants, and what shop and partner see of it."""

from __future__ import annotations

import csv
import io
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.billing import queries as billing
from app.events.models import Event
from app.extensions import db
from app.papers import service as papers
from app.partners.models import Partner
from app.payouts import service as payouts
from app.settlement import platform, service
from tests.settlement.scene import Scene
from tests.world import World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def scene(app: App, client: FlaskClient, world: World) -> Scene:
    assert client is not None  # with it the books are looked at in the end
    return Scene(app, world)


def test_the_operator_sends_what_is_funded_and_each_side_sees_it(scene: Scene) -> None:
    scene.top_up(120_000)
    assert (scene.state(scene.anna), scene.state(scene.boris)) == ("approved", None)
    desk, number = scene.operator(), scene.number(scene.anna)
    listed = desk.get(f"/platform/payouts/?q={number}").text
    assert "Anna" in listed
    assert "850.00" in listed
    card = desk.get(f"/platform/payouts/{number}/").text
    assert "40817810700000000001" in card
    for act, state in (("send", "sending"), ("lose", "unknown"), ("pay", "paid")):
        assert desk.post(f"/platform/payouts/{number}/{act}").status_code == 303
        assert scene.state(scene.anna) == state
    assert desk.post(f"/platform/payouts/{number}/pay").status_code == 409
    cabinet = scene.partner().get(scene.lampa.cabinet(f"payouts/{number}/")).text
    assert "150.00" in cabinet
    assert "850.00" in cabinet
    shop = scene.staff("accountant").get(scene.lampa.office(f"payouts/{number}/")).text
    assert "from your prepaid balance" in shop
    assert "Mark as paid" not in shop
    assert "Operator" in shop  # who said that it is paid


def test_that_the_operator_saw_the_details_is_recorded_at_the_payout(scene: Scene) -> None:
    scene.top_up(120_000)
    desk, number = scene.operator(), scene.number(scene.anna)
    assert desk.get(f"/platform/payouts/{number}/").status_code == 200
    [(actor, facts)] = scene.do(lambda: shown(scene.anna))
    assert (facts["payout"], facts["partner_id"]) == (number, scene.anna)
    assert actor.startswith("person:")
    assert "Payment details shown" in desk.get(f"/platform/payouts/{number}/").text


def test_what_is_to_be_sent_is_a_file_with_details_and_taking_it_is_recorded(scene: Scene) -> None:
    scene.top_up(200_000)
    desk = scene.operator()
    rows = list(
        csv.DictReader(io.StringIO(desk.get("/platform/payouts/file").text.lstrip("\ufeff")))
    )
    mine = {
        r["Partner"]: r
        for r in rows
        if r["Number"] in {scene.number(scene.anna), scene.number(scene.boris)}
    }
    assert {name: (r["Sum"], r["Account"]) for name, r in mine.items()} == {
        "Anna": ("850.00", "40817810700000000001"),
        "Boris": ("340.00", "40817810700000000001"),
    }
    assert len(scene.do(lambda: shown(scene.anna))) == 1
    book = load_workbook(io.BytesIO(desk.get("/platform/payouts/file?as=xlsx").data))
    cells = {cell.value for line in book.active.iter_rows() for cell in line}
    assert {scene.number(scene.anna), "40817810700000000001", 850} <= cells
    desk.post(f"/platform/payouts/{scene.number(scene.anna)}/send")
    assert scene.number(scene.anna) not in desk.get("/platform/payouts/file").text
    assert scene.staff("owner").get("/platform/payouts/file").status_code == 404


def test_the_file_has_everybody_however_many_are_read_together(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "AT_ONCE", 1)
    scene.top_up(200_000)
    text = scene.operator().get("/platform/payouts/file").text
    for partner in (scene.anna, scene.boris):
        assert text.count(scene.number(partner)) == 1
        assert len(scene.do(partial(shown, partner))) == 1


def test_lines_are_read_some_at_a_time_while_the_file_is_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "AT_ONCE", 1)
    scene.top_up(200_000)

    def taken() -> list[int]:
        mine = {scene.number(scene.anna), scene.number(scene.boris)}
        return [
            sum(len(shown(each)) for each in (scene.anna, scene.boris))
            for line in platform.lines()
            if mine & set(line)
        ]

    assert scene.do(taken) == [1, 2]


def test_who_was_blocked_after_the_funding_is_not_paid_before_that_is_lifted(scene: Scene) -> None:
    scene.top_up(200_000)
    number, desk = scene.number(scene.anna), scene.operator()
    scene.do(lambda: _block(scene.anna, blocked=True))
    assert number not in desk.get("/platform/payouts/file").text
    assert "held back" in desk.get("/platform/payouts/").text
    card = desk.get(f"/platform/payouts/{number}/").text
    assert "The partner is blocked" in card
    assert "Mark as failed" in card
    for act in ("send", "pay"):
        assert desk.post(f"/platform/payouts/{number}/{act}").status_code == 409
    scene.do(lambda: _block(scene.anna, blocked=False))
    assert desk.post(f"/platform/payouts/{number}/send").status_code == 303


def _block(partner_id: int, *, blocked: bool) -> None:
    card = db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()
    card.status = "blocked" if blocked else "active"


def test_what_is_held_back_is_in_no_file_and_is_not_noted_as_sent(scene: Scene) -> None:
    scene.top_up(200_000)
    scene.do(lambda: payouts.disown_change(scene.anna, None))
    desk, number = scene.operator(), scene.number(scene.anna)
    text = desk.get("/platform/payouts/file").text
    assert number not in text
    assert scene.number(scene.boris) in text
    assert "held back" in desk.get("/platform/payouts/").text
    card = desk.get(f"/platform/payouts/{number}/").text
    assert "held back" in card
    assert "It is sent" not in card.replace("It is sent when", "")
    assert "Mark as failed" in card
    for act in ("send", "pay"):
        assert desk.post(f"/platform/payouts/{number}/{act}").status_code == 409
        desk.post("/platform/payouts/act", data={"act": act, "pick": [number]})
    assert scene.state(scene.anna) == "approved"
    scene.staff("accountant").post(scene.lampa.office(f"wallet/{scene.refcode}/allow"))
    assert desk.post(f"/platform/payouts/{number}/send").status_code == 303


def test_gross_tax_fee_and_what_is_left_stand_side_by_side(scene: Scene) -> None:
    scene.do(lambda: papers.set_rate("person", "13"))
    queue = scene.staff("accountant").get(scene.lampa.office("settlement/")).text
    for words in ("1,000.00", "130.00", "150.00", "720.00"):  # of Anna
        assert words in queue
    table = scene.staff("accountant").get(scene.lampa.office("settlement/file")).text
    assert "1000.00,130.00,150.00,720.00,870.00" in table.replace(";", ",")
    cabinet = scene.partner().get(scene.lampa.cabinet("payouts/")).text
    assert "130.00" in cabinet
    scene.top_up(87_000)
    number = scene.number(scene.anna)
    for path in (f"?q={number}", f"{number}/"):
        page = scene.operator().get(f"/platform/payouts/{path}").text
        for words in ("1,000.00", "130.00", "150.00", "720.00"):
            assert words in page
    assert scene.do(billing.balance) == 0


def shown(partner_id: int) -> list[tuple[str, dict[str, Any]]]:
    query = select(Event).where(
        Event.type == "partner.details_shown", Event.facts["partner_id"].as_integer() == partner_id
    )
    return [(each.actor, each.facts) for each in db.session.scalars(query.order_by(Event.id))]


def test_what_comes_back_is_told_with_the_reason(scene: Scene) -> None:
    scene.top_up(200_000)
    desk, number = scene.operator(), scene.number(scene.anna)
    assert desk.post(f"/platform/payouts/{number}/fail", data={"reason": ""}).status_code == 422
    gone = desk.post(f"/platform/payouts/{number}/fail", data={"reason": "Account closed"})
    assert gone.status_code == 303
    assert scene.do(billing.balance) == 160_000
    assert "Account closed" in scene.partner().get(scene.lampa.cabinet(f"payouts/{number}/")).text
    queue = scene.staff("owner").get(scene.lampa.office("settlement/")).text
    assert "The last payout came back" in queue
    again = scene.staff("owner").post(scene.lampa.office(f"settlement/again/{scene.refcode}"))
    assert again.status_code == 303
    assert scene.do(service.settle) == 1


def test_many_are_told_of_at_once_and_what_does_not_fit_stays(scene: Scene) -> None:
    scene.top_up(200_000)
    desk = scene.operator()
    anna, boris = scene.number(scene.anna), scene.number(scene.boris)
    desk.post(f"/platform/payouts/{boris}/send")
    answer = desk.post(
        "/platform/payouts/act", data={"act": "send", "pick": [anna, boris, "po_none"]}
    )
    assert answer.status_code == 303
    assert (scene.state(scene.anna), scene.state(scene.boris)) == ("sending", "sending")
    page = desk.get("/platform/payouts/").text
    assert "1 payout noted." in page
    assert "2 were not in a state for it." in page
    desk.post("/platform/payouts/act", data={"act": "pay", "pick": [anna, boris]})
    assert (scene.state(scene.anna), scene.state(scene.boris)) == ("paid", "paid")


def test_an_act_that_is_none_does_nothing(scene: Scene) -> None:
    scene.top_up(200_000)
    desk, number = scene.operator(), scene.number(scene.anna)
    for said in ({"act": "reject", "pick": number}, {"act": "pay"}, {"pick": number}):
        assert desk.post("/platform/payouts/act", data=said).status_code == 303
    assert scene.state(scene.anna) == "approved"


def test_the_shop_cannot_decide_on_what_the_platform_sends(scene: Scene) -> None:
    scene.top_up(200_000)
    office, number = scene.staff("owner"), scene.number(scene.anna)
    for act in ("pay", "send", "lose"):
        assert office.post(scene.lampa.office(f"payouts/{number}/{act}")).status_code == 409
    for act in ("reject", "fail"):
        said = {"reason": "because"}
        assert (
            office.post(scene.lampa.office(f"payouts/{number}/{act}"), data=said).status_code == 409
        )
    by_program = office.post(f"/api/v1/payouts/{number}/paid", headers=scene.lampa.bearer)
    assert by_program.status_code == 409
    assert scene.state(scene.anna) == "approved"


def test_the_desk_is_the_operators_alone(scene: Scene) -> None:
    scene.top_up(200_000)
    number = scene.number(scene.anna)
    for who in (scene.staff("owner"), scene.partner()):
        for path in ("payouts/", f"payouts/{number}/", "topups/", "topups/settings"):
            assert who.get(f"/platform/{path}").status_code == 404
        assert who.post(f"/platform/payouts/{number}/pay").status_code == 404
    assert scene.operator().get("/platform/payouts/po_none/").status_code == 404


def test_what_the_shop_pays_itself_is_not_on_the_desk(scene: Scene, app: App) -> None:
    made = app.test_client().post(
        "/api/v1/payouts",
        json={"partner": scene.refcode, "amount": "10.00", "method": "bank"},
        headers=scene.lampa.bearer,
    )
    assert made.status_code == 201, made.text
    desk = scene.operator()
    assert desk.get(f"/platform/payouts/{made.get_json()['id']}/").status_code == 404
    desk.post(f"/platform/payouts/{made.get_json()['id']}/pay")
    assert scene.state(scene.anna) == "requested"


def test_the_partner_reads_the_place_the_fee_and_what_it_waits_for(scene: Scene) -> None:
    cabinet = scene.partner()
    page = cabinet.get(scene.lampa.cabinet("payouts/")).text
    assert "You are number 1 in the queue" in page
    assert "It waits for the shop to top up its balance." in page
    assert "150.00" in page
    assert "850.00" in page
    assert (
        cabinet.post(
            scene.lampa.cabinet("payouts/"), data={"amount": "10", "method": "bank"}
        ).status_code
        == 409
    )
    scene.top_up(100_000)
    page = cabinet.get(scene.lampa.cabinet("payouts/")).text
    assert "Your payout" in page
    assert "850.00" in page
    scene.block(scene.boris)
    queue = scene.staff("support").get(scene.lampa.office("settlement/")).text
    assert "The partner is not active" in queue


def test_the_settings_are_chosen_and_wrong_sums_refused(scene: Scene) -> None:
    office = scene.staff("owner")
    address = scene.lampa.office("settlement/settings")
    good = {"settlement": "platform", "fee_paid_by": "merchant", "payout_cap": "500"}
    good |= {"low_balance": "10", "spending_alarm": ""}
    assert office.post(address, data=good).status_code == 303
    page = office.get(address).text
    assert 'value="500"' in page or 'value="500.00"' in page
    for wrong in (
        {"settlement": "both"},
        {"payout_cap": "-1"},
        {"low_balance": "0"},
        {"spending_alarm": "x"},
    ):
        assert office.post(address, data=good | wrong).status_code == 422
    assert scene.staff("accountant").post(address, data=good).status_code == 403
    body = office.get("/api/v1/merchant", headers=scene.lampa.bearer).get_json()
    assert (body["fee_paid_by"], body["payout_cap"], body["spending_alarm"]) == (
        "merchant",
        "500.00",
        None,
    )


def test_the_queue_is_a_file_too(scene: Scene) -> None:
    office = scene.staff("accountant")
    text = office.get(scene.lampa.office("settlement/file")).text
    assert [line.split(",")[0] for line in text.lstrip("\ufeff").splitlines()[1:]] == ["1", "2"]
    assert office.get(scene.lampa.office("settlement/file?as=xlsx")).data.startswith(b"PK")


def test_in_test_mode_staff_play_the_operators_part(scene: Scene, app: App) -> None:
    client = sign_in(app.test_client(), scene.lampa.staff["owner"])
    address = f"/{scene.lampa.slug}-test/office/balance/"
    made = client.post(address, data={"amount": "1000"})
    invoice = made.headers["Location"]
    assert client.post(f"{invoice}receive").status_code == 303
    assert "1,000.00" in client.get(address).text
    live = client.post(scene.lampa.office("balance/"), data={"amount": "1000"}).headers["Location"]
    assert client.post(f"{live}receive").status_code == 404
