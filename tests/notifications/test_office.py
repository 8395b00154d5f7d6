from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import jobs
from app.notifications import queries, service
from app.outcomes import Fate, Outcome
from tests.notifications import scene
from tests.notifications.scene import message_ids, messages_of
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import World


def dead_letter(app: App, world: World) -> tuple[int, int]:
    """Let a letter of Lampa's be given up; returns its event and its id."""
    merchant = world.lampa
    with app.app_context():
        event_id = scene.earns(merchant, scene.make_partner(merchant))
        jobs.drain()
        (message_id,) = message_ids(merchant, event_id)
        taken = jobs.in_transaction(lambda: service.take(message_id), merchant.id)
        assert taken
        end = Outcome(Fate.NEVER, "address refused: [550]")
        jobs.in_transaction(lambda: service.settle(taken, end), merchant.id)
    return event_id, message_id


def test_staff_sees_what_was_sent_and_why_not(app: App, client: FlaskClient, world: World) -> None:
    dead_letter(app, world)
    sign_in(client, world.lampa.staff["support"])
    answer = client.get(world.lampa.office("messages/"))
    assert answer.status_code == 200
    assert "Sale counted" in answer.text
    assert "address refused" in answer.text
    assert "Send again" not in answer.text
    found = client.get(world.lampa.office("messages/?state=sent")).text
    assert "address refused" not in found


def test_a_part_of_an_address_finds_its_letters(
    app: App, client: FlaskClient, world: World
) -> None:
    merchant = world.lampa
    with app.app_context():
        for name in ("Zinaida_1", "Zinaidax1"):
            scene.earns(merchant, scene.make_partner(merchant, name))
        jobs.drain()
    sign_in(client, merchant.staff["support"])

    def found(words: str) -> tuple[bool, bool]:
        page = client.get(merchant.office("messages/"), query_string={"q": words}).text
        return "zinaida_1-" in page, "zinaidax1-" in page

    assert found("zinaida") == (True, True)
    assert found("ZINAIDA_") == (True, False)
    assert found("nobody@") == (False, False)
    sign_in(client, world.kniga.staff["support"])
    page = client.get(world.kniga.office("messages/"), query_string={"q": "zinaida"}).text
    assert "zinaidax1-" not in page


def test_a_manager_sends_a_given_up_letter_again(
    app: App, client: FlaskClient, world: World
) -> None:
    event_id, message_id = dead_letter(app, world)
    sign_in(client, world.lampa.staff["manager"])
    assert "Send again" in client.get(world.lampa.office("messages/")).text
    answer = client.post(world.lampa.office(f"messages/{message_id}/again"))
    assert answer.status_code == 303
    with app.app_context():
        assert messages_of(world.lampa, event_id)[0][2:] == ("due", 0)


def test_another_merchants_letter_is_not_there(app: App, client: FlaskClient, world: World) -> None:
    _event_id, message_id = dead_letter(app, world)
    sign_in(client, world.kniga.staff["manager"])
    assert client.post(world.kniga.office(f"messages/{message_id}/again")).status_code == 404
    assert "address refused" not in client.get(world.kniga.office("messages/")).text


@pytest.mark.parametrize(("who", "status"), [("manager", 303), ("support", 403)])
def test_notices_to_all_partners_are_a_setting(
    app: App, client: FlaskClient, world: World, who: str, status: int
) -> None:
    sign_in(client, world.lampa.staff[who])
    wanted = {"recruited": "y", "available": "y", "cap_near": "y"}
    answer = client.post(world.lampa.office("messages/notices"), data=wanted)
    assert answer.status_code == status
    with app.app_context():
        switches = jobs.in_transaction(queries.switches, world.lampa.id)
    off = {kind for kind, on in switches.items() if not on and ":" not in kind}
    unticked = {"commission.accrued", "digest.month", "digest.merchant", "document.issued"}
    unticked |= {"partner.applied", "payout.requested"}
    assert off == (unticked if status == 303 else set())
