"""Security headers on every answer, and the second layer against forged requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Response, current_app, request
from werkzeug.exceptions import Forbidden
from werkzeug.middleware.proxy_fix import ProxyFix

from app.extensions import csrf

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Config

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


def policy(content_host: str = "", *, frames: bool = False) -> str:
    """The content security policy: our own files only, nothing inline, no eval; frames only of uploaded content."""
    images = f"'self' data: https://{content_host}" if content_host else "'self' data:"
    framed = f"https://{content_host}" if content_host else "'self'"
    return (
        f"{f'frame-src {framed}; ' if frames else ''}"
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src {images}; connect-src 'self'; font-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def init_app(app: Flask, config: Config) -> None:
    """Put the hooks in place; behind a proxy, trust exactly the configured number of hops."""
    if config.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(config.trusted_hosts)
    if config.proxy_hops:
        hops = config.proxy_hops
        fixed = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = fixed  # type: ignore[method-assign]
    app.config["WTF_CSRF_SSL_STRICT"] = (
        False  # refuse_foreign looks at the origin instead of the referrer
    )
    app.extensions["web.policy"] = policy(config.content_host)
    app.extensions["web.policy.frames"] = policy(config.content_host, frames=True)
    app.extensions["web.strict_transport"] = config.production
    app.before_request(refuse_foreign)
    app.after_request(secure)


def secure(response: Response) -> Response:
    """Add what the view did not set itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", current_app.extensions["web.policy"])
    if current_app.extensions["web.strict_transport"]:
        response.headers.setdefault(
            "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
        )
    if response.mimetype in {"application/json", "application/problem+json"}:
        response.headers["Content-Type"] = f"{response.mimetype}; charset=utf-8"
    return response


def with_frames(response: Response) -> Response:
    """Let a page show uploaded content in frames, which in turn let nothing of it run."""
    response.headers["Content-Security-Policy"] = current_app.extensions["web.policy.frames"]
    return response


def refuse_foreign() -> None:
    """Refuse an unsafe request that another site's page sent; raises Forbidden.

    Views that are exempt from the token (an API key or a signature speaks for them) are exempt here too.
    """
    if request.method in SAFE_METHODS or is_exempt(request.endpoint):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise Forbidden
        return
    origin = request.headers.get("Origin")
    if origin is not None and _authority(origin) != _authority(request.host_url):
        raise Forbidden


def is_exempt(endpoint: str | None) -> bool:
    """True for an endpoint that CSRFProtect was told to leave alone, by itself or with its blueprint."""
    if endpoint is None:
        return False
    view = current_app.view_functions.get(endpoint)
    location = f"{view.__module__}.{view.__name__}" if view else ""
    # Flask-WTF keeps both sets under private names and offers no question.
    views, blueprints = csrf._exempt_views, csrf._exempt_blueprints  # noqa: SLF001
    return location in views or any(
        current_app.blueprints.get(name) in blueprints for name in request.blueprints
    )


def _authority(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""  # nobody's, and so not ours
    return parts.scheme, parts.netloc.lower()
