from __future__ import annotations

import socket
import threading
from email.utils import formataddr
from typing import TYPE_CHECKING

import pytest

from app import jobs
from app.notifications import delivery, service
from app.notifications.letters import Letter
from app.outcomes import Fate
from tests.notifications import scene
from tests.notifications.scene import message_ids, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

WAIT = 60.0
NAME = "Лампа, Inc.: лампы, светильники и всё, что светит в темноте"
LETTER = Letter(
    sender=formataddr((NAME, "no-reply@localhost")),
    to="anna@example.org",
    subject="Вам начислено 1 990,00 ₽",
    text="Здравствуйте, Анна\n",
    html="<p>Здравствуйте, Анна</p>",
    headers={"Message-ID": "<ev_1.2@localhost>"},
    reply_to="shop@example.org",
)


@pytest.fixture
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


class BadServer:
    """A mail server that goes wrong at one point of the talk."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.taken = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        line, _address = self.listener.accept()
        with line:
            try:
                self._talk(line)
            except OSError:
                return

    def _talk(self, line: socket.socket) -> None:
        if self.script == "silent":
            self.over.wait(WAIT)
            return
        if self.script == "drip":
            while not self.over.wait(0.02):
                line.sendall(b"2")
            return
        line.sendall(b"220 hello\r\n")
        reader = line.makefile("rb")
        in_letter = False
        for raw in reader:
            if in_letter:
                if raw == b".\r\n":
                    in_letter = False
                    self.taken += 1
                    if self.script == "drop after DATA":
                        return
                    line.sendall(b"250 taken\r\n")
                continue
            word = raw[:4].upper()
            if word == b"QUIT" and self.script == "rude":
                return
            in_letter = word == b"DATA"
            line.sendall(self._answer(word))

    def _answer(self, word: bytes) -> bytes:
        wrong = {
            "no such address": (b"RCPT", b"550 no such address\r\n"),
            "try later": (b"RCPT", b"450 try later\r\n"),
            "bad sender": (b"MAIL", b"550 not you\r\n"),
        }
        if self.script in wrong and wrong[self.script][0] == word:
            return wrong[self.script][1]
        return b"354 go on\r\n" if word == b"DATA" else b"250 ok\r\n"

    def close(self) -> None:
        self.over.set()
        self.listener.close()
        self.thread.join(WAIT)


@pytest.fixture
def server(app: App, request: pytest.FixtureRequest) -> Iterator[BadServer]:
    bad = BadServer(request.param)
    mailman = app.extensions["mailman"]
    before, mailman.port = mailman.port, bad.port
    yield bad
    mailman.port = before
    bad.close()


@pytest.mark.usefixtures("_app")
def test_a_letter_arrives_whole_in_both_forms(mailbox: Mailbox) -> None:
    assert delivery.send(LETTER).fate is Fate.SENT
    (letter,) = mailbox.letters
    assert str(letter["Subject"]) == LETTER.subject
    assert letter["From"].addresses[0].display_name == NAME
    assert letter["From"].addresses[0].addr_spec == "no-reply@localhost"
    assert str(letter["Reply-To"]) == LETTER.reply_to
    assert letter["Message-ID"] == "<ev_1.2@localhost>"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().split() == LETTER.text.split()
    assert html.get_content().strip() == LETTER.html


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize(
    ("server", "fate", "taken"),
    [
        ("no such address", Fate.NEVER, 0),
        ("try later", Fate.LATER, 0),
        ("bad sender", Fate.LATER, 0),
        ("drop after DATA", Fate.LATER, 1),
        ("rude", Fate.SENT, 1),
    ],
    indirect=["server"],
)
def test_what_the_mail_server_says_decides(server: BadServer, fate: Fate, taken: int) -> None:
    outcome = delivery.send(LETTER)
    assert (outcome.fate, server.taken) == (fate, taken)
    assert (outcome.problem is None) is (fate is Fate.SENT)


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("server", ["silent", "drip"], indirect=True)
def test_a_slow_mail_server_is_cut_at_the_deadline(
    server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DEADLINE", 0.3)
    assert delivery.send(LETTER).fate is Fate.LATER


@pytest.mark.usefixtures("_app")
def test_a_mail_server_that_is_not_there_is_tried_later(app: App) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    mailman = app.extensions["mailman"]
    before, mailman.port = mailman.port, port
    try:
        assert delivery.send(LETTER).fate is Fate.LATER
    finally:
        mailman.port = before


@pytest.mark.usefixtures("_app")
def test_a_busy_server_costs_one_attempt_and_the_letter_comes_once(
    lampa: Merchant, mailbox: Mailbox
) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    jobs.drain()
    (message_id,) = message_ids(lampa, event_id)
    mailbox.refuse = "451 later"
    jobs.send_message(lampa.id, message_id)
    assert messages_of(lampa, event_id)[0][2:] == ("due", 1)
    mailbox.refuse = None
    scene.make_due(lampa, message_id)
    jobs.send_message(lampa.id, message_id)
    jobs.send_message(lampa.id, message_id)
    assert messages_of(lampa, event_id)[0][2:] == ("sent", 2)
    address = scene.address_of(lampa, partner_id)
    told = [letter for letter in mailbox.to(address) if "earned" in str(letter["Subject"])]
    assert len(told) == 1


@pytest.mark.usefixtures("_app")
def test_a_refused_address_ends_the_message(lampa: Merchant, mailbox: Mailbox) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    jobs.drain()
    (message_id,) = message_ids(lampa, event_id)
    mailbox.refuse = "550 spam"
    jobs.send_message(lampa.id, message_id)
    assert messages_of(lampa, event_id)[0][2:] == ("dead", 1)


@pytest.mark.usefixtures("_app")
def test_a_notice_muted_after_it_was_promised_does_not_leave(
    lampa: Merchant, mailbox: Mailbox
) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    jobs.drain()
    (message_id,) = message_ids(lampa, event_id)
    jobs.in_transaction(lambda: service.mute(partner_id, "commission.accrued"), lampa.id)
    jobs.send_message(lampa.id, message_id)
    assert messages_of(lampa, event_id)[0][2:] == ("dead", 1)
    assert mailbox.letters == []
