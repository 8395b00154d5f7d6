"""F18 and F19 for every kind of shop that calls us: what is not proven changes nothing, whatever it looks like."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.extensions import db
from app.partners.service import NewPartner, create
from tests.shops.senders import KINDS, Delivery, Line, open_line

if TYPE_CHECKING:
    from app.application import App
    from tests.world import World

OTHERS = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
Forge = Callable[[Line, Delivery], Delivery]


@pytest.fixture(params=sorted(KINDS))
def line(request: pytest.FixtureRequest, app: App, world: World) -> Line:
    """An open connection of Lampa's; Anna has the code ANNA10."""
    with app.app_context():
        with world.lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    return open_line(app, world.lampa, request.param)


def _tampered(line: Line, good: Delivery) -> Delivery:
    if line.kind == "tilda":  # nothing is signed there but that who calls knows the secret
        return replace(good, query="key=guessed")
    return replace(good, body=good.body.replace(b"500.00", b"900.00"))


FORGED: dict[str, Forge] = {
    "no signature": lambda _line, good: good.without_signature(),
    "an empty one": lambda _line, good: good.with_signature(lambda _said: ""),
    "a truncated one": lambda _line, good: good.with_signature(lambda said: said[:-4]),
    "of another secret": lambda line, good: line.sign(good.body, OTHERS),
    "a wrong algorithm's tag": lambda _line, good: good.with_signature(
        lambda said: "v2," + said.removeprefix("v1,")
    ),
    "hexadecimal": lambda _line, good: good.with_signature(
        lambda said: base64.b64encode(said.encode()).hex()
    ),
    "no ASCII": lambda _line, good: good.with_signature(lambda _said: "\u00e9\u00e9"),
    "two, both wrong": lambda _line, good: good.with_signature(
        lambda said: f"v1,{said[:-2]} v1,{said[:-3]}"
    ),
    "another body": _tampered,
    "an empty body": lambda line, good: (
        good.without_signature() if line.kind == "tilda" else replace(good, body=b"")
    ),
    "half a body": lambda line, good: (
        replace(good, body=good.body[:-9], query="key=") if line.kind == "tilda"
        else replace(good, body=good.body[:-9])
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_f19_what_is_forged_is_refused_and_changes_nothing(line: Line, name: str) -> None:
    assert line.send(line.order(1000, "100.00")).status_code == 200
    before = line.orders()
    assert before["1000"][2] == [(1000, 0)]
    answer = line.send(FORGED[name](line, line.order()))
    assert answer.status_code == 403
    assert answer.json["type"] == "urn:partnerka:problem:bad_signature"
    assert line.orders() == before


def test_f19_a_good_one_of_the_same_order_is_taken(line: Line) -> None:
    assert line.send(line.order()).status_code == 200
    assert line.orders() == {"1001": ("agreed", 50000, [(5000, 0)])}


def test_f19_a_connections_secret_opens_no_other_connection(
    app: App, line: Line, world: World
) -> None:
    other = open_line(app, world.kniga, line.kind)
    assert other.secret != line.secret
    assert other.send(line.order()).status_code == 403
    assert other.orders() == {}


def test_f18_a_replay_of_what_was_captured_changes_nothing(line: Line) -> None:
    """The first word of an order, sent once more after the second: no time is turned back."""
    captured = line.order()
    assert line.send(captured).status_code == 200
    before = line.orders()
    for _time in range(3):
        assert line.send(captured).status_code in {200, 409}
    assert line.orders() == before


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-WC-Webhook-Topic", "order.deleted"), ("X-WC-Webhook-Topic", "order.fetched"),
     ("X-Shopify-Topic", "orders/delete"), ("X-Shopify-Topic", "order.fetched"),
     ("X-Shopify-Webhook-Id", "another"), ("webhook-id", "msg_other"), ("webhook-timestamp", "1")],
)  # fmt: skip
def test_f19_a_header_that_was_tampered_with_makes_nothing_else_of_a_message(
    line: Line, header: str, value: str
) -> None:
    """A captured order under the topic of a deletion is an order still, or nothing at all."""
    captured = line.order()
    if header not in captured.headers:
        return
    assert line.send(captured).status_code == 200
    before = line.orders()
    line.send(replace(captured, headers={**captured.headers, header: value}))
    assert line.orders() == before


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"1", b'"x"', b"{}", b"\xff\xfe", b'{"id": {}}', b"[" * 2000]
)
def test_what_is_proven_and_no_order_books_nothing_and_breaks_nothing(
    line: Line, body: bytes
) -> None:
    assert line.send(line.sign(body)).status_code in {200, 400, 422}
    assert line.orders() == {}
    assert line.send(line.order()).status_code == 200
    assert line.orders()["1001"][0] == "agreed"
