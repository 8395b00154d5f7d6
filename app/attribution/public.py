"""What shops' pages load, and where clicks end that the function in front of Flask did not take."""

from __future__ import annotations

import base64
import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, abort, current_app, g, make_response, request

from app import clock
from app.attribution.queries import is_worn
from app.attribution.rules import Kind
from app.attribution.service import UNANSWERED
from app.coupons import queries as coupons
from app.extensions import csrf, limiter
from app.intake import service as intake
from app.links.rules import AddressError, ascii_domain
from app.members.rules import normalise_email, normalise_phone, region_of
from app.members.service import Card, Contact
from app.site import attempts
from app.site.access import requires
from app.tenants import queries as tenants
from app.tenants.queries import settings
from app.verified_sites import queries as verified_sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.attribution.clicks import Clicks
    from app.tenants.models import Shop

bp = Blueprint("attribution", __name__)

SOURCE = Path(__file__).resolve().parent.parent.parent / "static" / "track.js"
LEAD = SOURCE.with_name("lead.js")
LONGEST = 500  # characters of a field
FIELDS = ("email", "phone", "name")
KEPT = 300  # seconds; a changed setting reaches pages soon
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
ANYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@bp.get("/t/<merchant>.js")
@requires("anyone")
def script() -> Response:
    now = settings()
    words = [now["parameters"], now["window_days"], now["click"] == "first"]
    words += [1] if verified_sites.any_verified() else []
    packed = request.accept_encodings.quality("gzip") > 0
    response = make_response(landing_script(json.dumps(words), packed=packed))
    response.headers.update(ANYBODY)
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={KEPT}"
    response.vary.add("Accept-Encoding")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.route("/t/<merchant>/hit", methods=["POST", "OPTIONS"])
@requires("anyone")
def hit() -> Response:
    """Nobody's code: nothing is recorded, and the page need not know."""
    return make_response("", 204, ANYBODY)


csrf.exempt(hit)  # other sites' pages send it, and it changes nothing of anybody's


@bp.get("/t/<merchant>/lead.js")
@requires("anyone")
def lead_script() -> Response:
    """The second small file, for pages with a form that is reported."""
    response = make_response(LEAD.read_bytes())
    response.headers.update(ANYBODY)
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={KEPT}"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.post("/t/<merchant>/lead")
@limiter.limit("30/minute")
@requires("anyone")
def lead() -> Response:
    """Fix a contact to the partner who brought him; whatever became of it, the page is told the same.

    Only a page of the shop's may report one, and one visit stands for no more than a few people.
    """
    shop = _asking()
    if shop is None:
        return make_response("", 204, ANYBODY)
    contact = _contact(request.form, shop)
    click = request.form.get("click", "")[:LONGEST].replace("\0", "")
    kind, evidence = Kind.CLICK, click
    if click.startswith(UNANSWERED):
        kind, evidence = Kind.REF, unquote(click.removeprefix(UNANSWERED)).replace("\0", "")
    if contact.key is not None and evidence and not is_worn(evidence, kind):
        if coupons.offer().on:
            # Each contact may cost a coupon and a letter: an address sends so many, and no more.
            attempts.may_write_to(str(contact.key))
        # A stranger's form changes no card that is there.
        intake.introduce(contact, [(kind, evidence)], "subscribed", Card(frozenset()))
    return make_response("", 204, ANYBODY)


def _asking() -> Shop | None:
    """Return the shop on whose page the browser says it is; None for anybody else's."""
    try:
        host = ascii_domain(urlsplit(request.headers.get("Origin", "")).netloc)
    except (ValueError, AddressError):
        return None
    return next((shop for shop, domain in tenants.stands() if _is_of(domain, host)), None)


def _is_of(place: str, host: str) -> bool:
    domain = ascii_domain(place).removeprefix("www.")
    return host == domain or host.endswith(f".{domain}")


def _contact(said: Mapping[str, str], shop: Shop) -> Contact:
    """Return whom a form tells of, in the shop on whose page it stands."""
    given = {name: said.get(name, "")[:LONGEST].replace("\0", "").strip() for name in FIELDS}
    return Contact(
        shop_id=shop.id,
        customer_id=None,
        email=normalise_email(given["email"]),
        phone=normalise_phone(given["phone"], region_of(g.tenant.currency)),
        name=given["name"] or None,
        group=None,
        seen_at=clock.now(),
    )


csrf.exempt(lead)  # other sites' pages send it; it carries its own evidence


@bp.get("/t/<merchant>/hit.gif")
@requires("anyone")
def pixel() -> Response:
    clicks: Clicks = current_app.extensions["clicks"]
    target = clicks.target(f"/t/{g.tenant.slug}/hit", request.host, request.args.get("ref", ""))
    if target is not None:
        clicks.count(target, "pixel", request.environ, request.args.to_dict())
    response = make_response(PIXEL, 200, ANYBODY | {"Cache-Control": "no-store"})
    response.headers["Content-Type"] = "image/gif"
    return response


@bp.get("/r/<merchant>/<code>")
@requires("anyone")
def follow(code: str) -> Response:
    """Nobody's code."""
    abort(404)


@bp.get("/r/<code>", endpoint="follow_here")
@bp.get("/s/<code>", endpoint="follow_short")
@requires("anyone")
def follow_here(code: str) -> Response:
    """Nobody's code, on a merchant's own domain or shortened."""
    abort(404)


@lru_cache(maxsize=512)
def landing_script(words: str, *, packed: bool) -> bytes:
    """Return the script with a merchant's settings, without what only its readers need."""
    lines = (line.strip() for line in SOURCE.read_text().splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    body = text.replace("(SETTINGS)", f"({words})").encode()
    return gzip.compress(body, 9, mtime=0) if packed else body
