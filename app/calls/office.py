"""The back office for developers: examples that work as pasted, and what keys said and were answered."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, g, request, send_from_directory, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.test import Client

from app import clock
from app.calls import queries
from app.calls import service as keep
from app.calls.models import ApiCall
from app.calls.rules import MOST
from app.errors import NotFound
from app.installation import public_address
from app.site.access import requires
from app.site.again import AGAIN, Again
from app.site.people import freshly
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants import service
from app.tenants.models import ApiKey
from app.tenants.rules import SCOPES
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Response
    from sqlalchemy import Select

    from app.tenants.models import Shop, Tenant

bp = Blueprint("calls", __name__, url_prefix="/developers")
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "shops" / "examples"
PROGRAMS = tuple(
    (title, tuple(f"{name}.{ending}" for ending in ("php", "py", "mjs")))
    for name, title in (
        ("send_order", _l("Send an order by the signed webhook")),
        ("put_order", _l("Say by a key how an order stands, and read whose it is")),
        ("postback", _l("Tell a sale by a signed postback")),
        ("verify_webhook", _l("Check that a webhook of ours is ours")),
    )
)
LANGUAGES = {"php": "PHP", "py": "Python", "mjs": "JavaScript"}
STATES = {
    "done": (_l("Done"), "good"),
    "refused": (_l("Refused"), "warn"),
    "failed": (_l("Failed"), "bad"),
}
_BOUNDS = {"done": (0, 399), "refused": (400, 499), "failed": (500, 599)}
_NOBODY_KNOWS = "sk_test_…"


def state_of(status: int) -> str:
    """Return how an answer is shown."""
    return next(name for name, (low, high) in _BOUNDS.items() if low <= status <= high)


def _of_state(statement: Select[Any], value: str) -> Select[Any]:
    low, high = _BOUNDS[value]
    return statement.where(ApiCall.status >= low, ApiCall.status <= high)


def _search(statement: Select[Any], words: str) -> Select[Any]:
    found = ApiCall.path.contains(words, autoescape=True)
    by_name = select(ApiKey.id).where(ApiKey.name.icontains(words, autoescape=True))
    return statement.where(found | (ApiCall.reason == words) | ApiCall.key_id.in_(by_name))


CALLS = Table(
    name="calls",
    caption=_l("Calls"),
    key=ApiCall.id,
    default="-at",
    columns=(
        Column("path", _l("Call"), main=True, value=lambda row: f"{row.method} {row.path}",
               href=lambda row: url_for("office.calls.show", call_id=row.id)),
        Column("at", _l("When"), render="datetime", sort=ApiCall.id),
        Column("status", _l("Answer"), render="outcome"),
        Column("reason", _l("Reason"), render="code", quiet=True),
        Column("ms", _l("Took, ms"), render="number", end=True, quiet=True),
    ),
    filters=(
        Filter("state", _l("State"), [(k, v[0]) for k, v in STATES.items()], _of_state),
        Filter("method", _l("Method"), [(m, m) for m in ("GET", "POST", "PUT", "PATCH", "DELETE")],
               lambda s, v: s.where(ApiCall.method == v)),
    ),
    search=_search,
    search_label=_l("Path, reason or name of the key"),
    empty=Empty(
        _l("No calls yet"),
        _l("What programs say with your keys stands here a few seconds later."),
        "api",
    ),
)  # fmt: skip


@bp.get("/")
@requires("keys")
def index() -> Response:
    """Show examples and the last calls."""
    keep.fetch()
    return _index()


@bp.post("/try")
@requires("keys")
@freshly
def try_out() -> Response:
    """Make a key of test mode, and show the examples with it: it is told in this answer alone."""
    twin = _twin()
    with tenant_scope(twin.id, twin.clock_offset):
        made = service.make_key(_shop(None).id, _("Examples for developers"), SCOPES, "test")
    return _index(made.secret)


@bp.get("/calls/<int:call_id>/")
@requires("keys")
def show(call_id: int) -> Response:
    """Show one call: what was said, what was answered, and why."""
    return _show(_found(call_id))


@bp.post("/calls/<int:call_id>/again")
@requires("keys")
def again(call_id: int) -> Response:
    """Send a call again in test mode, with the rights of its key, and show the answer."""
    call, twin = _found(call_id), _twin()
    key = tenants.key(call.key_id)
    if key is None or not can_repeat(call):
        raise NotFound
    place = tenants.shop_by_id(key.shop_id) if key.shop_id else None
    with tenant_scope(twin.id, twin.clock_offset):
        shop_id = _shop(place).id
    said = Again(twin.id, shop_id, tuple(key.scopes), key.id, f"person:{g.person.id}")
    program = Client(current_app._get_current_object())  # type: ignore[attr-defined] # noqa: SLF001
    send = partial(
        program.open,
        call.path,
        method=call.method,
        data=call.body.encode() if call.body else None,
        content_type="application/json" if call.body else None,
        environ_overrides={AGAIN: said, "REMOTE_ADDR": request.remote_addr or ""},
    )
    # In a thread of its own: a request inside a request would share its transaction and its tenant.
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(send).result()
    return _show(call, (answer.status_code, pretty(answer.get_data(as_text=True))))


@bp.get("/examples/<string:name>")
@requires("keys")
def example(name: str) -> Response:
    """Give an example as a file."""
    if name not in {each for _title, names in PROGRAMS for each in names}:
        raise NotFound
    answer = send_from_directory(EXAMPLES, name, mimetype="text/plain", as_attachment=True)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def can_repeat(call: ApiCall) -> bool:
    """Tell whether a call was kept whole."""
    return not call.body.startswith("[") and call.path.startswith("/api/v1/")


def pretty(text: str) -> str:
    """Return JSON as people read it; anything else as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def examples(secret: str | None) -> list[tuple[str, str]]:
    """Return calls as they are pasted into a shell, each with what it does."""
    key, there = secret or _NOBODY_KNOWS, public_address("/api/v1")

    def curl(path: str, method: str = "GET", **body: Any) -> str:
        said = f"curl -sS -X {method} '{there}/{path}' -H 'Authorization: Bearer {key}'"
        if not body:
            return said
        return f"{said} -H 'Content-Type: application/json' -d '{json.dumps(body)}'"

    made_at = clock.now().isoformat(timespec="seconds")
    line = {"id": "1", "product": "lamp-1", "quantity": "2", "price": "950.00"}
    return [
        (_("Who am I"), curl("merchant")),
        (_("A product"), curl("products/lamp-1", "PUT", name="Lamp", price="950.00")),
        (_("A partner"), curl("partners", "POST", name="Anna", email="anna@example.org", refcode="anna-dev")),
        (
            _("An order that the partner brought"),
            curl(
                "orders/dev-1", "PUT", status="paid", currency=g.tenant.currency, created_at=made_at, ref="anna-dev",
                customer={"id": "77", "email": "gleb@example.org", "name": "Gleb"}, lines=[line],
            ),
        ),
        (_("How the order stands"), curl("orders/dev-1")),
        (_("What it earned"), curl("deals?limit=5")),
        *_with_bonuses(curl, {"currency": g.tenant.currency, "created_at": made_at, "lines": [line]}),
    ]  # fmt: skip


def _with_bonuses(curl: Callable[..., str], order: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the calls of a shop that takes bonuses; the last one reserves and lets go in one line."""
    cart = {"member": "77", "lines": order["lines"], "spend": "100.00"}
    yield _("Bonuses on, in test mode"), curl("merchant", "PATCH", loyalty=True)
    gift = curl("bonuses", "POST", member="77", amount="300.00", reason="A present")
    yield _("Bonuses for the customer"), gift
    yield _("How much of a cart bonuses may pay"), curl("quotes", "POST", **cart)
    paid = {"status": "paid", "customer": {"id": "77"}, "bonus": {"spend": "100.00"}, **order}
    yield _("An order paid with bonuses in part"), curl("orders/dev-2", "PUT", **paid)
    yield _("What the customer has now"), curl("members/77/bonuses")
    hold = curl("holds", "POST", **cart) + r""" | sed 's/.*"id": *"\([^"]*\)".*/\1/'"""
    void = curl("holds/'\"$HOLD\"'/void", "POST")
    yield (
        _("Reserve bonuses while the customer pays, and let go of them"),
        f"HOLD=$({hold}); {void}",
    )


def _index(secret: str | None = None) -> Response:
    return page(
        "calls/office/index.html",
        "_table.html",
        calls=CALLS.load(queries.calls()),
        states=STATES,
        state_of=state_of,
        twin=tenants.twin_of(g.tenant.id) if g.tenant.twin_of is None else None,
        examples=examples(secret),
        secret=secret,
        most=MOST,
        docs=public_address("/api/docs"),
        programs=PROGRAMS,
        languages=LANGUAGES,
        postback=public_address(f"/postback/{g.tenant.slug}"),
    )


def _show(call: ApiCall, told: tuple[int, str] | None = None) -> Response:
    return page(
        "calls/office/show.html",
        call=call,
        key=tenants.key(call.key_id),
        body=pretty(call.body),
        answer=pretty(call.answer),
        states=STATES,
        state_of=state_of,
        told=told,
        can_repeat=can_repeat(call),
    )


def _found(call_id: int) -> ApiCall:
    found = queries.call(call_id)
    if found is None:
        raise NotFound
    return found


def _twin() -> Tenant:
    here: Tenant = g.tenant
    found = here if here.twin_of is not None else tenants.twin_of(here.id)
    if found is None:
        raise NotFound
    return found


def _shop(like: Shop | None) -> Shop:
    """Return the scope's shop of the same domain, else its first one."""
    known = list(tenants.shops())
    same = [each for each in known if like is not None and each.domain == like.domain]
    return (same or known)[0]
