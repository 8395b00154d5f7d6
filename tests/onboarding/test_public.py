from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from app.extensions import db
from app.identity import queries, service
from tests.world import PASSWORD

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


def test_a_merchant_signs_up_and_comes_in_by_the_letter(app: App, client: FlaskClient) -> None:
    slug = f"igla-{secrets.token_hex(4)}"
    data = {
        "name": "Igla",
        "slug": slug,
        "email": f"owner@{slug}.example",
        "currency": "RUB",
        "locale": "en",
        "timezone": "Europe/Moscow",
    }
    assert client.get("/signup").status_code == 200
    assert client.post("/signup", data=data).status_code == 303
    assert client.get("/signup/done").status_code == 200
    with app.app_context():
        person = queries.by_email(data["email"])
        assert person is not None
        link = service.password_link(person.id, "invitation").removeprefix("http://localhost")
        db.session.rollback()
    client.get(link)
    answer = client.post("/password", data={"password": PASSWORD})
    assert answer.headers["Location"] == f"/{slug}/office/"
    assert client.get(f"/{slug}/office/settings/brand").status_code == 200
    assert client.post("/signup", data=data).status_code == 422


def test_a_sign_up_that_cannot_stand_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/signup", data={"name": "Igla", "slug": "-", "email": "x"})
    assert answer.status_code == 422
    assert 'value="Igla"' in answer.text
