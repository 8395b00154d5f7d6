"""The doors of mailings: who may, what is shown, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import jobs
from app.extensions import db
from app.mailings import queries
from app.mailings.models import Mailing
from tests.notifications import scene
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import World

FORM = {
    "to": "segment", "status": "active", "group": "0", "terms": "0", "sales": "any", "days": "30", "pace": "60",
    "subject_en": "News for {name}", "body_en": "Hello, {name}.",
}  # fmt: skip


@pytest.fixture
def manager(app: App, client: FlaskClient, world: World) -> FlaskClient:
    with app.app_context():
        scene.make_partner(world.lampa, "Anna", refcode="anna")
        scene.make_partner(
            world.lampa, "<b>Boris</b>", email=f"boris@{world.lampa.slug}.example", refcode="boris"
        )
    return sign_in(client, world.lampa.staff["manager"])


def made(manager: FlaskClient, world: World, **said: Any) -> str:
    """Write a mailing; returns its page."""
    answer = manager.post(world.lampa.office("mailings/new"), data=FORM | said)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_the_letter_is_seen_as_a_chosen_partner_gets_it(manager: FlaskClient, world: World) -> None:
    there = made(manager, world)
    assert "News for Anna" in manager.get(there).text
    page = manager.get(f"{there}?as=boris").text
    assert "News for &lt;b&gt;Boris&lt;/b&gt;" in page


def test_html_is_shown_apart_where_nothing_of_it_can_act(
    manager: FlaskClient, world: World
) -> None:
    body = '<p>Hi, {name}</p><script>alert(1)</script><p onclick="x">x</p>'
    there = made(manager, world, is_html="y", body_en=body)
    letter = manager.get(f"{there}letter?as=boris")
    assert letter.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "<p>Hi, &lt;b&gt;Boris&lt;/b&gt;</p>" in letter.text
    assert "alert" not in letter.text
    assert "onclick" not in letter.text


@pytest.mark.parametrize(
    "said",
    [
        {"subject_en": "", "body_en": ""},
        {"body_en": "{secret}"},
        {"to": "chosen", "refcodes": ""},
        {"to": "chosen", "refcodes": "nobody"},
        {"pace": "0"},
        {"pace": "x"},
        {"least": "NaN"},
        {"group": "999999"},
        {"sales": "'; drop"},
        {"days": "0"},
        {"subject_en": "a\x00b"},
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_input_kept(
    manager: FlaskClient, world: World, said: dict[str, str]
) -> None:
    answer = manager.post(world.lampa.office("mailings/new"), data=FORM | said)
    assert answer.status_code == 422
    if "body_en" not in said:
        assert "Hello, {name}." in answer.text


def test_a_mailing_that_goes_can_be_held_and_not_written_anew(
    app: App, manager: FlaskClient, world: World
) -> None:
    there = made(manager, world)
    assert manager.post(f"{there}pause").status_code == 409
    assert manager.post(f"{there}start", data={"at": "2020-01-01T10:00"}).status_code == 422
    assert manager.post(f"{there}start", data={"at": ""}).status_code == 303
    assert manager.post(f"{there}edit", data=FORM).status_code == 409
    assert manager.post(f"{there}discard").status_code == 409
    assert manager.post(f"{there}pause").status_code == 303
    assert manager.post(f"{there}resume").status_code == 303
    assert manager.post(f"{there}stop").status_code == 303
    assert manager.post(f"{there}resume").status_code == 409
    with app.app_context():
        states = jobs.in_transaction(lambda: [m.state for m in _all()], world.lampa.id)
    assert states == ["stopped"]


def _all() -> list[Mailing]:
    return list(db.session.scalars(queries.listed()))


def test_fields_that_are_not_in_the_form_change_nothing(
    app: App, manager: FlaskClient, world: World
) -> None:
    made(manager, world, state="done", written="5", tenant_id=str(world.kniga.id), created_by="x")
    with app.app_context():
        found = jobs.in_transaction(
            lambda: [(m.state, m.written, m.tenant_id) for m in _all()], world.lampa.id
        )
    assert found == [("draft", 0, world.lampa.id)]


def test_support_may_not_write_to_partners(app: App, client: FlaskClient, world: World) -> None:
    sign_in(client, world.lampa.staff["support"])
    assert client.get(world.lampa.office("mailings/")).status_code == 403
    assert client.post(world.lampa.office("mailings/new"), data=FORM).status_code == 403


def picked(manager: FlaskClient, world: World, **said: Any) -> str:
    """Choose "Write to them" under the list of partners; returns the form's address."""
    answer = manager.post(world.lampa.office("partners/bulk"), data={"act": "letter"} | said)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def audience(app: App, world: World) -> list[str]:
    with app.app_context():
        return jobs.in_transaction(
            lambda: [p.refcode for m in _all() for p in queries.first(m.wishes)], world.lampa.id
        )


def test_those_ticked_in_the_list_are_written_to(
    app: App, manager: FlaskClient, world: World
) -> None:
    there = picked(manager, world, scope="ticked", partner=["boris"])
    form = manager.get(there).text
    assert 'value="boris"' in form
    made(manager, world, to="chosen", refcodes="boris")
    assert audience(app, world) == ["boris"]


def test_all_that_the_list_shows_are_written_to_whoever_joins_later(
    app: App, manager: FlaskClient, world: World
) -> None:
    there = picked(manager, world, scope="all", query="q=anna&sort=name")
    assert "1 partner whom the list shows" in manager.get(there).text
    page = made(manager, world, to="listed", listed="q=anna&sort=name")
    with app.app_context():
        scene.make_partner(world.lampa, "Anna the second", email="second@example.org")
    assert audience(app, world) == ["anna"]
    assert "1 partner whom the list showed" in manager.get(page).text
    # Changed later, it still goes to the same.
    again = manager.post(f"{page}edit", data=FORM | {"to": "listed", "subject_en": "Other"})
    assert again.status_code == 303
    assert audience(app, world) == ["anna"]


@pytest.mark.parametrize("listed", ["q=nobody-of-this-name", "q=%00", "cursor=x&q=zzz"])
def test_a_list_that_shows_nobody_is_refused(
    manager: FlaskClient, world: World, listed: str
) -> None:
    said = FORM | {"to": "listed", "listed": listed if "%" not in listed else "q=\x00zzz"}
    answer = manager.post(world.lampa.office("mailings/new"), data=said)
    assert answer.status_code in {400, 422}
    assert (
        manager.post(world.lampa.office("mailings/new"), data=FORM | {"to": "listed"}).status_code
        == 422
    )


def test_a_list_shows_no_partner_of_another_merchant(
    app: App, manager: FlaskClient, world: World
) -> None:
    with app.app_context():
        scene.make_partner(world.kniga, "Zoya", refcode="zoya")
    said = FORM | {"to": "listed", "listed": "q=zoya"}
    assert manager.post(world.lampa.office("mailings/new"), data=said).status_code == 422
