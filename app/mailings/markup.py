"""Pasted HTML made safe and fit for mail programs: styles moved to their elements, all else cleaned away."""

from __future__ import annotations

import css_inline
import nh3

TAGS = set(
    "a b blockquote br center code div em h1 h2 h3 h4 hr i img li ol p pre s small span strong sub sup "
    "table tbody td tfoot th thead tr u ul".split()
)
_SIZES = {"width", "height", "align", "valign", "bgcolor", "style"}
ATTRIBUTES = {
    "*": {"style", "align", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", *_SIZES},
    "table": {"border", "cellpadding", "cellspacing", "role", *_SIZES},
    "td": {"colspan", "rowspan", *_SIZES},
    "th": {"colspan", "rowspan", *_SIZES},
}
STYLES = set(
    "background-color border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color display font-family "
    "font-size font-style font-weight height letter-spacing line-height list-style-type margin "
    "margin-bottom margin-left margin-right margin-top max-width min-width padding padding-bottom "
    "padding-left padding-right padding-top text-align text-decoration text-transform vertical-align "
    "white-space width word-break".split()
)


def clean(pasted: str) -> str:
    """Return what of pasted HTML may go into a letter: no script, no handler, no form, no frame.

    Sheets in the paste are moved into the elements first; nothing is fetched for that.
    """
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    try:
        moved = inliner.inline(pasted)
    except (css_inline.InlineError, ValueError):
        moved = pasted  # a sheet that cannot be read is no reason to lose the words
    cleaned: str = nh3.clean(
        moved,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties=STYLES,
    )
    return cleaned.strip()
