"""Idempotency-Key: a POST said twice is done once, and answered the same."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, g, request
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto
from app.errors import Conflict, DomainError
from app.extensions import db
from app.tenancy import current_tenant
from app.tenants.models import IdempotencyKey

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
LONGEST = 255


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a POST view of the API. The answer is kept in the view's own transaction, so both or neither stay.

    While the first call runs it holds an advisory lock: a second one meets 409, and nothing is left
    behind when the process dies. Refusals are not kept: the same call would be refused again.
    """

    @wraps(view)
    def answered(*args: Any, **values: Any) -> Any:
        given = request.headers.get(HEADER)
        if given is None:
            return view(*args, **values)
        key, body = _hashes(given)
        _hold(key)
        kept = _kept(key, body)
        if kept is not None:
            return kept
        response = current_app.make_response(view(*args, **values))
        if response.status_code < 400:
            _keep(key, body, response)
        return response

    answered.keyed = True  # type: ignore[attr-defined]
    return answered


def _hashes(given: str) -> tuple[str, str]:
    if not 0 < len(given) <= LONGEST or not given.isprintable():
        raise DomainError(
            "idempotency_key", "The Idempotency-Key is 1 to 255 printable characters."
        )
    caller = f"{g.get('caller') or g.api_key_id}\n{request.method}\n{request.path}\n{given}"
    # A file was read to disk already, and hashed on its way.
    body = g.get("body_hash") or hashlib.sha256(request.get_data()).hexdigest()
    return hashlib.sha256(caller.encode()).hexdigest(), body


def _hold(key: str) -> None:
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{current_tenant()}:{key}", 0))
    if not db.session.scalar(select(lock)):
        raise Conflict("in_flight", "A call with this Idempotency-Key is still running.")


def _kept(key: str, body: str) -> Response | None:
    row = db.session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.key_hash == key, IdempotencyKey.created_at > clock.wall() - KEPT
        )
    )
    if row is None:
        return None
    if row.body_hash != body:
        raise DomainError("idempotency_key", "This Idempotency-Key was used with another body.")
    response = Response(_said(row.answer or {}), row.status, mimetype="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _said(answer: dict[str, Any]) -> str:
    sealed = answer.get("sealed")
    return crypto.open_sealed(bytes.fromhex(sealed)) if sealed else str(answer.get("body", ""))


def _keep(key: str, body: str, response: Response) -> None:
    values = {
        "body_hash": body,
        "status": response.status_code,
        # Sealed: an answer may hold a secret that is told once.
        "answer": {"sealed": crypto.seal(response.get_data()).hex()},
        "created_at": clock.wall(),
    }
    statement = insert(IdempotencyKey).values(key_hash=key, **values)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "key_hash"], set_=values)
    )
