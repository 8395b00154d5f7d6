"""Logs: one JSON object a line, with the request's id and without secrets or line breaks."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any

import structlog
from flask import Response, g, request

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from flask import Flask

    from app.config import Config

access = structlog.stdlib.get_logger("partnerka.access")
REDACTED = "[redacted]"
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_SECRET_KEYS = re.compile(
    r"(?i)passw|secret|token|authorization|cookie|csrf|api_?key|signature|\bsig\b|otp|pin"
)
_SECRETS = (
    re.compile(r"\b[sp]k_(?:live|test)_[A-Za-z0-9_-]+"),
    re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]+"),
    re.compile(r"(?i)\b(?:password|secret|token|sig)=[^&\s\"']+"),
    re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    # Addresses that are secrets themselves, and tokens of bots.
    re.compile(r"(?<=/invited/)[\w.-]+|(?<=/unsubscribe/)[\w.-]+|(?<=/sales/)[0-9a-f]{48}"),
    re.compile(r"\b(?:cp|ct|ws)_[A-Za-z0-9_-]{43}|\bpw1\.[A-Za-z0-9._-]+"),
    re.compile(r"\b[0-9]{5,20}:[A-Za-z0-9_-]{30,60}"),
)


def init_app(app: Flask, config: Config) -> None:
    """Name each request, and write a line for each answer."""
    configure(config.env)
    app.before_request(_begin)
    app.after_request(_end)


def configure(env: str) -> None:
    """Send structlog and the standard library to stderr as JSON; tests keep pytest's own capture."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if env == "test":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=True),  # escapes every line break
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)


def redact(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what is named like a secret or looks like one; a structlog processor."""
    for key, value in line.items():
        line[key] = REDACTED if _SECRET_KEYS.search(key) else scrub(value)
    return line


def scrub(value: Any) -> Any:
    """The value with keys, tokens, addresses of people and passwords in addresses blanked, at any depth."""
    if isinstance(value, str):
        for pattern in _SECRETS:
            value = pattern.sub(REDACTED, value)
        return value
    if isinstance(value, dict):
        return {k: REDACTED if _SECRET_KEYS.search(str(k)) else scrub(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(v) for v in value]
    return value


def request_id() -> str:
    """The id of the running request, as the answer's X-Request-ID says it."""
    if "request_id" not in g:
        g.request_id = named(request.headers.get("X-Request-ID", ""))
    return str(g.request_id)


def named(given: str) -> str:
    """The name that a proxy gave a request, if it is one, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(12)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    took = time.perf_counter() - g.get("began", time.perf_counter())
    access.info(
        "request",
        method=request.method,
        path=request.path,  # without the query: it may carry what must not be kept
        endpoint=request.endpoint,
        status=response.status_code,
        ms=round(took * 1000, 1),
    )
    return response
