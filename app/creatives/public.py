"""What others' pages load: banners, files, and previews in which nothing runs.

On the content host, if there is one, and then nothing else is there. Whatever is uploaded is served
under a policy that lets nothing run, so that it has no power on our own host either. An address works
as long as it is out in the world: also when the material is off, over or put away.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, cast

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    request,
    send_file,
)
from flask_babel import gettext as _

from app import clock
from app.attribution.clicks import is_machine
from app.creatives import queries, rules, service
from app.errors import NotFound
from app.group_commit import FAILURES, GroupCommit
from app.installation import settings
from app.links import queries as links
from app.partners import queries as partners
from app.site.access import requires

if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.blueprints import BlueprintSetupState
    from werkzeug.wrappers import Response as BaseResponse

    from app.creatives.models import Creative
    from app.creatives.rules import Words

log = logging.getLogger(__name__)
bp = Blueprint("creatives", __name__, url_prefix="/m/<merchant>")

KEPT = 3600  # seconds; a picture that the merchant replaces is new everywhere an hour later
ASKED = 500  # characters of a user agent that are looked at
INERT = "sandbox; default-src 'none'; form-action 'none'; base-uri 'none'"
LOOKED_AT = f"{INERT}; img-src https: http: data:; style-src 'unsafe-inline'"
ENDPOINTS = frozenset({"file", "own_file", "preview", "own_preview"})
# One row a link and day; rows in one order, so that two processes do not wait for each other.
COUNT = """INSERT INTO creative_show (tenant_id, link_id, day, shows)
SELECT t, l, d, count(*) FROM json_to_recordset($1::json) AS row(t bigint, l bigint, d date)
GROUP BY t, l, d ORDER BY t, l, d
ON CONFLICT (tenant_id, link_id, day) DO UPDATE SET shows = creative_show.shows + excluded.shows"""


@bp.record_once
def prepare(state: BlueprintSetupState) -> None:
    """Count shows of many threads in shared transactions."""
    state.app.extensions["shows"] = GroupCommit(cast("Flask", state.app), "shows", COUNT)


@bp.before_app_request
def keep_hosts_apart() -> BaseResponse | None:
    """On the content host there is content alone, and content is there alone."""
    host = settings().content_host
    content = (request.endpoint or "") in {f"public.creatives.{name}" for name in ENDPOINTS}
    here = request.host == host
    if host and here and not content:
        abort(404)
    if host and content and not here:
        return redirect(f"https://{host}{request.full_path.rstrip('?')}", 301)
    return None


@bp.get("/<string:key>.<string:ending>")
@requires("anyone")
def file(key: str, ending: str) -> Response:
    """Send a file as it is kept; `?download` saves it."""
    return _send(_with_file(key))


@bp.get("/<string:key>/<string:short>.<string:ending>")
@requires("anyone")
def own_file(key: str, short: str, ending: str) -> Response:
    """Send a file by the address that a partner put up, and count a show: never a click."""
    creative = _with_file(key)
    link = queries.link_by_short(creative.id, short) if short.isalnum() else None
    if link is None:
        raise NotFound
    if _is_show():
        row = {"t": link.tenant_id, "l": link.link_id, "d": clock.now().date().isoformat()}
        try:
            current_app.extensions["shows"].write(json.dumps(row))
        except FAILURES as error:
            log.warning("a show was not counted: %s", error)  # the picture is shown all the same
    return _send(creative)


@bp.get("/<string:key>/preview")
@requires("anyone")
def preview(key: str) -> Response:
    """Show HTML as it looks, with samples in place of the partner's words."""
    sample = links.address(str(_("CODE")), g.tenant.slug)
    return _page(_with_html(key), rules.Words(sample, str(_("CODE")), str(_("Partner"))))


@bp.get("/<string:key>/<string:short>/preview")
@requires("anyone")
def own_preview(key: str, short: str) -> Response:
    """Show HTML as it looks with a partner's link in it."""
    creative = _with_html(key)
    taken = queries.link_by_short(creative.id, short) if short.isalnum() else None
    partner = partners.by_id(taken.partner_id) if taken else None
    if partner is None:
        raise NotFound
    return _page(creative, service.take(creative, partner, g.tenant.slug).words)


def _page(creative: Creative, words: Words) -> Response:
    inner = rules.fill_html(creative.html, words)
    language = creative.language or g.tenant.locale
    response = make_response(rules.document(inner, creative.name, language))
    around = f"'self' {settings().public_url}"
    response.headers["Content-Security-Policy"] = f"{LOOKED_AT}; frame-ancestors {around}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _send(creative: Creative) -> Response:
    path = service.path_of(creative.digest or "")
    if not path.is_file():
        log.error("the file of creative %s is gone: %s", creative.public_id, path)
        raise NotFound
    response = send_file(
        path,
        mimetype=creative.media_type,
        as_attachment=creative.kind == rules.Kind.FILE or "download" in request.args,
        download_name=creative.filename,
        max_age=KEPT,
        etag=str(creative.digest)[:32],
        last_modified=creative.created_at,
    )
    response.headers["Content-Security-Policy"] = f"{INERT}; frame-ancestors 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    g.for_everybody = True
    return response


def _is_show() -> bool:
    """Whether a page of somebody's shows the picture to a person, as far as the request tells."""
    asked = request.headers
    ahead = asked.get("Sec-Purpose") or asked.get("Purpose") or ""
    return (
        request.method == "GET"
        and "download" not in request.args
        and asked.get("Sec-Fetch-Dest", "image") == "image"
        and "pre" not in ahead.lower()
        and not is_machine(asked.get("User-Agent", "")[:ASKED])
    )


def _with_file(key: str) -> Creative:
    """The ending is for those who read addresses: a picture may have become one of another kind."""
    found = queries.by_key(key) if key.isalnum() else None
    if found is None or not found.digest:
        raise NotFound
    return found


def _with_html(key: str) -> Creative:
    found = queries.by_key(key) if key.isalnum() else None
    if found is None or not rules.Kind(found.kind).has_html:
        raise NotFound
    return found
