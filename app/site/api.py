"""The door for programs: /api/v1, a bearer key, its scopes, its limit, strict JSON."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import Response, current_app, g, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app import clock, crypto, strict_json
from app.calls.rules import LARGEST, Call
from app.calls.service import recorder
from app.errors import DomainError, FieldError, Forbidden
from app.extensions import csrf, db
from app.installation import settings
from app.partner_keys import queries as keys
from app.partner_keys import service as partner_keys
from app.site import access, file_bodies, registry
from app.site.again import AGAIN, Again
from app.site.limits import CALLS, calls
from app.site.once import once
from app.site.scope import act_as, enter_id, enter_tenant, stand_in
from app.tenancy import current_tenant
from app.tenants import queries as tenants
from app.tenants import service
from app.tenants.queries import KeyInUse
from app.web.errors import problem
from app.web.log import request_id

if TYPE_CHECKING:
    from flask import Flask

TOUCH = timedelta(minutes=1)
BODIES = frozenset({"POST", "PUT", "PATCH"})
MOST_KNOWN = 10_000
INSTALLS = 5  # calls with installation codes that an address may make in a second
# What the key of a till may call: it stands on a counter, so it sells and looks customers up, and no more.
AT_A_TILL = frozenset(
    {
        *("api.checkout.quote", "api.checkout.hold", "api.checkout.capture", "api.checkout.void"),
        *("api.orders.put", "api.orders.show", "api.orders.delete"),
        *("api.members.put", "api.members.show", "api.cards.put", "api.cards.get"),
        *("api.bonuses.balance", "api.bonuses.entries"),
    }
)
_known: dict[str, tuple[int, int]] = {}  # digest of a key: its tenant and id


def init_app(app: Flask) -> None:
    """Open the door for programs."""
    door = APIBlueprint("api", __name__, url_prefix="/api/v1", enable_openapi=False)
    for slice_routes in registry.blueprints("api"):
        csrf.exempt(slice_routes)  # a key is no cookie: no browser sends it by itself
        door.register_blueprint(slice_routes)
    csrf.exempt(door)
    door.before_request(_enter)
    door.after_request(_remember)
    app.register_blueprint(door)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        # What an installation code opens is told once and kept nowhere, not even to be repeated.
        told_once = getattr(view, "permission", None) == access.INSTALL or hasattr(
            view, "told_once"
        )
        if rule.endpoint.startswith("api.") and "POST" in (rule.methods or ()) and not told_once:
            app.view_functions[rule.endpoint] = once(view)


def _enter() -> Response | None:
    needed = access.permission_of(request.endpoint or "")
    if needed == access.INSTALL:
        return _take_code()
    if needed in access.PARTNER_SCOPES:
        return _take_partner(str(needed))
    key = _recognise()
    if key is None:
        header = {"WWW-Authenticate": 'Bearer realm="Partnerka"'}
        return problem(
            401, "Send a valid API key: Authorization: Bearer sk_…", code="key", headers=header
        )
    g.calls_left = calls.left(key.id)
    if g.calls_left < 0:
        return problem(
            429, "Too many calls in this second.", code="rate", headers={"Retry-After": "1"}
        )
    _check_scope(key)
    _touch(key)
    _read_body()
    return None


def _remember(response: Response) -> Response:
    """Put aside what a key said and was answered, for the developers' page; nothing is written here."""
    if (left := g.get("calls_left")) is not None:
        response.headers["RateLimit-Policy"] = f'"key";q={CALLS};w=1'
        response.headers["RateLimit"] = f'"key";r={max(left, 0)};t=1'
    file_bodies.close()
    if g.get("api_key_id") is None or AGAIN in request.environ:
        return response
    took = time.perf_counter() - g.get("began", time.perf_counter())
    recorder.note(
        Call(
            tenant_id=current_tenant(),
            key_id=g.api_key_id,
            at=clock.wall().isoformat(),
            method=request.method,
            path=request.full_path.rstrip("?"),
            status=response.status_code,
            ms=round(took * 1000),
            body=_text(g.get("said", b"")),  # what was read of it: a refused one may not have been
            answer="" if response.is_streamed else _text(response.get_data()),
            request_id=request_id(),
        ),
        settings().secret_key,
    )
    return response


def _text(body: bytes) -> str:
    """Return a body as text; one that is too long to be kept is not read."""
    if len(body) > LARGEST:
        return f"[{len(body)} bytes]"
    return body.decode(errors="replace").replace("\0", "")


def _take_code() -> Response | None:
    """Let a plugin in that has an installation code and no key yet; the view says whether the code holds."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip() or not secret.isascii():
        header = {"WWW-Authenticate": 'Bearer realm="Partnerka"'}
        words = "Send an installation code: Authorization: Bearer inst_…"
        return problem(401, words, code="code", headers=header)
    if calls.too_many(f"install:{request.remote_addr}", INSTALLS):
        words = "Too many calls in this second."
        return problem(429, words, code="rate", headers={"Retry-After": "1"})
    enter_tenant(None)
    g.install_code = secret.strip()
    _read_body()
    return None


def _take_partner(needed: str) -> Response | None:
    """Let a partner's program in by the partner's own key."""
    scheme, _space, said = request.headers.get("Authorization", "").partition(" ")
    secret = said.strip()
    ids = keys.by_secret(secret) if scheme.lower() == "bearer" and secret.isascii() else None
    key = None
    if ids is not None:
        enter_id(ids[0])
        key = keys.in_use(ids[1], secret)
    if key is None or key.tenant.suspended_at is not None:
        header = {"WWW-Authenticate": 'Bearer realm="Partnerka"'}
        words = "Send a partner's own key: Authorization: Bearer pk_…"
        return problem(401, words, code="key", headers=header)
    g.calls_left = calls.left(f"partner:{key.id}")
    if g.calls_left < 0:
        words = "Too many calls in this second."
        return problem(429, words, code="rate", headers={"Retry-After": "1"})
    stand_in(key.tenant)
    g.partner_id, g.caller = key.partner_id, f"partner-key:{key.id}"
    act_as(f"partner:{key.partner_id}")
    if key.status != "active":
        raise Forbidden("partner_not_active", "This partner's account is not active.")
    if not partner_keys.allowed():
        raise Forbidden("partner_keys", "The shop does not offer keys to its partners.")
    g.permissions = frozenset(key.scopes)
    if needed not in key.scopes:
        raise Forbidden("scope", f"This key has no scope for this call; it needs {needed}.")
    if key.last_used_at is None or clock.wall() - key.last_used_at > TOUCH:
        partner_keys.touch(key.id)
        db.session.commit()
    _read_body()
    return None


def _read_body() -> None:
    if request.method in BODIES and (
        request.content_length or request.headers.get("Transfer-Encoding")
    ):
        view = current_app.view_functions[request.endpoint or ""]
        most = getattr(view, "takes_file", None)
        if most is None or request.mimetype == "application/json":
            _read_json()
        else:
            file_bodies.take(most)
    elif access.body_may_be_absent_at(request.endpoint or ""):
        request._cached_json = ({}, {})  # noqa: SLF001 - as below
    elif request.method in BODIES and access.wants_body_at(request.endpoint or ""):
        raise BadRequest("Send a JSON object as the body.")


def _recognise() -> KeyInUse | None:
    """Enter the key's tenant and return the key while it holds.

    Whose a key is never changes, so that is remembered; whether it holds is asked at each call.
    """
    again = request.environ.get(AGAIN)
    if isinstance(again, Again):
        return _repeat(again)
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.isascii():
        return None
    ids = _whose(secret.strip())
    if ids is None:
        return None
    enter_id(ids[0])
    found = tenants.key_in_use(ids[1], secret.strip())
    if found is None or found[0].suspended_at is not None:
        _known.pop(crypto.digest(secret.strip()), None)
        return None
    tenant, key = found
    stand_in(tenant)
    g.api_key_id, g.shop_id, g.till = key.id, key.shop_id, key.till
    act_as(f"api:{key.id}")
    return key


def _repeat(again: Again) -> KeyInUse:
    """Enter test mode for a call that somebody in the office sends again."""
    enter_id(again.tenant_id)
    stand_in(tenants.tenant(again.tenant_id))
    g.api_key_id, g.shop_id = again.key_id, again.shop_id
    act_as(again.actor)
    return KeyInUse(again.key_id, again.shop_id, list(again.scopes), clock.wall())


def _whose(secret: str) -> tuple[int, int] | None:
    name = crypto.digest(secret)
    ids = _known.get(name)
    if ids is None:
        ids = tenants.by_key(secret)
        if ids is not None:
            if len(_known) >= MOST_KNOWN:
                _known.clear()
            _known[name] = ids
    return ids


def _check_scope(key: KeyInUse) -> None:
    needed = access.permission_of(request.endpoint or "")
    g.permissions = frozenset(key.scopes)
    reads = (
        request.method in {"GET", "HEAD"}
        and "read" in key.scopes
        and needed != access.PLATFORM_SCOPE
    )
    reads |= access.also_of(request.endpoint or "") in key.scopes
    if needed not in key.scopes and not reads:
        raise Forbidden("scope", f"This key has no scope for this call; it needs {needed}.")
    if g.get("till") is not None and request.endpoint not in AT_A_TILL:
        raise Forbidden(
            "till_key", "This is the key of a till: it takes orders and finds customers."
        )


def _touch(key: KeyInUse) -> None:
    now = clock.wall()
    if key.last_used_at is None or now - key.last_used_at > TOUCH:
        service.touch_key(key.id)
        db.session.commit()  # by itself: parallel calls do not wait for each other's note


def _read_json() -> None:
    """Read the body once, strictly; views and schemas get what was read here."""
    kind = request.mimetype
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType("Send JSON: Content-Type: application/json.")
    try:
        g.said = request.get_data(cache=True)
        found: Any = strict_json.parse(g.said)
    except strict_json.BadNumber as error:
        raise DomainError("invalid", str(error)) from error
    except strict_json.BadJson as error:
        raise BadRequest(str(error)) from error
    except strict_json.Unstorable as error:
        message = "This has characters that cannot be kept."
        raise DomainError("invalid", message, FieldError(error.path, message)) from error
    if not isinstance(found, dict):
        raise DomainError("invalid", "The body must be a JSON object.")
    request._cached_json = (found, found)  # noqa: SLF001 - werkzeug's own place for it
