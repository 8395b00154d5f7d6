"""The main story, told over HTTP: each step can be said again, as people and shops do who got no answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from app.dev.children import wait_until
from app.extensions import db
from app.requisites.rules import with_key
from tests.faults.story.visitor import PATIENCE, Shop, Visitor, insist
from tests.harness.together import together
from tests.payouts.setting import FORM
from tests.shops.test_woocommerce import DELIVERIES
from tests.world import PASSWORD, make_merchant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    import httpx

    from tests.faults.story.installation import Installation

SECRET = "whsec-story"
MARK = "X-WC-Webhook-Signature"
BALANCE = ("pending", "available", "reserved", "debt")
WOO = next(
    d["json"] for d in DELIVERIES if d["headers"].get("X-WC-Webhook-Topic") == "order.created"
)
SHARES = """
SELECT o.external_id, t.line, t.level, p.refcode,
       sum(CASE WHEN t.source = 'merchant:commissions' THEN t.amount
                WHEN t.target = 'merchant:commissions' THEN -t.amount ELSE 0 END)::bigint
FROM transfer t
JOIN orders o ON o.tenant_id = t.tenant_id AND o.id = t.order_id
JOIN partner p ON p.tenant_id = t.tenant_id AND p.id = t.partner_id
WHERE t.tenant_id = %s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


@dataclass(frozen=True)
class Manner:
    """How people and shops behave at a step; in a calm story each says everything once."""

    senders: int = 1  # of each webhook, at once
    shuffled: Random | None = None  # webhooks of one order in any order, and twice
    forged: bool = False  # what somebody else signs comes first
    askers: int = 1  # windows in which a partner asks for the payout, at once
    race: bool = False  # approval, cancellation and return meet


@dataclass
class Money:
    """What must be the same however the story went: minor units."""

    balances: dict[str, tuple[str, ...]]
    shares: list[tuple[Any, ...]]


class Story:
    """Lampa, her three partners and the buyer Gleb."""

    def __init__(self, place: Installation) -> None:
        """Open the merchant's account."""
        self.place = place
        with place.app.app_context():
            self.merchant = make_merchant("Lampa")
            db.session.commit()
        self.shop = Shop(place.web.url, self.merchant.bearer)
        self.people: dict[str, Visitor] = {}
        self.manner = Manner()
        self.ahead = timedelta(0)
        self.began: dict[str, datetime] = {}
        self.hook = self.click = ""

    @contextmanager
    def as_they_do(self, **said: Any) -> Iterator[None]:
        """Let people behave otherwise for a while."""
        before, self.manner = self.manner, replace(self.manner, **said)
        try:
            yield
        finally:
            self.manner = before

    def money(self) -> Money:
        """Return the four balances of every partner, and what each order has booked."""
        told = {name: self.shop.told(f"/partners/{name}")["balance"] for name in self.people}
        balances = {name: tuple(balance[b] for b in BALANCE) for name, balance in told.items()}
        return Money(balances, self.place.ask(SHARES, self.merchant.id))

    # -- the merchant

    def sets_terms(self) -> None:
        """Three levels, a hold of two weeks, two products."""
        terms = {"levels": ["10%", "5%", "1%"], "hold_days": 14, "minimum_payout": "1.00"}
        assert self.shop.call("PATCH", "/merchant", terms).status_code == 200
        for n in (1, 2):
            lamp = {"name": f"Lamp {n}", "price": "1000.00"}
            assert self.shop.call("PUT", f"/products/lamp-{n}", lamp).status_code == 200

    def opens_hook(self) -> None:
        """Connect the WooCommerce shop."""
        desk = self._signs_in(self.merchant.staff["owner"].email, PASSWORD)
        path = self.merchant.office("connections/new/woocommerce")
        answer = desk.send(path, "secret", secret=SECRET)
        assert answer.status_code == 303, answer.text
        opened = desk.get(answer.headers["location"])
        self.hook = re.findall(r"/hooks/woocommerce/\w+", opened.text)[-1]

    def approves(self, name: str) -> None:
        """Agree to pay what a partner asked for."""
        self._decides(name, "approve", "approved")

    def pays(self, name: str) -> None:
        """Say that the money was sent."""
        self._decides(name, "paid", "paid")

    # -- partners

    def joins(self, name: str, sponsor: str = "") -> None:
        """Register on the merchant's page."""
        self.people.setdefault(name, Visitor(self.place.web.url))
        query = f"?sponsor={sponsor}" if sponsor else ""
        said = {"name": name.title(), "email": self.email(name), "accepted": "y"}
        answer = self.people[name].send(f"/{self.merchant.slug}/join{query}", "company", **said)
        assert answer.status_code == 303, answer.text

    def comes_in(self, name: str) -> None:
        """Follow the welcome letter, set a password, and say where the money goes."""
        assert wait_until(lambda: self._links(name) != [], PATIENCE), f"no letter to {name}"
        visitor = self.people[name]
        known = visitor.get(self._links(name)[-1]).status_code == 410  # the link was used
        if not known:
            answer = visitor.send("/password", "password", password=PASSWORD)
            known = answer.status_code == 410  # it was used now, and the answer was lost
            assert known or answer.status_code == 303
        if known:
            self.people[name] = visitor = self._signs_in(self.email(name), PASSWORD)
        details = self.merchant.cabinet("payouts/details")
        account = with_key(f"408178100999100{len(name):05}", FORM["bik"])
        whose = FORM | {"name": name.title(), "account": account}
        assert visitor.send(details, "account", **whose).status_code == 303

    def asks(self, name: str, amount: str) -> None:
        """Ask for a payout in the cabinet, in one window or in many at once."""
        path = self.merchant.cabinet("payouts/")
        windows = [self.people[name].window() for _ in range(self.manner.askers)]
        if self._open(name):
            return  # asked before, and not answered
        action, fields = self.people[name].form(path, "amount")
        said = fields | {"amount": amount}
        answers = [
            a.status_code for a in together([partial(w.post, action, said) for w in windows])
        ]
        assert answers.count(303) <= 1, answers
        assert set(answers) <= {303, 409}, answers
        assert [p["amount"] for p in self._open(name)] == [amount]

    def changes_mind(self, name: str, back: Callable[[], None]) -> None:
        """Ask for everything, and take it back while the merchant approves and the shop takes goods back."""
        amount = self.shop.told(f"/partners/{name}")["balance"]["available"]
        self.asks(name, amount)
        (payout,) = self._open(name)
        cancel = self.merchant.cabinet(f"payouts/{payout['id']}/")
        token = {"csrf_token": self.people[name].form(cancel, "csrf_token")[1]["csrf_token"]}
        acts: list[Callable[[], object]] = [
            lambda: self.people[name].post(f"{cancel}cancel", token),
            back,
        ]
        if self.manner.race:
            approve = f"/payouts/{payout['id']}/approve"
            together([lambda: self.shop.call("POST", approve), *acts])
        else:
            for act in acts:
                act()
        if self._open(name):  # the merchant was first, and thinks better of it
            answer = self.shop.call(
                "POST", f"/payouts/{payout['id']}/reject", {"reason": "Not now"}
            )
            assert answer.status_code == 200, answer.text
        assert not self._open(name)

    # -- the buyer and the shop

    def follows_link(self, name: str) -> None:
        """Gleb follows a partner's link; he clicks again where no click could be counted."""
        buyer = Visitor(self.place.web.url)

        def counted() -> bool:
            answer = insist(lambda: buyer.client.get(f"/r/{self.merchant.slug}/{name}"))
            assert answer.status_code == 302, answer.text
            self.click = answer.headers["Location"].partition("click=")[2]
            return bool(self.click)

        assert wait_until(counted, PATIENCE, 0.1)

    def says(self, number: str, status: str, price: str, *, version: int = 1, **more: Any) -> None:
        """Say by API how an order now stands."""
        at = self._began(number)
        body = {
            "status": status,
            "version": version,
            "created_at": at.isoformat(),
            "currency": "RUB",
            "customer": {"id": "77", "email": "gleb@example.org", "name": "Gleb"},
            "lines": [{"id": "1", "product": "lamp-1", "quantity": "2", "price": price}],
            "click": self.click,
            **({"completed_at": at.isoformat()} if status == "completed" else {}),
            **more,
        }
        answer = self.shop.call("PUT", f"/orders/{number}", body)
        assert answer.status_code == 200, answer.text

    def delivers(self, number: int, *statuses: str) -> None:
        """Let WooCommerce say how an order stands, word after word, and wait until it is booked."""
        words = [(n, s) for n, s in enumerate(("pending", "processing", "completed", "cancelled"))]
        messages = [(n, s) for n, s in words if s in statuses]
        if self.manner.shuffled:
            messages = self.manner.shuffled.sample(messages * 2, 2 * len(messages))
        for n, status in messages:
            body = self._payload(number, status, n)
            if self.manner.forged:
                self._forge(body)
            mark = {MARK: _signature(body)}
            posts = [partial(self._post, body, mark)] * self.manner.senders
            assert set(together(posts)) == {200}
        words_of = {"processing": "agreed", "pending": "registered"}
        state = words_of.get(statuses[-1], statuses[-1])
        assert wait_until(lambda: self._state(number) == state, PATIENCE, 0.1), state

    def days_pass(self, days: int) -> None:
        """Move the merchant's clock, as a test twin's is moved, and wait for the commissions."""
        self.ahead = timedelta(days=days)
        moved = "UPDATE tenant SET clock_offset = %s WHERE id = %s"
        self.place.ask(moved, self.ahead, self.merchant.id)
        left = "SELECT count(*) FROM share WHERE tenant_id = %s AND bucket = 'pending'"
        self.place.hurry()
        self.place.wait_for(lambda: self.place.ask(left, self.merchant.id) == [(0,)])

    # -- how

    def email(self, name: str) -> str:
        """Return a partner's address."""
        return f"{name}@{self.merchant.slug}.example"

    def _signs_in(self, email: str, password: str) -> Visitor:
        visitor = Visitor(self.place.web.url)
        answer = visitor.send("/login", "password", email=email, password=password)
        assert answer.status_code == 303, answer.text
        return visitor

    def _links(self, name: str) -> list[str]:
        letters = self.place.mail.to(self.email(name))
        bodies = [letter.get_body(("plain",)).get_content() for letter in letters]
        return [
            found for body in bodies for found in re.findall(r"https?://\S*(/password\S*)", body)
        ]

    def _open(self, name: str) -> list[dict[str, Any]]:
        payouts = self.shop.told(f"/payouts?partner={name}")["items"]
        return [p for p in payouts if p["state"] in {"requested", "approved"}]

    def _decides(self, name: str, verb: str, state: str) -> None:
        payout = self.shop.told(f"/payouts?partner={name}")["items"][0]
        key = f"{verb}-{payout['id']}"
        answer = self.shop.call("POST", f"/payouts/{payout['id']}/{verb}", key=key)
        assert answer.status_code == 200, answer.text
        assert self.shop.told(f"/payouts/{payout['id']}")["state"] == state

    def _began(self, number: str) -> datetime:
        """Return when an order was placed: when it is first spoken of, by the merchant's clock."""
        return self.began.setdefault(number, datetime.now(UTC).replace(microsecond=0) + self.ahead)

    def _payload(self, number: int, status: str, n: int) -> bytes:
        """What WooCommerce 11 sent in truth, with our buyer, click and currency."""
        at = self._began(f"woo {number}")
        line = WOO["line_items"][0] | {
            "quantity": 1, "total": "1000.00", "total_tax": "0.00", "product_id": 10,
        }  # fmt: skip
        said = WOO | {
            "id": number,
            "number": str(number),
            "status": status,
            "currency": "RUB",
            "date_created_gmt": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "date_modified_gmt": (at + timedelta(seconds=n)).strftime("%Y-%m-%dT%H:%M:%S"),
            "customer_id": 77,
            "billing": WOO["billing"] | {"email": "gleb@example.org", "phone": ""},
            "coupon_lines": [],
            "line_items": [line],
            "meta_data": [{"key": "partnerka_click", "value": self.click}],
        }
        return json.dumps(said).encode()

    def _post(self, body: bytes, marks: dict[str, str] | list[tuple[str, str]]) -> int:
        headers = [("X-WC-Webhook-Topic", "order.updated"), ("Content-Type", "application/json")]
        headers += list(marks.items()) if isinstance(marks, dict) else marks
        client = self.people["anna"].client
        return insist(lambda: client.post(self.hook, content=body, headers=headers)).status_code

    def _forge(self, body: bytes) -> None:
        """Send what only somebody without the secret can send; nothing of it may be kept."""
        before = self.place.count("inbox")
        good, other = _signature(body), _signature(body, "another secret")
        tagged = hmac.new(SECRET.encode(), body, hashlib.sha1).digest()
        bad: Sequence[list[tuple[str, str]]] = (
            [],
            [(MARK, "")],
            [(MARK, good[:-4])],
            [(MARK, other)],
            [(MARK, base64.b64encode(tagged).decode())],
            [(MARK, f"sha1={good}")],
            [(MARK, hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest())],
            [(MARK, other), (MARK, good)],
        )
        assert [self._post(body, marks) for marks in bad] == [403] * len(bad)
        assert self._post(body[:-9], {MARK: good}) == 403
        assert self._post(b"", {MARK: good}) == 403
        assert self.place.count("inbox") == before

    def _state(self, number: int) -> str | None:
        answer: httpx.Response = self.shop.call("GET", f"/orders/{number}")
        state: str | None = answer.json().get("state")
        return state


def _signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
