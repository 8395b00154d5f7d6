"""The back office: letters, SMS and chat messages that test mode keeps instead of sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, current_app, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import func

from app.errors import NotFound
from app.notifications.models import CapturedLetter
from app.site.access import requires
from app.twin import queries
from app.twin.office.clock import bp, in_test_mode
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from sqlalchemy import Select

# The letter may style itself and do nothing else; only our own page may frame it.
LETTER_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(func.lower(CapturedLetter.recipient) == words.lower())


CHANNELS = {"email": _l("E-mail"), "sms": _l("SMS"), "telegram": _l("Telegram")}
LETTERS = Table(
    name="letters",
    caption=_l("Letters of test mode"),
    key=CapturedLetter.id,
    default="-at",
    columns=(
        Column(
            "subject",
            _l("Letter"),
            main=True,
            href=lambda row: url_for("office.twin.letter", number=row.id),
        ),
        Column("channel", _l("Channel"), value=lambda row: CHANNELS[row.channel]),
        Column("recipient", _l("To"), render="name"),
        Column("at", _l("When"), render="datetime", sort=CapturedLetter.id),
    ),
    filters=(
        Filter(
            "channel",
            _l("Channel"),
            list(CHANNELS.items()),
            lambda s, v: s.where(CapturedLetter.channel == v),
        ),
    ),
    search=_search,
    search_label=_l("Whole address or number"),
    empty=Empty(
        _l("No letters yet"),
        _l("What test mode would send stands here; nothing leaves for outside."),
        icon="mail",
    ),
)


@bp.get("/letters/")
@requires("read")
def mailbox() -> Response:
    """List the letters, newest first."""
    in_test_mode()
    return page(
        "twin/office/mailbox.html", "_letters.html", letters=LETTERS.load(queries.letters())
    )


@bp.get("/letters/<int:number>")
@requires("read")
def letter(number: int) -> Response:
    """Show a letter as its reader would see it, and as plain text."""
    response = page("twin/office/letter.html", letter=_found(number), channels=CHANNELS)
    own = current_app.extensions["web.policy"]
    response.headers["Content-Security-Policy"] = f"{own}; frame-src 'self'"
    return response


@bp.get("/letters/<int:number>/html")
@requires("read")
def letter_html(number: int) -> Response:
    """Return the letter's HTML for the frame: no script, no form, no picture from elsewhere."""
    response = Response(_found(number).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    return response


def _found(number: int) -> CapturedLetter:
    in_test_mode()
    found = queries.letter(number)
    if found is None:
        raise NotFound
    return found
