"""Write one letter: subject, text and HTML, in the reader's language, with links made now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, cast

import mjml
from flask import current_app
from flask_babel import force_locale, gettext

from app import crypto
from app.installation import public_address, settings
from app.notifications import queries, rules, written
from app.notifications.rules import To
from app.notifications.view import UnwantedError, View
from app.payouts.rules import DISOWN
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from jinja2 import Environment

    from app.notifications.models import Message

# What XML cannot hold: a name with one of these would leave its letter unwritten for good.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it leaves."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    reply_to: str | None
    is_test: bool = False


def compose(message: Message) -> Letter:
    """Write the letter of a message of the scope's tenant. Raises UnwantedError."""
    view = wanted(message)
    with force_locale(message.locale):
        view.written = written.of(view)
        subject, plain, markup = (
            rendered(view, message.template, part) for part in ("subject", "txt", "mjml")
        )
        marked = gettext("[Test] %(subject)s", subject=subject) if view.is_test else subject
    name = rules.one_line(view.brand, 60)
    html = str(mjml.mjml2html(UNWRITABLE.sub("", markup)))
    if view.written is not None:  # as it was pasted: it is HTML, and no MJML
        html = html.replace(view.place, UNWRITABLE.sub("", view.written.html), 1)
    return Letter(
        sender=formataddr((name, parseaddr(settings().mail.sender)[1])),
        to=message.address,
        subject=rules.one_line(marked),
        text=tidy(UNWRITABLE.sub("", plain)),
        html=html,
        headers=_headers(message, view),
        reply_to=view.merchant.email
        if rules.RULES[message.template].to in {To.PARTNER, To.GUEST, To.CUSTOMER}
        else None,
        is_test=view.is_test,
    )


def wanted(message: Message) -> View:
    """Return what a message is written of, if it is still wanted. Raises UnwantedError."""
    view, rule = View(message), rules.RULES.get(message.template)
    if rule is None:
        return view
    if rule.to is To.PARTNER and (view.partner is None or view.partner.status == "removed"):
        raise UnwantedError("gone")
    if rule.to is To.GUEST and not view.is_invitation_open:
        raise UnwantedError("withdrawn")
    if view.is_overtaken:
        raise UnwantedError("overtaken")
    if message.template in rules.TO_CUSTOMERS and view.customer and not view.customer.wanted:
        raise UnwantedError("muted")
    partner = view.partner if rule.to is To.PARTNER else None
    on = rules.is_wanted(
        message.template,
        switches=queries.switches(),
        muted=partner.muted if partner else (),
        texted=partner.texted if partner else (),
        channel=message.channel,
    )
    if not on:
        raise UnwantedError("muted")
    return view


def rendered(view: View, kind: str, part: str) -> str:
    """Return one part of a message: subject, txt, mjml or sms. Only HTML is escaped."""
    return _environment().get_template(f"notifications/{kind}.{part}").render(v=view)


def not_me_link(view: View) -> str:
    """Return where the partner says that the change of payment details was not his."""
    said = [view.partner.id if view.partner else 0, view.facts.get("changed_at")]
    token = crypto.sign(DISOWN, [current_tenant(), *said])
    return public_address(f"/{view.merchant.slug}/not-me/{token}")


def _headers(message: Message, view: View) -> dict[str, str]:
    domain = parseaddr(settings().mail.sender)[1].rpartition("@")[2] or "localhost"
    headers = {
        # The same for every attempt, so that a letter sent twice is known for one.
        "Message-ID": f"<{view.event.public_id}.{message.id}@{domain}>",
        "Auto-Submitted": "auto-generated",
    }
    if view.unsubscribe:
        headers["List-Unsubscribe"] = f"<{view.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _environment() -> Environment:
    """Return the app's templates as letters need them: only HTML is escaped."""
    found = current_app.extensions.get("notifications.letters")
    if found is None:
        found = current_app.jinja_env.overlay(
            autoescape=lambda name: name is not None and name.endswith(".mjml"),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        found.globals["not_me_link"] = not_me_link
        current_app.extensions["notifications.letters"] = found
    return cast("Environment", found)


def tidy(plain: str) -> str:
    """Return the text with at most one empty line between paragraphs."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in plain.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
