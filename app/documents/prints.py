"""Documents as pages of their own: a file that any browser opens and prints, without us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app
from markupsafe import Markup

from app.documents.forms import sheet
from app.documents.rules import Content

if TYPE_CHECKING:
    from app.documents.models import Document

LOOK = Markup("""
@page { size: A4; margin: 13mm }
body { max-width: 180mm; margin: 8mm auto; font: 10pt/1.4 system-ui, sans-serif; color: #000; background: #fff }
h2 { font-size: 14pt; margin: 0 0 4mm }
table { width: 100%; border-collapse: collapse; margin: 4mm 0 }
caption { display: none }
th, td { border: 0.2mm solid #777; padding: 1mm 2mm; text-align: start; vertical-align: top }
.end { text-align: end; white-space: nowrap }
.document-void { font-weight: 650; border: 0.5mm solid; padding: 2mm }
.document-signs { display: grid; grid-template-columns: 1fr 1fr; gap: 10mm; margin-block-start: 8mm }
.document-signs p { margin: 0 }
.document-signs .document-sign { border-block-start: 0.2mm solid; margin-block-start: 14mm; padding-block-start: 1mm }
@media print { body { margin: 0; max-width: none } }
""")
PAGE = Markup(
    '<!doctype html>\n<html lang="{lang}">\n<meta charset="utf-8">\n<title>{title}</title>\n'
    "<style>{look}</style>\n<body>\n{paper}\n</body>\n</html>\n"
)


def printed(document: Document, replaces: Document | None) -> bytes:
    """Return a document as its page, as it is shown in the office; `replaces`: whose place it takes."""
    content = Content.from_json(document.content)
    shown = sheet(document, content, replaces)
    paper = current_app.jinja_env.get_template("documents/_paper.html")
    text = Markup(paper.render(document=document, content=content, sheet=shown))  # noqa: S704 - escaped by the template
    title = shown.words.title
    return PAGE.format(lang=content.locale, title=title, look=LOOK, paper=text).encode()
