"""PrestaShop's webservice over HTTP on loopback, after its documentation, its source and recorded traffic.

It reads XML only and writes XML or JSON; its JSON has numbers as strings, ids as numbers, an empty list as
`[]`; dates are filtered and sorted with `date=1` only; a key may do what is ticked for it and is told with
the webservice's own numbers what not; a PUT empties what it does not name.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape, unescape
from zoneinfo import ZoneInfo

from defusedxml import ElementTree

from tests.shops.fake_filters import Kind, Refused, column, matches, native, sortable

KEY = "K" * 32
__all__ = ["HOME", "KEY", "ROW", "Kind", "Webservice"]
ROW = dict[str, Any]
Answer = tuple[int, Any, dict[str, str]]
_DATES = ("date_add", "date_upd")


SERVICE = {"X-Powered-By": "PrestaShop Webservice"}  # on whatever it answers itself
NO_ENTRY = {17, 18, 20, 21, 22}
REALM = 'Basic realm="Welcome to PrestaShop Webservice, please enter the authentication key as the login."'
HOME = "<!DOCTYPE html><html><body>A shop</body></html>"


class Webservice:
    """The protocol; `tables` hold what is in the shop, by resource and id."""

    def __init__(self, kinds: dict[str, Kind], version: str, zone: str) -> None:
        self.version, self.zone = version, ZoneInfo(zone)
        self.kinds, self.patches = kinds, int(version.partition(".")[0]) >= 8
        self.tables: dict[str, dict[int, ROW]] = {name: {} for name in kinds}
        self.rights: dict[str, set[str]] = {
            name: {"GET", "POST", "PUT", "DELETE", "PATCH"} for name in kinds
        }
        self.languages = ["1", "2"]
        self.number, self.moved = 100, timedelta(0)
        self.asked: list[tuple[str, str, str]] = []
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.seen: list[str] = []  # addresses as they were called
        self.troubles: list[Answer] = []
        self.later: dict[int, tuple[str, int, Answer]] = {}
        self.swallow = 0  # writes that are done and whose answers are lost
        self.folder, self.mute, self.no_header = "", False, False
        self.nameless = False  # as version 8.0 writes on PHP 8
        self.off = self.of_another = (
            False  # the webservice; the key, in an installation of several shops
        )
        self.front: Answer | None = None  # what stands at /api where addresses are not rewritten
        self.after: dict[tuple[str, str], Callable[[ROW], None]] = {}
        self.lock = threading.RLock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *said: Any) -> None:
                """Say nothing."""

            def _do(self) -> None:
                outer.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _do  # noqa: N815

            def date_time_string(self, timestamp: float | None = None) -> str:
                stamp = (datetime.now(UTC) + outer.moved).timestamp()
                return super().date_time_string(timestamp or stamp)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def now(self) -> str:
        at = (datetime.now(UTC) + self.moved).astimezone(self.zone)
        return at.strftime("%Y-%m-%d %H:%M:%S")

    def fail_at(self, needle: str, nth: int, trouble: Answer) -> None:
        """Answer the nth call from now on whose address holds this with a trouble."""
        self.later[len(self.later)] = (needle, nth, trouble)

    def writes(self, of: str = "") -> list[tuple[str, str, str]]:
        """Return the calls that changed something, of one kind of thing or of all."""
        return [each for each in self.asked if each[0] != "GET" and each[1].startswith(of)]

    # --- HTTP

    def serve(self, talk: BaseHTTPRequestHandler) -> None:
        raw = talk.rfile.read(int(talk.headers.get("Content-Length") or 0)).decode()
        query = dict(parse_qsl(urlsplit(talk.path).query, keep_blank_values=True))
        with self.lock:
            self.seen.append(talk.path)
            try:
                status, said, headers = self.answer(talk, query, raw)
            except Refused as refused:
                status, headers = refused.status, {**SERVICE, "Content-Type": "text/xml"}
                if refused.number not in NO_ENTRY:
                    headers["PSWS-Version"] = self.version
                said = self.error(refused, query)
            if talk.command != "GET" and self.swallow and status < 300:
                self.swallow -= 1
                talk.connection.close()
                return
        body = said if isinstance(said, str) else json.dumps(said)
        talk.send_response(status)
        for name, value in headers.items():
            talk.send_header(name, value)
        talk.send_header("Content-Length", str(len(body.encode())))
        talk.end_headers()
        talk.wfile.write(body.encode())

    def error(self, refused: Refused, query: dict[str, str]) -> Any:
        if self.mute:
            return ""
        if query.get("output_format") == "JSON":
            return {"errors": [{"code": refused.number, "message": refused.words}]}
        said = (
            f"<code><![CDATA[{refused.number}]]></code><message>{escape(refused.words)}</message>"
        )
        return f"<prestashop><errors><error>{said}</error></errors></prestashop>"

    def answer(self, talk: BaseHTTPRequestHandler, query: dict[str, str], raw: str) -> Answer:
        if trouble := self.trouble(talk.path):
            return trouble
        path = urlsplit(talk.path).path
        if path == f"{self.folder}/webservice/dispatcher.php":
            path = query.pop("url")
        elif self.front and path.startswith(f"{self.folder}/api"):
            return self.front
        elif path.startswith(f"{self.folder}/api/"):
            path = path.removeprefix(f"{self.folder}/api/")
        else:
            return 404, "<html>nothing here</html>", {"Content-Type": "text/html"}
        if not self.said_key(talk, query):
            return 401, "401 Unauthorized", {"WWW-Authenticate": REALM, "Content-Type": "text/html"}
        self.check(talk, query)
        name, _sign, number = path.strip("/").partition("/")
        self.asked.append((talk.command, f"{name}/{number}" if number else name, raw))
        self.queries.append((name, query))
        headers = {**SERVICE, "PSWS-Version": self.version}
        if not name:
            return 200, self.first_page(), headers
        self.allow(name, talk.command)
        if talk.command == "GET":
            status, said = self.read(name, number, query)
        elif talk.command == "DELETE":
            del self.tables[name][int(self.one(name, number)["id"])]
            status, said = 200, ""
        else:
            status, said = self.save(name, talk.command, raw)
        return status, said, headers

    def trouble(self, path: str) -> Answer | None:
        if self.troubles:
            return self.troubles.pop(0)
        for place, (needle, left, trouble) in list(self.later.items()):
            if needle in path:
                self.later[place] = (needle, left - 1, trouble)
                if left == 1:
                    return trouble
        return None

    def read(self, name: str, number: str, query: dict[str, str]) -> tuple[int, Any]:
        if query.get("schema") == "blank":
            return 200, self.xml(name, [dict.fromkeys(self.kinds[name].fields, "")], many=False)
        if not number:
            return 200, self.shown(name, self.found(name, query), query, many=True)
        found = self.tables[name].get(int(number))
        if found is None:
            return 404, ""
        return 200, self.shown(name, [found], query, many="display" in query)

    def said_key(self, talk: BaseHTTPRequestHandler, query: dict[str, str]) -> str | None:
        said = talk.headers.get("Authorization", "")
        if not said or self.no_header:
            return query.get("ws_key")
        key, _sign, password = base64.b64decode(said.removeprefix("Basic ")).decode().partition(":")
        assert not password
        return key

    def check(self, talk: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        key = self.said_key(talk, query) or ""
        if self.off:
            raise Refused(503, 22, "The PrestaShop webservice is disabled.")
        if len(key) != len(KEY):
            raise Refused(401, 18, "Invalid authentication key format")
        if key != KEY:
            raise Refused(401, 20, "Authentification key is not active")
        if not any(self.rights.values()):
            raise Refused(401, 21, "No permission for this authentication key")
        if self.of_another:
            raise Refused(403, 132, "No permission for this key on this shop")

    def allow(self, name: str, method: str) -> None:
        if name not in self.kinds:
            raise Refused(400, 27, f'Resource of type "{name}" does not exists')
        if method == "PATCH" and not self.patches:
            raise Refused(405, 23, "Method PATCH is not valid")
        if not self.rights.get(name):
            raise Refused(401, 26, f'Resource of type "{name}" is not allowed')
        if method not in self.rights[name]:
            raise Refused(405, 25, f"Method {method} is not allowed for the resource {name}")

    def first_page(self) -> str:
        methods = ["get", "put", "post", "delete", "head"]
        methods += ["patch"] if self.patches else []
        rows = [
            f"<{name} " + " ".join(
                f'{m}="{str(m.upper() in self.rights[name]).lower()}"' for m in methods
            ) + f"><description>{name}</description></{name}>"
            for name in self.kinds if self.rights.get(name)
        ]  # fmt: skip
        return f'<?xml version="1.0"?><prestashop><api shopName="Test">{"".join(rows)}</api></prestashop>'

    # --- reading

    def one(self, name: str, number: str) -> ROW:
        found = self.tables[name].get(int(number or 0))
        if found is None:
            raise Refused(404, 92, "Invalid ID")
        return found

    def found(self, name: str, query: dict[str, str]) -> list[ROW]:
        known = ["id", *self.kinds[name].fields]
        usable = [f for f in known if query.get("date") or f not in _DATES]
        found = sorted(self.tables[name].values(), key=lambda row: int(row["id"]))
        for key, value in query.items():
            if key.startswith("filter["):
                field = key[7:-1]
                if field not in usable:
                    raise Refused(400, 32, "This filter does not exist")
                found = [row for row in found if matches(column(row, field), value)]
        for each in reversed(query.get("sort", "[]").strip("[]").split(",")):
            field, _sign, way = each.rpartition("_")
            if each and field not in usable:
                raise Refused(400, 38, "Unable to filter by this field")
            if each:
                found.sort(key=lambda row: sortable(row, field), reverse=way == "DESC")
        start, _sign, count = query.get("limit", "").rpartition(",")
        if count:
            found = found[int(start or 0) :][: int(count)]
        return found

    def shown(self, name: str, found: list[ROW], query: dict[str, str], *, many: bool) -> Any:
        kind, display = self.kinds[name], query.get("display", "" if many else "full")
        wanted = None
        extra = [key[6:].partition("]")[0] for key in query if key.startswith("price[")]
        if display.startswith("["):
            wanted = [each.partition("[")[0] for each in display[1:-1].split(",")]
            for field in wanted:
                if field not in ("id", *kind.fields, *kind.parts, *extra):
                    raise Refused(400, 35, f'Unable to display this field "{field}"')
        if query.get("output_format") != "JSON":
            return self.xml(name, found, many=many)
        if not found:
            return []
        rows = [
            self.json(kind, row, wanted, extra) if display else {"id": int(row["id"])}
            for row in found
        ]
        return {kind.many: rows} if many else {kind.one: rows[0]}

    def json(self, kind: Kind, row: ROW, wanted: list[str] | None, extra: list[str]) -> ROW:
        said: ROW = {"id": int(row["id"])}
        for field in (*kind.fields, *extra):
            if wanted is None or field in wanted:
                said[field] = self.shape(row.get(field, ""), field)
        held = {
            p: [{k: self.shape(v, k) for k, v in each.items()} for each in row[p]]
            for p in kind.parts if row.get(p) and (wanted is None or p in wanted)
        }  # fmt: skip
        if held:
            said["associations"] = held
        return said

    def shape(self, value: Any, field: str) -> Any:
        if not isinstance(value, dict):
            return native(field, value) if self.patches else str(value)
        if len(self.languages) == 1:
            return value.get(self.languages[0], "")
        return [{"id": lang, "value": value.get(lang, "")} for lang in self.languages]

    def xml(self, name: str, found: list[ROW], *, many: bool) -> str:
        kind = self.kinds[name]
        things = []
        for row in found:
            fields = [f"<id><![CDATA[{row.get('id', '')}]]></id>"]
            for field in kind.fields:
                value = row.get(field, "")
                if field in kind.languages:
                    texts = (
                        value if isinstance(value, dict) else dict.fromkeys(self.languages, value)
                    )
                    inner = "".join(
                        f'<language id="{lang}"><![CDATA[{texts.get(lang, "")}]]></language>'
                        for lang in self.languages
                    )
                else:
                    inner = f"<![CDATA[{value}]]>"
                fields.append(f"<{field}>{inner}</{field}>")
            held = "".join(
                f"<{part}>" + "".join(
                    self.part(part, one, each) for each in row.get(part, [])
                ) + f"</{part}>"
                for part, (one, _names) in kind.parts.items()
            )  # fmt: skip
            fields.append(f"<associations>{held}</associations>" if kind.parts else "")
            things.append(f"<{kind.one}>{''.join(fields)}</{kind.one}>")
        whole = "".join(things)
        whole = f"<{kind.many}>{whole}</{kind.many}>" if many else whole
        space = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<prestashop {space}>{whole}</prestashop>'

    def part(self, part: str, one: str, each: ROW) -> str:
        link = f'xlink:href="{self.url}/api/{part}/{each.get("id", "")}"'
        if self.nameless and list(each) == [
            "id"
        ]:  # 8.0 with PHP 8: the field has no name, nor a value
            return f"<{one} {link}>\n<0><![CDATA[]]></0>\n</{one}>"
        inner = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in each.items())
        return f"<{one} {link}>{inner}</{one}>"

    # --- writing

    def save(self, name: str, method: str, raw: str) -> tuple[int, Any]:
        try:
            thing = next(iter(ElementTree.fromstring(raw)))
        except (ElementTree.ParseError, StopIteration) as error:
            raise Refused(500, 127, f"XML error : {raw}") from error
        kind, number = self.kinds[name], (thing.findtext("id") or "").strip()
        if method == "POST" and number:
            raise Refused(400, 91, "id is forbidden when adding a new resource")
        if method != "POST" and not number:
            raise Refused(400, 90, "id is required when modifying a resource")
        row = dict(self.one(name, number)) if number else {}
        for field in kind.fields:
            node = thing.find(field)
            if node is not None:
                row[field] = self.sent(kind, field, node)
            elif method != "PATCH":
                if field in kind.required:
                    raise Refused(400, 41, f'parameter "{field}" required')
                row[field] = ""
        for part in kind.parts:
            node = thing.find(f"associations/{part}")
            if node is not None:
                row[part] = [{c.tag: c.text or "" for c in each} for each in node]
        self.valid(row)
        return self.kept(name, method, row)

    @staticmethod
    def sent(kind: Kind, field: str, node: Any) -> Any:
        if field in kind.sealed:
            raise Refused(400, 93, f'parameter "{field}" not writable. Please remove this')
        texts = {lang.get("id"): lang.text or "" for lang in node.findall("language")}
        said = texts or (node.text or "").strip()
        if field in kind.required and (not said or not all(texts.values())):
            raise Refused(400, 85, f'Validation error: "Property {field} is empty"')
        return said

    def kept(self, name: str, method: str, row: ROW) -> tuple[int, Any]:
        if method == "POST":
            self.number += 1
            row |= {"id": self.number, "date_add": self.now()}
        row["date_upd"] = self.now()
        self.tables[name][int(row["id"])] = row
        if act := self.after.get((name, method)):
            act(row)
        return 201 if method == "POST" else 200, self.xml(name, [row], many=False)

    @staticmethod
    def valid(row: ROW) -> None:
        for field in ("message", "note", "description"):
            text = str(row.get(field, ""))
            if re.search(r"<\s*script|script\s*:|\bon(load|click|error)\s*=", text, re.IGNORECASE):
                raise Refused(400, 85, f'Validation error: "Property {field} is not valid"')
            if text:
                row[field] = unescape(re.sub(r"<[^>]*>?", "", text))
