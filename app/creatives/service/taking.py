"""A partner takes a creative: his own link goes with it, made the first time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.creatives import queries
from app.creatives.models import CreativeLink
from app.creatives.rules import Kind, Words, banner_code, fill_html, fill_text, labelled
from app.extensions import db
from app.links import queries as links
from app.links.models import Link
from app.links.rules import label_with
from app.links.service import create_to
from app.partners.queries import codes_of
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from app.creatives.models import Creative
    from app.partners.models import Partner


@dataclass(frozen=True)
class Taken:
    """A creative with the partner's own link in it: what he copies, sends or downloads."""

    link: Link
    address: str
    words: Words
    picture: str  # address of the picture or file that counts the partner's shows; else empty
    code: str  # HTML to be put on a page; else empty
    text: str
    html: str
    subject: str
    label: str  # the advertising label with the token


def take(creative: Creative, partner: Partner, slug: str) -> Taken:
    """Return a creative with the partner's link inside; the link is made now if he never took it.

    `slug` names the merchant in addresses. Two calls at once end in one link. Raises NotFound while the
    merchant has no shop.
    """
    link = _link(creative, partner)
    address = links.address(queries.code_of_link(link), slug, creative.erid)
    words = words_of(partner, address)
    picture = queries.file_address(creative, slug, link.short) if creative.digest else ""
    text = fill_text(creative.body, words)
    html = fill_html(creative.html, words)
    return Taken(
        link=link,
        address=address,
        words=words,
        picture=picture,
        code=_code(creative, words, picture, html),
        text=_with_link(creative, text, words),
        html=html,
        subject=fill_text(creative.subject, words),
        label=label_of(creative),
    )


def words_of(partner: Partner, address: str) -> Words:
    """Return what placeholders stand for; the code is the first promo code, else the refcode."""
    codes = codes_of([partner.id])[partner.id]
    promo = [code.display for code in codes if code.kind != "refcode"]
    return Words(address, promo[0] if promo else partner.refcode, partner.name)


def _code(creative: Creative, words: Words, picture: str, html: str) -> str:
    kind = Kind(creative.kind)
    if kind is Kind.BANNER:
        pixels = creative.width, creative.height
        alt = creative.body or creative.name
        return banner_code(words, picture, *pixels, alt, label_of(creative))
    return labelled(html, label_of(creative)) if kind is Kind.HTML else ""


def _with_link(creative: Creative, text: str, words: Words) -> str:
    """A text without the link would bring nobody anything: it is put below, and so is the label."""
    if Kind(creative.kind) not in {Kind.TEXT, Kind.LETTER} or not text:
        return ""
    parts = [text] if "{link}" in creative.body else [text, words.link]
    label = label_of(creative)
    return "\n".join([*parts, label] if label else parts)


def label_of(creative: Creative) -> str:
    """Return the advertising label as it stands beside a material: with the token."""
    return label_with(creative.label, creative.erid)


def _link(creative: Creative, partner: Partner) -> Link:
    query = (
        select(Link)
        .join(
            CreativeLink,
            (CreativeLink.tenant_id == Link.tenant_id) & (CreativeLink.link_id == Link.id),
        )
        .where(CreativeLink.creative_id == creative.id, CreativeLink.partner_id == partner.id)
    )
    found = db.session.scalars(query).one_or_none()
    if found is not None:
        return _marked(found, creative)
    # Whoever comes second waits, and finds the link made.
    pair = f"creative:{current_tenant()}:{creative.id}:{partner.id}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(pair, 0))))
    found = db.session.scalars(query).one_or_none()
    if found is not None:
        return _marked(found, creative)
    to = creative.shop_id, creative.place, creative.product_id, creative.category_id
    made = create_to(partner, creative.name, *to)
    db.session.add(CreativeLink(creative_id=creative.id, partner_id=partner.id, link_id=made.id))
    db.session.flush()
    return _marked(made, creative)


def _marked(link: Link, creative: Creative) -> Link:
    """A partner's link of a material has the material's token."""
    if link.erid != creative.erid:
        link.erid = creative.erid
        db.session.flush()
    return link
