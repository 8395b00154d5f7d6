"""The letters that the development mail server took, at /dev/mailbox, and SMS among them. Not in production."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, current_app, request
from markupsafe import Markup

from app.extensions import csrf
from app.installation import settings
from app.web.pages import page

if TYPE_CHECKING:
    from pathlib import Path

blueprint = Blueprint("mailbox", __name__, url_prefix="/dev/mailbox")

SHOWN = 200
LONGEST_SMS = 2_000
_LINK = re.compile(r"https?://[^\s<>\"]+")
# The letter may style itself and do nothing else; only our own page may frame it.
LETTER_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Letter:
    """One file of the mail server's folder."""

    number: int  # nanoseconds at which it came
    message: EmailMessage

    @property
    def at(self) -> datetime:
        """When it came."""
        return datetime.fromtimestamp(self.number / 10**9, UTC)

    @cached_property
    def text(self) -> str:
        """Its plain text."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @cached_property
    def html(self) -> str:
        """Its HTML."""
        part = self.message.get_body(("html",))
        return str(part.get_content()) if part else ""

    @property
    def links(self) -> list[str]:
        """The addresses in its text, each once."""
        return list(dict.fromkeys(_LINK.findall(self.text)))


def _folder() -> Path:
    return settings().var_dir / "mail"


def _read(number: int) -> Letter:
    found = _folder() / f"{number}.eml"
    if not found.is_file():
        abort(404)
    return Letter(number, message_from_bytes(found.read_bytes(), policy=policy.default))


@blueprint.get("/")
def index() -> Response:
    """List the letters, newest first."""
    numbers = sorted(
        (int(p.stem) for p in _folder().glob("*.eml") if p.stem.isdecimal()), reverse=True
    )
    letters = [_read(number) for number in numbers[:SHOWN]]
    return page("dev/mailbox.html", letters=letters, total=len(numbers))


@blueprint.post("/sms")
def sms() -> Response:
    """Take an SMS as a service would, and lay it among the letters."""
    phone, text = (request.form.get(name, "").strip() for name in ("phone", "text"))
    if not phone or not text or len(phone + text) > LONGEST_SMS:
        abort(400)
    message = EmailMessage()
    message["Subject"] = f"SMS: {' '.join(text.split())[:120]}"
    message["To"] = " ".join(phone.split())
    message.set_content(text)
    _folder().mkdir(parents=True, exist_ok=True)
    (_folder() / f"{time.time_ns()}.eml").write_bytes(message.as_bytes())
    return Response("OK", mimetype="text/plain")


csrf.exempt(sms)  # called by our own worker, as any SMS service is


@blueprint.get("/<int:number>")
def show(number: int) -> Response:
    """Show a letter as its reader sees it, as plain text, and its links apart."""
    letter = _read(number)
    response = page("dev/letter.html", letter=letter, text=_with_links(letter.text))
    own = current_app.extensions["web.policy"]
    response.headers["Content-Security-Policy"] = f"{own}; frame-src 'self'"
    return response


@blueprint.get("/<int:number>/html")
def html(number: int) -> Response:
    """Return the letter's HTML for the frame: no script, no form, no picture from elsewhere."""
    response = Response(_read(number).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    return response


def _with_links(text: str) -> Markup:
    """Return plain text with its addresses as links."""
    made = Markup("")
    end = 0
    for found in _LINK.finditer(text):
        made += Markup("{}<a href='{}'>{}</a>").format(
            text[end : found.start()], found.group(), found.group()
        )
        end = found.end()
    return made + text[end:]
