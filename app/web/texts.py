"""Forms with a subject and a body in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from app.web.forms import Form
from app.web.locale import LOCALES

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_SUBJECT, LONGEST_BODY = 200, 50_000


class _Texts(Form):
    """What such forms know of their texts."""

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        """What was written, by language; a language of which nothing was written is absent."""
        found = {
            locale: {part: self[f"{part}_{locale}"].data or "" for part in ("subject", "body")}
            for locale in LOCALES
        }
        return {name: text for name, text in found.items() if any(text.values())}

    def languages(self) -> list[tuple[str, Any, Any]]:
        """Return (name, subject, body) for each language, for the page."""
        return [
            (name, self[f"subject_{locale}"], self[f"body_{locale}"])
            for locale, name in LOCALES.items()
        ]


def _fields() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for locale, name in LOCALES.items():
        found[f"subject_{locale}"] = StringField(
            _l("Subject (%(language)s)", language=name), [Length(max=LONGEST_SUBJECT)]
        )
        found[f"body_{locale}"] = TextAreaField(
            _l("Text (%(language)s)", language=name), [Length(max=LONGEST_BODY)]
        )
    return found


# Made so, because which languages there are stands in one place.
TextsForm: type[_Texts] = type("TextsForm", (_Texts,), _fields())


def as_typed(texts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return stored texts as the data of such a form."""
    return {
        f"{part}_{locale}": said.get(part, "")
        for locale, said in texts.items()
        for part in ("subject", "body")
    }
