from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from app import create_app
from app.installation import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App

NUMBER = 1_790_000_000_000_000_000


@pytest.fixture
def letter(app: App) -> Iterator[None]:
    with app.app_context():
        folder = settings().var_dir / "mail"
    folder.mkdir(exist_ok=True)
    message = EmailMessage()
    message["Subject"] = "Привет <b>Анна</b>"
    message["From"] = "Lampa <no-reply@localhost>"
    message["To"] = "anna@example.org"
    message["Message-ID"] = "<ev_1.1@localhost>"
    message.set_content("Открыть:\nhttp://localhost/password?token=a&purpose=welcome\n")
    message.add_alternative("<p>Hello</p><script>alert(1)</script>", subtype="html")
    found = folder / f"{NUMBER}.eml"
    found.write_bytes(message.as_bytes())
    yield
    found.unlink()


def test_the_mailbox_lists_letters(client: FlaskClient, letter: None) -> None:
    text = client.get("/dev/mailbox/").text
    assert f"/dev/mailbox/{NUMBER}" in text
    assert "Привет &lt;b&gt;Анна&lt;/b&gt;" in text
    assert "When, UTC" in text
    assert "When, UTC" in client.get(f"/dev/mailbox/{NUMBER}").text


def test_a_letter_is_shown_in_a_frame_that_can_do_nothing(
    client: FlaskClient, letter: None
) -> None:
    answer = client.get(f"/dev/mailbox/{NUMBER}")
    assert "sandbox" in answer.text
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert 'href="http://localhost/password?token=a&amp;purpose=welcome"' in answer.text
    assert "alert(1)" not in answer.text
    framed = client.get(f"/dev/mailbox/{NUMBER}/html")
    assert framed.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("name", ["1", "../../etc/passwd", "x"])
def test_what_is_no_letter_is_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/dev/mailbox/{name}").status_code == 404


def test_there_is_no_mailbox_in_production(app: App) -> None:
    with app.app_context():
        config = replace(settings(), env="production", redis_url="", trusted_hosts=("x.example",))
    made = create_app(config)
    assert "mailbox" not in made.blueprints
