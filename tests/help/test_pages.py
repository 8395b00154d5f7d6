"""Help from any page: staff ask the platform, partners ask the merchant, and each is answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.events.models import Event
from app.extensions import db
from app.help import service
from app.help.rules import LONGEST, MOST_OPEN
from app.identity import service as identity
from app.notifications.models import Message
from app.tenancy import PLATFORM, tenant_scope
from tests.payouts.setting import partner
from tests.proofs.setting import committed
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant, World


def join(app: App, merchant: Merchant, name: str) -> FlaskClient:
    """Make a partner and sign in."""
    email = f"{name.lower()}@{merchant.slug}.example"

    def act() -> None:
        number = partner(name)
        person = identity.ensure_person(email, name)
        identity.change_password(person, PASSWORD)
        identity.join(person, merchant.id, "partner", number)

    committed(app, merchant, act)
    return sign_in(app.test_client(), email)


def asked(client: FlaskClient, address: str, **form: str) -> str:
    """Ask, and return the question's outside id."""
    answer = client.post(address, data={"kind": "support", "text": "How?", **form})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]


def test_staff_ask_from_a_page_and_the_operator_answers(
    app: App, world: World, client: FlaskClient
) -> None:
    lampa = world.lampa
    olga = sign_in(client, lampa.staff["accountant"])
    page = olga.get(lampa.office("payouts/")).text
    link = re.search(r'href="([^"]*/help/ask\?page=[^"]*)"', page)
    assert link
    form = olga.get(link[1].replace("&amp;", "&")).text
    assert f'value="{lampa.office("payouts/")}"' in form
    question = asked(
        olga, lampa.office("help/ask"), text="Where is the register?", page=lampa.office("payouts/")
    )
    assert "Where is the register?" in olga.get(lampa.office(f"help/{question}")).text

    operator = sign_in(app.test_client(), world.operator)
    listed = operator.get("/platform/help/").text
    assert question in listed
    assert lampa.slug in listed
    shown = operator.get(f"/platform/help/{question}").text
    assert lampa.office("payouts/") in shown
    done = operator.post(f"/platform/help/{question}/answer", data={"text": "On the run's page."})
    assert done.status_code == 303

    menu = olga.get(lampa.office("payouts/")).text
    assert re.search(r'/help/"[^>]*>.{0,400}?side-count">1<', menu, re.DOTALL)
    assert "On the run&#39;s page." in olga.get(lampa.office(f"help/{question}")).text
    menu = olga.get(lampa.office("payouts/")).text
    assert not re.search(r'office/help/"[^>]*>.{0,200}?side-count', menu, re.DOTALL)


def test_a_partner_asks_and_the_merchants_staff_answer(
    app: App, lampa: Merchant, kniga: Merchant, client: FlaskClient
) -> None:
    anna = join(app, lampa, "Anna")
    question = asked(anna, lampa.cabinet("help/"), kind="idea", text="A darker lamp")
    support = sign_in(client, lampa.staff["support"])
    assert "Anna" in support.get(lampa.office("help/partners/")).text
    assert "A darker lamp" in support.get(lampa.office(f"help/partners/{question}")).text
    sent = support.post(lampa.office(f"help/partners/{question}/answer"), data={"text": "Soon"})
    assert sent.status_code == 303
    assert "side-count" in anna.get(lampa.cabinet("account/")).text
    assert "Soon" in anna.get(lampa.cabinet(f"help/{question}")).text
    assert "side-count" not in anna.get(lampa.cabinet("account/")).text
    # Nobody else reads it: no other partner, no other merchant, not the platform.
    boris = join(app, lampa, "Boris")
    assert boris.get(lampa.cabinet(f"help/{question}")).status_code == 404
    stranger = sign_in(app.test_client(), kniga.staff["owner"])
    assert stranger.get(kniga.office(f"help/partners/{question}")).status_code == 404
    developer = sign_in(app.test_client(), lampa.staff["developer"])
    assert developer.get(lampa.office(f"help/partners/{question}")).status_code == 403


def test_a_thread_goes_on_closes_and_opens_again(
    app: App, world: World, client: FlaskClient
) -> None:
    lampa = world.lampa
    olga = sign_in(client, lampa.staff["owner"])
    question = asked(olga, lampa.office("help/ask"))
    operator = sign_in(app.test_client(), world.operator)
    assert operator.post(f"/platform/help/{question}/close").status_code == 303
    answer = {"text": "Too late"}
    assert operator.post(f"/platform/help/{question}/answer", data=answer).status_code == 409
    assert operator.post(f"/platform/help/{question}/reopen").status_code == 303
    assert operator.post(f"/platform/help/{question}/reopen").status_code == 409
    assert operator.post(f"/platform/help/{question}/answer", data={"text": ""}).status_code == 422
    assert (
        operator.post(f"/platform/help/{question}/answer", data={"text": "Yes"}).status_code == 303
    )
    assert olga.post(lampa.office(f"help/{question}/close")).status_code == 303
    said = olga.post(lampa.office(f"help/{question}/say"), data={"text": "Still broken"})
    assert said.status_code == 303
    assert "Still broken" in operator.get("/platform/help/" + question).text
    with app.app_context(), tenant_scope(PLATFORM):
        assert service.find(question).state == "open"
        db.session.rollback()


def test_a_team_reads_its_own_questions_and_no_other_teams(
    app: App, world: World, client: FlaskClient
) -> None:
    lampa, kniga = world.lampa, world.kniga
    developer = sign_in(client, lampa.staff["developer"])
    question = asked(developer, lampa.office("help/ask"))
    support = sign_in(app.test_client(), lampa.staff["support"])
    assert support.get(lampa.office(f"help/{question}")).status_code == 200
    stranger = sign_in(app.test_client(), kniga.staff["owner"])
    assert stranger.get(kniga.office(f"help/{question}")).status_code == 404
    theirs = kniga.office(f"help/{question}/say")
    assert stranger.post(theirs, data={"text": "x"}).status_code == 404
    assert support.get(lampa.office(f"help/partners/{question}")).status_code == 404


@pytest.mark.parametrize(
    "bad",
    [
        {"text": ""},
        {"text": "x" * (LONGEST + 1)},
        {"kind": "money", "text": "x"},
        {"text": "a\x00b"},
        {"text": "\ud800", "page": "/"},
    ],
)
def test_bad_questions_are_refused_with_what_was_typed(
    lampa: Merchant, client: FlaskClient, bad: dict[str, str]
) -> None:
    olga = sign_in(client, lampa.staff["owner"])
    form = {"kind": "support", **bad}
    if "\ud800" in form["text"]:
        form["text"] = form["text"].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        assert olga.post(lampa.office("help/ask"), data=form).status_code == 303
        return
    assert olga.post(lampa.office("help/ask"), data=form).status_code == 422


def test_a_hostile_page_address_is_dropped(app: App, world: World, client: FlaskClient) -> None:
    olga = sign_in(client, world.lampa.staff["owner"])
    question = asked(olga, world.lampa.office("help/ask"), page="https://evil.example/?x")
    operator = sign_in(app.test_client(), world.operator)
    assert "evil.example" not in operator.get(f"/platform/help/{question}").text


def test_who_asks_without_end_waits(app: App, lampa: Merchant, client: FlaskClient) -> None:
    olga = sign_in(client, lampa.staff["owner"])
    for _ in range(MOST_OPEN):
        asked(olga, lampa.office("help/ask"))
    once_more = olga.post(lampa.office("help/ask"), data={"kind": "idea", "text": "x"})
    assert once_more.status_code == 409


def test_both_sides_are_written_to(
    app: App, world: World, client: FlaskClient, mailbox: Mailbox
) -> None:
    lampa = world.lampa
    olga = sign_in(client, lampa.staff["manager"])
    question = asked(olga, lampa.office("help/ask"), text="Where is the register?")
    anna = join(app, lampa, "Anna")
    theirs = asked(anna, lampa.cabinet("help/"), text="When am I paid?")
    deliver(app, PLATFORM, lampa.id)
    told_operator = [plain(letter) for letter in mailbox.to(world.operator.email)]
    [words] = [each for each in told_operator if f"/platform/help/{question}" in each]
    assert "Where is the register?" in words
    [told] = [m for m in mailbox.to(lampa.staff["support"].email) if "question" in m["Subject"]]
    assert "When am I paid?" in plain(told)
    assert mailbox.to(lampa.staff["accountant"].email) == []

    operator = sign_in(app.test_client(), world.operator)
    operator.post(f"/platform/help/{question}/answer", data={"text": "On its page"})
    support = sign_in(app.test_client(), lampa.staff["support"])
    support.post(lampa.office(f"help/partners/{theirs}/answer"), data={"text": "On Friday"})
    deliver(app, PLATFORM, lampa.id)
    [back] = [m for m in mailbox.to(lampa.staff["manager"].email) if "answer" in m["Subject"]]
    words = plain(back)
    assert "On its page" in words
    assert lampa.office(f"help/{question}") in words
    with app.app_context(), lampa.scope():
        types = db.session.scalars(select(Event.type).where(Event.type.like("question.%"))).all()
        db.session.rollback()
    assert sorted(types) == ["question.answered", "question.asked"]


def plain(letter: Any) -> str:
    return str(letter.get_body(("plain",)).get_content())


def deliver(app: App, *tenants: int) -> None:
    """Send what these tenants promised; what other tests left is not ours."""
    with app.app_context():
        jobs.drain()
        due = select(Message.id).where(Message.state == "due").order_by(Message.id.desc()).limit(20)

        def look() -> list[int]:
            return list(db.session.scalars(due))

        for tenant in tenants:
            for message in jobs.in_transaction(look, tenant):
                jobs.send_message(tenant, message)


def waits(client: FlaskClient, address: str) -> list[str]:
    """Return the numbers beside the menu's line of help."""
    line = re.search(r'<a[^>]*/help/"[^>]*>(.*?)</a>', client.get(address).text, re.DOTALL)
    assert line
    return re.findall(r"\b\d+\b", re.sub(r"<svg.*?</svg>", "", line[1], flags=re.DOTALL))


def test_an_answer_shows_in_the_menu_of_who_asked_until_it_is_opened(
    app: App, world: World, client: FlaskClient
) -> None:
    lampa = world.lampa
    olga = sign_in(client, lampa.staff["manager"])
    mine = asked(olga, lampa.office("help/ask"))
    anna = join(app, lampa, "Anna")
    theirs = asked(anna, lampa.cabinet("help/"))
    operator = sign_in(app.test_client(), world.operator)
    support = sign_in(app.test_client(), lampa.staff["support"])
    for _twice in range(2):
        operator.post(f"/platform/help/{mine}/answer", data={"text": "So"})
        support.post(lampa.office(f"help/partners/{theirs}/answer"), data={"text": "So"})
    assert waits(olga, lampa.office("help/ask")) == ["1"]
    assert waits(anna, lampa.cabinet("help/")) == ["1"]
    assert waits(support, lampa.office("help/ask")) == []
    olga.get(lampa.office(f"help/{mine}"))
    anna.get(lampa.cabinet(f"help/{theirs}"))
    assert waits(olga, lampa.office("help/ask")) == []
    assert waits(anna, lampa.cabinet("help/")) == []
