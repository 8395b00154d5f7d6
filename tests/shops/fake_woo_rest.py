"""The REST interface of the tests' WooCommerce shop, version 3, as its source has it.

Who calls is looked up before the route is: without a signature everything is 401 of the resource's own
code, a key that may not write is refused by the same code as one that is wrong. A change of what is not
there is 400, a look at it 404. What is read-only is passed over in silence.
"""

from __future__ import annotations

import hmac
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from oauthlib.oauth1.rfc5849 import signature as oauth

from tests.shops.fake_people import Answer, People

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
API, ROUTE = "/wp-json/wc/v3/", "/wc/v3/"


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.answer: Answer = (
            status,
            {"code": code, "message": code, "data": {"status": status}},
            {},
        )


class Rest(People):
    """What is asked of the shop and told to it."""

    url: str
    lock: Any
    currency: str
    orders: dict[int, dict[str, Any]]
    refunds: dict[int, list[dict[str, Any]]]
    categories: dict[int, dict[str, Any]]
    coupons: dict[int, dict[str, Any]]
    hooks: dict[int, dict[str, Any]]
    failures: dict[int, int]
    asked: list[tuple[str, str, Any]]
    troubles: list[Answer]
    later: dict[int, tuple[str, int, Answer]]
    send: Any
    read_only: bool
    swallow: int
    folder: str
    plain: bool
    moves_to: str
    hours: int
    words: dict[str, str]
    nonces: set[str]

    def next(self) -> int:
        raise NotImplementedError

    def touch(self, number: int) -> None:
        raise NotImplementedError

    def writes(self, of: str = "") -> list[tuple[str, str, Any]]:
        """Return the calls that changed something, of one kind of thing or of all."""
        return [each for each in self.asked if each[0] != "GET" and each[1].startswith(of)]

    def serve(self, talk: BaseHTTPRequestHandler) -> None:
        size = int(talk.headers.get("Content-Length") or 0)
        raw = talk.rfile.read(size)
        with self.lock:
            try:
                status, said, headers = self.answer(talk, json.loads(raw) if raw else None)
            except Refused as refused:
                status, said, headers = refused.answer
            if talk.command != "GET" and self.swallow and status < 300:
                self.swallow -= 1
                talk.connection.close()
                return
        body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        talk.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            talk.send_header(name, value)
        talk.send_header("Content-Length", str(len(body)))
        talk.end_headers()
        talk.wfile.write(body)

    def answer(self, talk: BaseHTTPRequestHandler, body: Any) -> Answer:
        parts = urlsplit(talk.path)
        if self.troubles:
            return self.troubles.pop(0)
        for place, (needle, left, trouble) in list(self.later.items()):
            if needle in talk.path:
                self.later[place] = (needle, left - 1, trouble)
                if left == 1:
                    return trouble
        if self.moves_to and not talk.path.startswith(self.moves_to):
            return 301, "", {"Location": f"{self.url}{self.moves_to}{talk.path}"}
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = dict(pairs)
        path = self.route(parts.path, query)
        if path is None:
            return 404, "<html>nothing here</html>", {"Content-Type": "text/html"}
        self.check(talk.command, parts.path, pairs)
        self.asked.append((talk.command, path, body))
        if talk.command != "GET" and self.read_only:
            raise Refused(401, "woocommerce_rest_authentication_error")
        if int(query.get("per_page", 10)) > 100:
            raise Refused(400, "rest_invalid_param")
        name, *rest = path.split("/")
        handle = getattr(self, f"_{name}", None)
        if handle is None:
            raise Refused(404, "rest_no_route")
        found: Answer = handle(talk.command, rest, query, body)
        return found

    def route(self, path: str, query: dict[str, str]) -> str | None:
        """Return what is asked for under wc/v3; plain permalinks know it by the query alone."""
        if self.moves_to:
            self.folder = self.moves_to
        if path.startswith(f"{self.folder}/") and query.get("rest_route", "").startswith(ROUTE):
            return query["rest_route"].removeprefix(ROUTE)
        if self.plain or not path.startswith(self.folder + API):
            return None
        return path.removeprefix(self.folder + API)

    def check(self, method: str, path: str, query: list[tuple[str, str]]) -> None:
        """Check a signature as the shop does: over its own idea of its address, not over the one called."""
        said = dict(query)
        if "oauth_signature" not in said:
            raise Refused(401, "woocommerce_rest_cannot_view")
        if said.get("oauth_consumer_key") != KEY:
            raise Refused(401, "woocommerce_rest_authentication_error")
        below = path.removeprefix(f"{self.folder}/")
        home = self.url + self.folder + (f"/{below}" if below else "")
        pairs = [(n, v) for n, v in query if n != "oauth_signature"]
        base = oauth.signature_base_string(method, home, oauth.normalize_parameters(pairs))
        expected = oauth.sign_hmac_sha256_with_client(base, _Client())
        if not hmac.compare_digest(expected, said.get("oauth_signature", "")):
            raise Refused(401, "woocommerce_rest_authentication_error")
        if said["oauth_nonce"] in self.nonces:
            raise Refused(401, "woocommerce_rest_authentication_error")
        self.nonces.add(said["oauth_nonce"])

    @staticmethod
    def _meta(thing: dict[str, Any], key: str, value: Any) -> None:
        """Set a field by its key: the first one of it, and the others of that key go."""
        own = [each for each in thing["meta_data"] if each["key"] == key]
        for each in own[1:] if value is not None else own:
            thing["meta_data"].remove(each)
        if own and value is not None:
            own[0]["value"] = value
        elif value is not None:
            number = 1 + max((each["id"] for each in thing["meta_data"]), default=0)
            thing["meta_data"].append({"id": number, "key": key, "value": value})

    def _paged(self, found: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        size = int(query.get("per_page", 10))
        start = int(query.get("offset", (int(query.get("page", 1)) - 1) * size))
        shown = deepcopy(found[start : start + size])
        if names := query.get("_fields"):
            shown = [{n: each.get(n) for n in names.split(",")} for each in shown]
        pages = -(-len(found) // size)
        return 200, shown, {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}

    def _orders(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if not rest:
            return self._paged(self._found(query), query)
        order = self.orders.get(int(rest[0]))
        if order is None:
            raise Refused(404 if method == "GET" else 400, "woocommerce_rest_shop_order_invalid_id")
        if rest[1:] == ["refunds"]:
            return self._paged(self.refunds.get(order["id"], []), query)
        if method == "PUT":
            for each in body.get("meta_data", []):
                self._meta(order, each["key"], each["value"])
            self.touch(order["id"])  # also when nothing is other than it was
        return 200, deepcopy(order), {}

    def _found(self, query: dict[str, str]) -> list[dict[str, Any]]:
        trash = query.get("status") == "trash"
        found = [o for o in self.orders.values() if (o["status"] == "trash") == trash]
        if "modified_after" in query:
            found = [o for o in found if o["date_modified_gmt"] > query["modified_after"]]
        if "after" in query:
            found = [o for o in found if o["date_created_gmt"] > query["after"]]
        if "include" in query:
            wanted = query["include"].split(",")
            found = [o for o in found if str(o["id"]) in wanted]
        name = "date_modified_gmt" if query.get("orderby") == "modified" else "date_created_gmt"
        return sorted(found, key=lambda o: (o[name], o["id"]))

    def _products(self, _method: str, rest: list[str], query: dict[str, str], _body: Any) -> Answer:
        if rest == ["reviews"]:
            return self._paged(self.reviews_listed(query), query)
        if rest == ["categories"]:
            wanted = {int(each) for each in query.get("include", "").split(",") if each}
            found = [c for n, c in sorted(self.categories.items()) if not wanted or n in wanted]
            return self._paged(found, query)
        return self._paged(self.products_listed(query), query)

    def _customers(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if not rest:
            return self._paged(self.customers_listed(query), query)
        customer = self.customers.get(int(rest[0]))
        if customer is None:
            raise Refused(404, "woocommerce_rest_invalid_id")
        if method == "PUT":
            for each in body.get("meta_data", []):
                self._meta(customer, each["key"], each["value"])
        return 200, deepcopy(customer), {}

    def _coupons(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if method == "POST":
            code = body["code"].lower()
            if any(c["code"] == code for c in self.coupons.values()):
                raise Refused(400, "woocommerce_rest_coupon_code_already_exists")
            number = self.next()
            self.coupons[number] = {
                "id": number, "code": code, "amount": "0.00", "discount_type": "fixed_cart",
                "date_expires_gmt": None, "usage_count": 0, "usage_limit": None, "used_by": [],
                "individual_use": False, "minimum_amount": "0.00", "email_restrictions": [],
                "meta_data": [], "description": "", "status": "publish",
            }  # fmt: skip
            self._write_coupon(self.coupons[number], body)
            return 201, deepcopy(self.coupons[number]), {}
        if rest:
            found = self.coupons.get(int(rest[0]))
            if found is None:
                raise Refused(400, "woocommerce_rest_shop_coupon_invalid_id")
            if method == "DELETE":
                return 200, self.coupons.pop(int(rest[0])), {}
            self._write_coupon(found, body)
            return 200, deepcopy(found), {}
        every = sorted(self.coupons.values(), key=lambda c: -c["id"])
        wanted = query.get("code", "").lower()
        found_all = [c for c in every if (not wanted or c["code"] == wanted) and "hidden" not in c]
        return self._paged(found_all, query)

    def _write_coupon(self, coupon: dict[str, Any], said: dict[str, Any]) -> None:
        """Take what may be written; a time without an offset is the shop's own, and UTC's is only shown."""
        for name, value in said.items():
            if value is None or name in {
                "id",
                "code",
                "date_expires_gmt",
                "usage_count",
                "used_by",
            }:
                continue
            if name == "date_expires":
                coupon["date_expires_gmt"] = self._utc(value) if value else None
            elif name == "meta_data":
                for each in value:
                    self._meta(coupon, each["key"], each["value"])
            elif name in {"amount", "minimum_amount"}:
                coupon[name] = f"{Decimal(value):.2f}"
            else:
                coupon[name] = value

    def _utc(self, text: str) -> str:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=timezone(timedelta(hours=self.hours)))
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def _webhooks(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if method == "GET":
            shown = [{k: v for k, v in h.items() if k != "secret"} for h in self.hooks.values()]
            return self._paged(sorted(shown, key=lambda h: int(h["id"])), query)
        if method == "DELETE":
            if query.get("force") != "true":
                raise Refused(501, "woocommerce_rest_trash_not_supported")
            return 200, self.hooks.pop(int(rest[0])), {}
        if method == "PUT":
            hook = self.hooks[int(rest[0])]
            hook.update(body)  # what it failed before still counts
            return 200, {k: v for k, v in hook.items() if k != "secret"}, {}
        number = self.next()
        self.hooks[number] = {"id": number, "status": "active", **body}
        ping = {"Content-Type": "application/x-www-form-urlencoded"}
        self.send(body["delivery_url"], f"webhook_id={number}".encode(), ping)
        return 201, self.hooks[number], {}

    def _reports(self, *_asked: Any) -> Answer:
        counts = [{"slug": word, "name": name, "total": 0} for word, name in self.words.items()]
        return 200, counts, {}

    def _data(self, *_asked: Any) -> Answer:
        return 200, {"code": self.currency}, {}


class _Client:
    client_secret, resource_owner_secret = SECRET, ""
