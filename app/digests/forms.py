"""What the merchant advises his partners of each month."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from app.digests.rules import LONGEST_TIPS
from app.web.forms import Form
from app.web.locale import LOCALES


class _Tips(Form):
    """The tips by language."""

    @property
    def tips(self) -> dict[str, str]:
        """What was written, by language."""
        return {locale: self[f"tips_{locale}"].data or "" for locale in LOCALES}


TipsForm: type[_Tips] = type(
    "TipsForm",
    (_Tips,),
    {
        f"tips_{locale}": TextAreaField(
            _l("Tips (%(language)s)", language=name), [Length(max=LONGEST_TIPS)]
        )
        for locale, name in LOCALES.items()
    },
)


def as_typed(tips: dict[str, str]) -> dict[str, Any]:
    """Return stored tips as the form's data."""
    return {f"tips_{locale}": text for locale, text in tips.items()}
