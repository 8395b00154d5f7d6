"""Letters whose words are the merchant's own: places filled, HTML as it was cleaned when it was saved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from app.installation import public_address
from app.invitations import queries as invitations
from app.ledger.queries import partner_balances
from app.links import queries as links
from app.notifications.rules import TO_CUSTOMERS, TOLD, one_line
from app.notifications.view import UnwantedError
from app.placeholders import fill
from app.web.filters import money_text
from app.wordings.rules import asks_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.notifications.view import View
    from app.partners.models import Partner
    from app.tenants.models import Tenant

LONGEST_VALUE = 500
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_TAGS = re.compile(r"<(br|/p|/div|/li|/h[1-6]|/tr)\b[^>]*>", re.IGNORECASE)
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Written:
    """One reader's copy of what the merchant wrote."""

    subject: str
    text: str
    html: str
    sms: str = ""


def of(view: View) -> Written | None:
    """Return the merchant's words for this reader, in his language; None where a letter is ours."""
    texts = view.facts.get("texts") or view.texts
    if view.invitation is not None:
        batch = invitations.batch(view.invitation.batch_id)
        texts = batch.texts if batch else None
    if not isinstance(texts, dict) or not texts:
        if view.kind in TO_CUSTOMERS:
            raise UnwantedError("no text")
        return None
    said = chosen(texts, view.locale, view.merchant.locale)
    if view.kind in TO_CUSTOMERS and asks_amount(said, view.channel) and not view.credit[0]:
        raise UnwantedError("nothing was given")
    values = values_of(view)
    return filled(said, values, is_html=bool(view.facts.get("is_html")))


def chosen(texts: Mapping[str, Any], locale: str, fallback: str) -> Mapping[str, str]:
    """Return the text of a language, else of the merchant's, else the first there is."""
    for each in (locale, fallback):
        if each in texts:
            found: Mapping[str, str] = texts[each]
            return found
    first: Mapping[str, str] = next(iter(texts.values()))
    return first


def filled(said: Mapping[str, str], values: Mapping[str, str], *, is_html: bool) -> Written:
    """Fill the places of subject and body. What fills HTML is escaped; plain text becomes paragraphs."""
    values = {name: one_line(value, LONGEST_VALUE) for name, value in values.items()}
    subject, body = fill(said["subject"], values), said["body"]
    sms = fill(said.get("sms", ""), values)
    if is_html:
        return Written(subject, fill(_plain(body), values), fill(body, values, escape))
    text = fill(body, values)
    return Written(subject, text, _paragraphs(text), sms)


def values_of(view: View) -> dict[str, str]:
    """Return what may be filled in for this reader."""
    if view.kind in TOLD:
        return view.values
    guest = view.invitation
    if guest is not None:
        name = guest.name or guest.email.partition("@")[0]
        return {"shop": view.brand, "name": name, "link": view.join_link}
    if view.partner is None:
        return {"shop": view.brand}
    return partner_values(view.partner, view.merchant)


def partner_values(partner: Partner, merchant: Tenant) -> dict[str, str]:
    """Return what may be filled in for a partner; the balance is what he can ask for, by locale."""
    balance = partner_balances([partner.id])[partner.id]
    return {
        "shop": merchant.name,
        "name": partner.name,
        "refcode": partner.refcode,
        "link": links.address(partner.refcode, merchant.slug),
        "balance": money_text(balance.available, merchant.currency),
        "cabinet": public_address(f"/{merchant.slug}/cabinet/"),
    }


def _paragraphs(text: str) -> str:
    blocks = re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n"))
    style = 'style="margin:0 0 16px"'
    return "".join(f"<p {style}>{_linked(block)}</p>" for block in blocks)


def _linked(block: str) -> str:
    parts, end = [], 0
    for found in _ADDRESS.finditer(block):
        parts.append(escape(block[end : found.start()]))
        parts.append(f'<a href="{escape(found[0])}">{escape(found[0])}</a>')
        end = found.end()
    parts.append(escape(block[end:]))
    return "".join(parts).replace("\n", "<br>")


def _plain(html: str) -> str:
    """Return the words of cleaned HTML, for readers who see no HTML."""
    lines = _MARKUP.sub("", _TAGS.sub("\n", _LINK.sub(r"\2 (\1)", html)))
    for entity, char in (
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&amp;", "&"),
    ):
        lines = lines.replace(entity, char)
    return re.sub(r"\n\s*\n\s*", "\n\n", lines).strip()
