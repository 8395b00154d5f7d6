"""HTML that the merchant pastes, cleaned; placeholders filled; the code that a partner puts up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

import nh3

REL = "sponsored noopener"
# `{link}` is no address, and what is none is dropped: it stands as one while HTML is cleaned.
STAND_IN = "https://partner-link.invalid/"
PLACEHOLDER = re.compile(r"\{(link|code|name)\}")
TAGS = set(
    "a abbr b blockquote br caption center code col colgroup dd del div dl dt em figcaption figure "
    "footer h1 h2 h3 h4 h5 h6 header hr i img ins li ol p pre q s section small span strong sub sup "
    "table tbody td tfoot th thead tr u ul".split()
)
_CELL = {"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan"}
ATTRIBUTES = {
    "*": {"style", "title", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "table": {"align", "width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"align", "valign", "bgcolor"},
    "p": {"align"},
    "div": {"align"},
}
# Nothing that loads, overlays or moves.
STYLES = set(
    "background-color border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color font-family font-size "
    "font-style font-weight height letter-spacing line-height margin margin-bottom margin-left "
    "margin-right margin-top max-width min-width padding padding-bottom padding-left padding-right "
    "padding-top text-align text-decoration text-transform vertical-align width".split()
)
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    tag_attribute_values={"a": {"target": {"_blank", "_self"}}},
    filter_style_properties=STYLES,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel=REL,
    strip_comments=True,
)


@dataclass(frozen=True, slots=True)
class Words:
    """What placeholders stand for: the partner's link, his code and his name."""

    link: str
    code: str
    name: str

    def of(self, found: re.Match[str]) -> str:
        """Return what one placeholder stands for."""
        return {"link": self.link, "code": self.code, "name": self.name}[found[1]]


def clean(html: str) -> str:
    """Return HTML without anything that runs, loads in secret or leaves its place; placeholders stay."""
    return _CLEANER.clean(html.replace("{link}", STAND_IN)).replace(STAND_IN, "{link}").strip()


def fill_text(text: str, words: Words) -> str:
    """Return a plain text with its placeholders filled, once: what they bring in is not looked at again."""
    return PLACEHOLDER.sub(words.of, text)


def fill_html(html: str, words: Words) -> str:
    """Return HTML with its placeholders filled; cleaned after that, since a name may stand in an address."""
    return _CLEANER.clean(PLACEHOLDER.sub(lambda found: escape(words.of(found)), html))


def banner_code(
    words: Words, picture: str, width: int | None, height: int | None, alt: str, label: str = ""
) -> str:
    """Return the HTML of a banner: the partner's link around the picture, its pixels, its words."""
    sizes = f' width="{width}" height="{height}"' if width and height else ""
    image = f'<img src="{escape(picture)}"{sizes} alt="{escape(fill_text(alt, words))}">'
    link = f'<a href="{escape(words.link)}" target="_blank" rel="{REL}">{image}</a>'
    return labelled(link, label)


def labelled(code: str, label: str) -> str:
    """Return code with the advertising label below it."""
    return f"{code}\n<br><small>{escape(label)}</small>" if label else code


def document(html: str, title: str, language: str) -> str:
    """Return a whole page around a piece of HTML, for a frame that lets nothing run."""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body>{html}</body></html>\n"
    )
