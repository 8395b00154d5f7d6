"""Where Telegram calls us: a secret in the header speaks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from app.errors import Forbidden, NotFound
from app.extensions import csrf
from app.site.access import requires
from app.telegram import queries, service

if TYPE_CHECKING:
    from typing import Any

bp = Blueprint("telegram", __name__)
HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST = 65_536


@bp.post("/<merchant>/telegram")
@csrf.exempt  # type: ignore[untyped-decorator]  # Telegram's header is the proof
@requires("anyone")
def hear() -> Response:
    """Do what one update says, and answer it in the same breath, as the Bot API lets us."""
    found = queries.bot()
    if found is None:
        raise NotFound
    if not service.is_from_telegram(found, request.headers.get(HEADER, "")):
        raise Forbidden("not_telegram", _("Not for you."))
    replies = service.hear(found, [_read(request.get_data(cache=False)[:LONGEST])])
    if not replies:
        return Response("{}", mimetype="application/json")
    words = service.reply_words(replies[0])
    said = {"method": "sendMessage", "chat_id": replies[0].chat, "text": words}
    return Response(json.dumps(said), mimetype="application/json")


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
