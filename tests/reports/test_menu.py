"""The frame around every page costs little: lists stay within six statements, the menu's numbers included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from app.extensions import db
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

# Who comes in, and to whom: asked before any page.
DOOR = ("set_config", "FROM session", "FROM membership", "FROM directory", "UPDATE session")
WHO = ("FROM tenant", "FROM person")


@pytest.mark.parametrize(
    "name", ["orders", "partners", "deals", "customers", "payouts", "products"]
)
def test_a_list_asks_at_most_six_statements(
    app: App, lampa: Merchant, client: FlaskClient, name: str
) -> None:
    owner = sign_in(client, lampa.staff["owner"])
    owner.get(lampa.office(f"{name}/"))
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not any(word in statement for word in (*DOOR, *WHO)) and statement != ";":
            asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    assert owner.get(lampa.office(f"{name}/")).status_code == 200
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) <= 6, "\n".join(asked)
