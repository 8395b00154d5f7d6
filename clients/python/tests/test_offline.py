"""What needs no server: pauses, sums, signatures, what is tried again and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from partnerka import (
    Client,
    Conflict,
    Invalid,
    OrderHook,
    PartnerkaError,
    Policy,
    RateLimited,
    SignatureError,
    Unavailable,
    Unreachable,
    money,
    postback_url,
    sign,
    verify,
)

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
Answer = httpx.Response | Exception


class Server:
    """Answers each call with the next of a script, and keeps what was asked."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.asked: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.script.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def client(self, tries: int = 4) -> Client:
        http = httpx.Client(transport=httpx.MockTransport(self))
        policy = Policy(tries=tries)
        return Client("https://p.example", "sk", http=http, policy=policy, sleep=self.pauses.append)


def ok(body: Any = None) -> httpx.Response:
    return httpx.Response(200, json=body or {})


def problem(status: int, word: str = "", **headers: str) -> httpx.Response:
    body = {
        "type": f"urn:partnerka:problem:{word}" if word else "about:blank",
        "title": "No",
        "status": status,
        "detail": "It cannot be.",
        "errors": [{"field": "amount", "message": "Too much."}],
        "request_id": "r1",
    }
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    "once",
    [
        lambda: problem(500),
        lambda: problem(503),
        lambda: problem(429),
        lambda: problem(409, "in_flight"),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ReadTimeout("late"),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_key(once: Callable[[], Answer]) -> None:
    server = Server(once(), once(), ok({"id": "x"}))
    assert server.client().accrue("7", Decimal("5.00"), "A gift") == {"id": "x"}
    keys = {request.headers["Idempotency-Key"] for request in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1
    assert {request.content for request in server.asked} == {server.asked[0].content}


def test_two_calls_have_two_keys_and_ones_own_is_kept() -> None:
    server = Server(ok(), ok(), ok())
    client = server.client()
    client.accrue("7", "5.00", "A gift")
    client.accrue("7", "5.00", "A gift")
    client.accrue("7", "5.00", "A gift", idempotency_key="gift-7")
    first, second, third = (request.headers["Idempotency-Key"] for request in server.asked)
    assert first != second
    assert third == "gift-7"


def test_pauses_grow_and_heed_the_server() -> None:
    server = Server(problem(500), problem(429, **{"Retry-After": "7"}), problem(500), ok())
    server.client().merchant()
    first, second, third = server.pauses
    assert 0.25 <= first <= 0.5
    assert second == 7
    assert 1 <= third <= 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(422, "above_available"), Invalid),
        (problem(409, "payout_state"), Conflict),
        (problem(400), Invalid),
    ],
)
def test_what_cannot_pass_is_told_at_once(answer: httpx.Response, kind: type[Exception]) -> None:
    server = Server(answer)
    with pytest.raises(kind) as caught:
        server.client().ask_payout("anna", "1.00")
    assert len(server.asked) == 1
    error: Any = caught.value
    assert error.request_id == "r1"
    assert error.errors[0].field == "amount"
    assert error.code in {"above_available", "payout_state", ""}


@pytest.mark.parametrize("body", [b"<!doctype html><title>Shop</title>", b"", b"[]", b"\xff"])
def test_an_answer_that_is_not_the_servers_is_no_success(body: bytes) -> None:
    """A wrong address is often answered 200, with a page: by the shop, or by a proxy's sign-in."""
    server = Server(httpx.Response(200, content=body))
    with pytest.raises(Unreachable, match="no JSON object"):
        server.client().merchant()


def test_it_gives_up_after_all_tries_and_says_why() -> None:
    with pytest.raises(Unavailable):
        Server(problem(500), problem(500)).client(2).merchant()
    with pytest.raises(RateLimited):
        Server(problem(429), problem(429)).client(2).merchant()
    with pytest.raises(Unreachable):
        Server(httpx.ConnectError("x"), httpx.ConnectError("x")).client(2).merchant()
    with pytest.raises(Unavailable):
        Server(httpx.Response(502, text="<html>")).client(1).merchant()


def test_lists_are_read_page_by_page() -> None:
    server = Server(
        ok({"items": [{"id": 1}, {"id": 2}], "next": "2"}), ok({"items": [], "next": "9"}),
        ok({"items": [{"id": 3}], "next": None}),
    )  # fmt: skip
    assert [each["id"] for each in server.client().partners(status="active")] == [1, 2, 3]
    assert [request.url.params.get("cursor") for request in server.asked] == [None, "2", "9"]
    assert {request.url.params["status"] for request in server.asked} == {"active"}


def test_sums_are_never_floats() -> None:
    assert money(Decimal("1E+3")) == "1000"
    assert money("10.50") == "10.50"
    for wrong in (1.5, True, None):
        with pytest.raises(TypeError):
            money(wrong)  # type: ignore[arg-type]
    for endless in (Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match="finite"):
            money(endless)
    server = Server(ok())
    with pytest.raises(TypeError):
        server.client().put_order("1", {"shipping": 9.9})
    assert not server.asked


def test_a_time_without_an_offset_is_refused_wherever_it_stands() -> None:
    server = Server(ok())
    bare = datetime(2026, 12, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="offset"):
        server.client().accrue("77", "1.00", "A gift", expires_at=bare)
    assert not server.asked
    server.client().accrue("77", "1.00", "A gift", expires_at=bare.replace(tzinfo=UTC))
    assert json.loads(server.asked[0].content)["expires_at"] == "2026-12-01T00:00:00+00:00"


def test_bodies_hold_decimals_and_times_and_ids_stay_whole() -> None:
    server = Server(ok())
    at = datetime(2026, 11, 22, 9, 58, tzinfo=UTC)
    server.client().put_order("A/1 #2", {"created_at": at, "shipping": Decimal("300.00")})
    assert server.asked[0].url.raw_path == b"/api/v1/orders/A%2F1%20%232"
    assert json.loads(server.asked[0].content) == {
        "created_at": "2026-11-22T09:58:00+00:00",
        "shipping": "300.00",
    }
    with pytest.raises(ValueError, match="offset"):
        server.client().put_order("1", {"created_at": at.replace(tzinfo=None)})


def told(secret: str = SECRET, stamp: int = 1_790_000_000, body: bytes = b"") -> dict[str, str]:
    return {
        "Webhook-Id": "ev_1",
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": f"v1,bad {sign(secret, 'ev_1', stamp, body)}",
    }


def test_a_message_is_read_when_its_signature_holds() -> None:
    said = {"id": "ev_1", "type": "deal.changed", "timestamp": "t", "position": 5, "data": {"a": 1}}
    body = json.dumps(said).encode()
    event = verify(SECRET, told(body=body), body, now=1_790_000_100)
    assert (event.type, event.position, event.data) == ("deal.changed", 5, {"a": 1})


@pytest.mark.parametrize("late", [-301, 301])
def test_an_old_changed_or_foreign_message_is_refused(late: int) -> None:
    body = b'{"id": "1", "type": "t", "timestamp": "t", "position": 1, "data": {}}'
    now = 1_790_000_000
    with pytest.raises(SignatureError):
        verify(SECRET, told(body=body), body, now=now + late)
    with pytest.raises(SignatureError):
        verify(SECRET, told(body=body), body + b" ", now=now)
    with pytest.raises(SignatureError):
        verify("whsec_YWJj", told(body=body), body, now=now)
    with pytest.raises(SignatureError):
        verify(SECRET, {}, body, now=now)
    # Some servers hand on bytes that are no text.
    for name in ("webhook-id", "webhook-signature"):
        with pytest.raises(SignatureError):
            verify(SECRET, {**told(body=body), name: "\udcff"}, body, now=now)


def test_signatures_are_those_that_the_server_makes() -> None:
    good = "v1,nIL8ZKNvBj2rpeGdSCVWPi+b9TY/qY91MkgZuEE/B6s="
    assert sign(SECRET, "msg_1", 1_790_000_000, b'{"id": "A-1001"}') == good
    url = postback_url(
        "https://p.example", "lampa", SECRET, at=1_790_000_000, order="A 1001",
        amount=Decimal("1900.00"), currency="RUB", status="paid", click="ck_1",
    )  # fmt: skip
    assert url.endswith("&sig=292ffdb065185aaa854ec546ce257f0fffc545c06e62ce5175610f2d5575edc1")


def test_an_order_by_the_signed_webhook_keeps_its_id_at_each_try() -> None:
    server = Server(problem(503), httpx.ConnectError("x"), ok())
    http = httpx.Client(transport=httpx.MockTransport(server))
    hook = OrderHook(
        "https://p.example/hooks/signed/cn_1", SECRET, http=http, sleep=lambda _s: None
    )
    name = hook.send_order({"id": "A-1", "shipping": Decimal("1.00")})
    assert {request.headers["webhook-id"] for request in server.asked} == {name}
    last = server.asked[-1]
    stamp = int(last.headers["webhook-timestamp"])
    assert last.headers["webhook-signature"] == sign(SECRET, name, stamp, last.content)
    refusing = Server(problem(422))
    http = httpx.Client(transport=httpx.MockTransport(refusing))
    with pytest.raises(Invalid):
        OrderHook("https://p.example/h", SECRET, http=http).send_deleted("A-1")


@pytest.mark.parametrize("step", [".", ".."])
def test_an_id_is_no_step_in_the_address(step: str) -> None:
    server = Server(httpx.Response(200, json={}))
    with pytest.raises(ValueError, match="an id"):
        server.client().delete_webhook(step)
    assert server.asked == []


def test_a_server_that_gives_one_page_for_ever_is_left() -> None:
    same = {"items": [{"n": 1}], "next": "again"}
    server = Server(*[httpx.Response(200, json=same) for _ in range(5)])
    with pytest.raises(PartnerkaError, match="page"):
        list(server.client().partners())
    server = Server(*[httpx.Response(200, json=same) for _ in range(5)])
    with pytest.raises(PartnerkaError, match="page"):
        list(server.client().events())
