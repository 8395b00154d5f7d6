"""A 1C-Bitrix portal over HTTP on loopback, after its documentation: nobody of us has met a running one.

It counts in seconds, writes times with its own offset, pages by fifty, runs batches one call after another,
deletes every property value that a write leaves out, numbers properties anew for each type of payer, has
both of its limits, and sends events as forms whose only proof is a word.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

from tests.shops.fake_bitrix_methods import Methods, Refused, from_query

USER, CODE = "1", "x7k2abc9def0ghij"
TOKEN = "51856fefc120afa4b628cc82d3935cce"
OFFSET = timezone(timedelta(hours=3))
EMAIL, PHONE, FIO, DOC, WISHES, EMPTY = "EMAIL", "PHONE", "FIO", "DOC", "WISHES", "FLOOR"
Send = Callable[[str, bytes, dict[str, str]], int]
Row = dict[str, Any]


@dataclass
class FakePortal(Methods):
    """The portal's state, and what its staff and customers do in it."""

    send: Send
    currency: str = "RUB"
    orders: dict[int, Row] = field(default_factory=dict)
    properties: dict[int, Row] = field(default_factory=dict)
    groups: dict[int, Row] = field(default_factory=dict)
    types: dict[int, Row] = field(default_factory=dict)
    products: dict[int, Row] = field(default_factory=dict)
    offers: dict[int, Row] = field(default_factory=dict)
    sections: dict[int, Row] = field(default_factory=dict)
    files: dict[str, Row] = field(default_factory=dict)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    sent: list[tuple[str, int]] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)  # every call, those in batches too
    requests: list[str] = field(default_factory=list)
    troubles: list[tuple[int, Any]] = field(default_factory=list)
    meanwhile: list[tuple[str, str, Callable[[], None]]] = field(default_factory=list)
    scopes: set[str] = field(default_factory=lambda: {"sale", "catalog"})
    handler: str = ""  # where events go
    lose: bool = False
    swallow: int = 0  # writes that are done and whose answers are lost
    no_batch_writes: bool = False
    no_batch: bool = False  # at all
    room: int | None = None  # calls until the bucket is full
    spent: dict[str, float] = field(default_factory=dict)  # seconds by method
    cost: float = 0.0
    allowed: float = 480.0

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.number = 1000
        self.moved = timedelta(0)
        self.reset_at = int(datetime.now(UTC).timestamp()) + 300
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *said: Any) -> None:
                """Say nothing."""

            def _do(self) -> None:
                outer.serve(self)

            do_GET = do_POST = _do  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.place}"
        self.webhook = f"{self.url}/rest/{USER}/{CODE}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        for name in ("Физическое лицо", "Юридическое лицо"):
            self.add_type(name)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # --- what people do in the portal

    def now(self) -> str:
        return (datetime.now(OFFSET) + self.moved).isoformat(timespec="seconds")

    def wait(self, seconds: int = 2) -> None:
        """Let time pass in the portal, which counts in seconds."""
        self.moved += timedelta(seconds=seconds)

    def next(self) -> int:
        self.number += 1
        return self.number

    def add_type(self, name: str) -> int:
        """Have another type of payer, with properties of its own."""
        number, group = self.next(), self.next()
        self.types[number] = {"id": number, "name": name, "sort": "100", "active": "Y"}
        self.groups[group] = {
            "id": group,
            "name": "Личные данные",
            "personTypeId": number,
            "sort": 1,
        }
        self.add_property(number, group, FIO, isPayer="Y")
        self.add_property(
            number, group, "CONTACT_MAIL", isEmail="Y"
        )  # by its flag, not by its code
        self.add_property(number, group, PHONE, isPhone="Y")
        self.add_property(number, group, DOC, type="FILE")
        self.add_property(number, group, WISHES, multiple="Y")
        self.add_property(number, group, EMPTY)
        return number

    def add_property(self, person_type: int, group: int, code: str, **more: Any) -> int:
        number = self.next()
        self.properties[number] = {
            "id": number, "personTypeId": person_type, "propsGroupId": group, "code": code,
            "name": code.title(), "type": "STRING", "active": "Y", "util": "N", "multiple": "N",
            "isEmail": "N", "isPhone": "N", "isPayer": "N", "xmlId": "", "sort": 100, **more,
        }  # fmt: skip
        return number

    def add_file(self, name: str) -> str:
        number = str(self.next())
        self.files[number] = {
            "id": number, "fileName": name, "originalName": name, "contentType": "image/jpeg",
            "src": f"/upload/sale/{name}", "fileSize": "84058", "moduleId": "sale",
        }  # fmt: skip
        return number

    def add_section(self, name: str, parent: int | None = None) -> int:
        number = self.next()
        self.sections[number] = {
            "id": number,
            "name": name,
            "iblockId": 23,
            "iblockSectionId": parent,
        }
        return number

    def add_product(self, name: str, section: int | None = None) -> int:
        number = self.next()
        self.products[number] = {
            "id": number, "iblockId": 23, "name": name, "active": "Y", "iblockSectionId": section,
            "type": 1, "timestampX": self.now(),
        }  # fmt: skip
        return number

    def add_offer(self, name: str, product: int) -> int:
        number = self.next()
        self.offers[number] = {
            "id": number, "iblockId": 24, "name": name, "active": "Y", "iblockSectionId": None,
            "type": 4, "timestampX": self.now(), "parentId": {"value": str(product), "valueId": "1"},
        }  # fmt: skip
        return number

    def place_order(
        self, product: int = 348, price: float = 1000, *, coupon: str = "", status: str = "N",
        person_type: int | None = None, email: str = "ivan@example.test", **more: Any,
    ) -> int:  # fmt: skip
        """Let somebody buy one thing with delivery for 300."""
        number, now = self.next(), self.now()
        kind = person_type or min(self.types)
        self.orders[number] = {
            "id": number, "accountNumber": f"A-{number}", "statusId": status, "canceled": "N",
            "payed": "N", "currency": self.currency, "price": price + 300, "dateInsert": now,
            "dateUpdate": now, "dateStatus": now, "dateCanceled": None, "personTypeId": kind,
            "userId": 77, "lid": "s1", "userDescription": "домофон 12", "lockedBy": "",
            "basketItems": [self.item(product, price, coupon=coupon)],
            "payments": [self.payment(price + 300)],
            "shipments": [{"id": self.next(), "priceDelivery": 300, "canceled": "N", "system": "N"}],
            "clients": [], "values": {}, **more,
        }  # fmt: skip
        for code, value in ((FIO, "Иван Петров"), ("CONTACT_MAIL", email), (PHONE, "+79161234567"),
                            (WISHES, ["в подарок", "без звонка"])):  # fmt: skip
            self.orders[number]["values"][self.id_of(code, kind)] = value
        self.tell(number)
        return number

    def item(self, product: int, price: float, *, coupon: str = "", **more: Any) -> Row:
        return {
            "id": str(self.next()), "productId": product, "name": "Лампа", "quantity": 1,
            "basePrice": price, "price": price, "discountPrice": 0, "discountCoupon": coupon,
            "vatRate": None, "vatIncluded": "Y", "type": "", "setParentId": "", **more,
        }  # fmt: skip

    def payment(self, total: float, **more: Any) -> Row:
        return {
            "id": self.next(),
            "sum": total,
            "paid": "N",
            "isReturn": "N",
            "datePaid": None,
            **more,
        }

    def id_of(self, code: str, person_type: int) -> int:
        """Return the id of a property of a type of payer, by its code or its external id."""
        for each in self.properties.values():
            if each["personTypeId"] == person_type and code in {each["code"], each["xmlId"]}:
                return int(each["id"])
        raise LookupError(code)

    def set_value(self, number: int, code: str, value: Any) -> None:
        """Staff fill in a property on the order's card, and save."""
        order = self.orders[number]
        order["values"][self.id_of(code, order["personTypeId"])] = value
        self.touch(number)

    def value(self, number: int, code: str) -> Any:
        order = self.orders[number]
        return order["values"].get(self.id_of(code, order["personTypeId"]))

    def card(self, number: int) -> dict[str, str]:
        """Return our six fields as staff see them, those that hold anything."""
        order, found = self.orders[number], {}
        for each in self.properties.values():
            mine = each["personTypeId"] == order["personTypeId"]
            if mine and each["xmlId"].startswith("partnerka_") and order["values"].get(each["id"]):
                found[each["xmlId"].removeprefix("partnerka_")] = order["values"][each["id"]]
        return found

    def change(self, number: int, **fields: Any) -> None:
        self.orders[number].update(fields)
        if "statusId" in fields:
            self.orders[number]["dateStatus"] = self.now()
        self.touch(number)

    def pay(self, number: int) -> None:
        for each in self.orders[number]["payments"]:
            if each["isReturn"] == "N":
                each.update(paid="Y", datePaid=self.now())
        self.change(number, payed="Y")

    def give_back(self, number: int, place: int = 0, how: str = "P") -> None:
        """Return a payment: it is then unpaid and marked."""
        self.orders[number]["payments"][place].update(paid="N", isReturn=how)
        self.change(number, payed="N")

    def touch(self, number: int) -> None:
        self.orders[number]["dateUpdate"] = self.now()
        self.tell(number)

    def delete(self, number: int) -> None:
        self.tell(number, "ONSALEBEFOREORDERDELETE")
        del self.orders[number]
        self.tell(number, "ONORDERDELETED")

    # --- events

    def tell(self, number: int, event: str = "ONSALEORDERSAVED") -> None:
        if self.handler:
            self.waiting.append((event, number))

    def deliver(self) -> int:
        count = 0
        while self.waiting:
            event, number = self.waiting.pop(0)
            if not self.lose:
                self.post(event, number)
                count += 1
        return count

    def post(self, event: str, number: int | str, token: str = TOKEN) -> int:
        form = {
            "event": event, "event_handler_id": "1", "data[FIELDS][ID]": str(number),
            "data[FIELDS][XML_ID]": "", "data[FIELDS][ACTION]": "save", "ts": "1714649632",
            "auth[domain]": self.place, "auth[client_endpoint]": f"{self.url}/rest/",
            "auth[member_id]": "a223c6b3710f85df22e9377d6c4f7553",
            "auth[application_token]": token,
        }  # fmt: skip
        self.sent.append((event, int(number)))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "Bitrix24 Webhook Engine",
        }
        return self.send(self.handler, urlencode(form).encode(), headers)

    # --- the REST interface

    def writes(self, method: str = "sale.propertyvalue.modify") -> list[Any]:
        return [said for name, said in self.asked if name == method]

    def serve(self, talk: BaseHTTPRequestHandler) -> None:
        raw = talk.rfile.read(int(talk.headers.get("Content-Length") or 0))
        with self.lock:
            before = len(self.writes())
            status, said = self.answer(talk.path, raw)
            if self.swallow and len(self.writes()) > before:
                self.swallow -= 1
                talk.connection.close()
                return
        body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        talk.send_response(status)
        talk.send_header("Content-Type", "application/json; charset=utf-8")
        talk.send_header("Content-Length", str(len(body)))
        talk.end_headers()
        talk.wfile.write(body)

    def answer(self, path: str, raw: bytes) -> tuple[int, Any]:
        if self.troubles:
            return self.troubles.pop(0)
        parts = path.partition("?")[0].strip("/").split("/")
        if len(parts) != 4 or parts[0] != "rest":
            return 404, "<html>Страница не найдена</html>"
        method = parts[3].removesuffix(".json")
        try:
            self.admit(parts[1:3])
            self.requests.append(method)
            said = json.loads(raw) if raw else {}
            found = self.batch(said) if method == "batch" else self.one(method, said)
        except Refused as refused:
            return refused.status, {"error": refused.code, "error_description": refused.words}
        return 200, {**found, "time": self.time(method)}

    def admit(self, hook: list[str]) -> None:
        if hook != [USER, CODE]:
            raise Refused(401, "NO_AUTH_FOUND", "Wrong authorization data")
        self.room = None if self.room is None else self.room - 1
        if (self.room or 0) < 0:
            raise Refused(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")

    def time(self, method: str) -> Row:
        stamp = datetime.now(UTC).timestamp()
        return {
            "start": stamp, "finish": stamp, "duration": 0.1, "processing": 0.1,
            "date_start": self.now(), "date_finish": self.now(),
            "operating_reset_at": self.reset_at, "operating": self.spent.get(method, 0.0),
        }  # fmt: skip

    def one(self, method: str, said: Row) -> Row:
        """Carry out one call: scope, its budget of time, what happens meanwhile."""
        scope = method.partition(".")[0]
        if scope in {"sale", "catalog"} and scope not in self.scopes:
            raise Refused(403, "insufficient_scope", "The request requires higher privileges")
        if self.spent.get(method, 0.0) > self.allowed:
            raise Refused(
                429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."
            )
        self.spent[method] = self.spent.get(method, 0.0) + self.cost
        handle = getattr(self, "do_" + method.replace(".", "_").lower(), None)
        if handle is None:
            raise Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        self.happen("before", method)
        self.asked.append((method, deepcopy(said)))
        found: Row = deepcopy(handle(said))
        self.happen("after", method)
        return found

    def happen(self, when: str, method: str) -> None:
        for each in [e for e in self.meanwhile if e[:2] == (when, method)][:1]:
            self.meanwhile.remove(each)
            each[2]()

    def admit_to_batch(self, method: str) -> None:
        if method == "batch" or (method.endswith(".modify") and self.no_batch_writes):
            raise Refused(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed")

    def batch(self, said: Row) -> Row:
        found: Row = {
            "result": {},
            "result_error": {},
            "result_total": {},
            "result_next": {},
            "result_time": {},
        }
        if self.no_batch:
            raise Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        if len(said["cmd"]) > 50:
            raise Refused(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        for name, line in said["cmd"].items():
            method, _sign, query = str(line).partition("?")
            try:
                self.admit_to_batch(method)
                one = self.one(method, from_query(query, found["result"]))
            except Refused as refused:
                found["result_error"][name] = {
                    "error": refused.code,
                    "error_description": refused.words,
                }
                if said.get("halt"):
                    break
                continue
            found["result"][name] = one["result"]
            found["result_time"][name] = self.time(method)
            for part in ("total", "next"):
                if part in one:
                    found[f"result_{part}"][name] = one[part]
        return {
            "result": {part: each or [] for part, each in found.items()}
        }  # PHP: empty is a list
