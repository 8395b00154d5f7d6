"""The back office: postbacks and their secret, and the files that a shop without a connector is given."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, url_for

from app.errors import NotFound
from app.installation import public_address
from app.intake.office.pages import bp
from app.intake.service import tenant
from app.intake.shops import connections
from app.intake.shops.registry import OWN
from app.site.access import requires
from app.site.people import freshly
from app.tenants import queries as tenants
from app.web.pages import page

if TYPE_CHECKING:
    from app.tenants.models import Connection

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "shops"
# Each file that is handed out, and the folder whose contents it packs, or the one file that it is.
FILES = {
    "partnerka.ocmod.zip": "opencart/partnerka",
    "partnerka-examples.zip": "examples",
    "partnerka.php": "bitrix/partnerka.php",
}
_TYPES = {".zip": "application/zip", ".php": "application/octet-stream"}


@bp.get("/postback")
@requires("settings")
def postback() -> Response:
    """Show where postbacks go and what proves them."""
    return _postback()


@bp.post("/postback/<string:public_id>/secret")
@requires("settings")
@freshly
def postback_secret(public_id: str) -> Response:
    """Give a shop's own channel another secret, shown on this answer only."""
    found = next((each for each in tenants.connections(OWN) if each.public_id == public_id), None)
    if found is None:
        raise NotFound
    return _postback(found, connections.rotate(found))


@bp.get("/files/<string:name>")
@requires("settings")
def handed_out(name: str) -> Response:
    """Hand out a file for the shop: an extension, a handler, examples."""
    if name not in FILES:
        raise NotFound
    answer = Response(_made(FOLDER / FILES[name]), content_type=_TYPES[Path(name).suffix])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _made(source: Path) -> bytes:
    if source.is_file():
        return source.read_bytes()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for each in sorted(source.rglob("*")):
            if each.is_file() and "__pycache__" not in each.parts:
                packed.writestr(each.relative_to(source).as_posix(), each.read_bytes())
    return made.getvalue()


def _postback(changed: Connection | None = None, secret: str | None = None) -> Response:
    names = {shop.id: shop.name for shop in tenants.shops()}
    return page(
        "intake/office/postback.html",
        address=public_address(url_for("public.intake.heard", merchant=tenant().slug)),
        channels=[
            (names.get(each.shop_id, ""), each, connections.old_secret_until(each))
            for each in tenants.connections(OWN)
        ],
        changed=changed,
        secret=secret,
    )
