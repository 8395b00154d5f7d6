"""The widget's own words, by name, and the form of its look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import force_locale, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, StringField, ValidationError
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ColorInput, ListWidget

from app.web.colour import ENOUGH, contrast, parse
from app.web.forms import Form, RadioField, SelectField, SelectMultipleField
from app.web.locale import LOCALES
from app.widget.rules import (
    COLOURS,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_RADIUS,
    OWN_TEXTS,
    Look,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands in braces is filled in by the script, written by the visitor's locale.
WORDS: dict[str, Any] = {
    "title": _l("Your bonuses"),
    "available": _l("To spend"),
    "pending": lazy_pgettext("bonuses", "Waiting"),
    "debt": _l("Debt"),
    "expiry": _l("{sum} lapse on {day}"),
    "choice": _l("With this order"),
    "earn": _l("Save up bonuses"),
    "spend": _l("Pay a part with bonuses"),
    "gain": _l("you earn {sum}"),
    "most": _l("up to {sum}"),
    "amount": _l("How many bonuses to spend"),
    "all": _l("Use all"),
    "pay": _l("To pay: {sum}"),
    "none": _l("Bonuses cannot pay for anything in this cart."),
    "empty": _l("Put something into the cart to see what bonuses can pay."),
    "cut": _l("At most {sum} can be spent here, so that much is spent."),
    "number": _l("Write a number such as 150."),
    "why": _l("Why this much"),
    "history": _l("Latest"),
    "nothing": _l("Nothing has moved yet."),
    "earned": lazy_pgettext("bonuses", "Earned"),
    "spent": lazy_pgettext("bonuses", "Spent"),
    "returned": lazy_pgettext("bonuses", "Given back"),
    "lapsed": lazy_pgettext("bonuses", "Lapsed"),
    "taken_back": lazy_pgettext("bonuses", "Taken back"),
    "guest": _l("Sign in to see and spend your bonuses."),
    "wait": _l("One moment…"),
    "expired": _l("The page has stood open for long. Reload it to see your bonuses."),
    "failed": _l("Your bonuses cannot be shown just now. You can order without them."),
    "again": _l("Try again"),
    "get": _l("Get a code for {sum}"),
    "code": _l("Your code"),
    "making": _l("The shop is making your code…"),
    "takes": _l("It takes {sum} off this cart until {time}."),
    "hand": _l("Enter it where the cart asks for a coupon."),
    "applied": _l("It is in the cart."),
    "misfit": _l(
        "The cart is worth less than the one it was made for. Take it back and choose again."
    ),
    "copy": _l("Copy"),
    "copied": _l("Copied"),
    "apply": _l("Apply"),
    "back": _l("Take it back"),
    "away": _l("The shop cannot take a code just now. Your bonuses are free again."),
}
BLOCK_NAMES = {
    "pending": _l("Bonuses that still wait"),
    "expiry": _l("What lapses next"),
    "why": _l("Why this much, in the cart"),
    "history": _l("The latest entries, in the profile"),
    "guest": _l("An invitation for those who are not signed in"),
}
POSITION_NAMES = {
    "wide": _l("As wide as its place"),
    "start": _l("At the beginning of the line"),
    "center": _l("In the middle"),
    "end": _l("At the end of the line"),
}
COLOUR_NAMES = {
    "accent": _l("Buttons and marks"),
    "ink": _l("Text"),
    "paper": _l("Background"),
    "line": _l("Border"),
}


def words_of(look: Look, language: str) -> dict[str, str]:
    """Return all words of the widget in a language: ours, where the merchant has none of his own."""
    with force_locale(language):
        ours = {name: str(text) for name, text in WORDS.items()}
    return ours | dict(look.texts.get(language, {}))


def pale(look: Look) -> list[str]:
    """Return the names of colours that are hard to read on the background."""
    paper = parse(look.paper)
    found = [
        name for name in ("ink", "accent") if contrast(parse(getattr(look, name)), paper) < ENOUGH
    ]
    return [str(COLOUR_NAMES[name]) for name in found]


def _colour(_form: Form, field: StringField) -> None:
    try:
        parse(field.data or "")
    except ValueError as error:
        raise ValidationError(_("A colour looks like #1f6f54.")) from error


def _text(name: str, label: Any) -> StringField:
    most = LONGEST_TITLE if name == "title" else LONGEST_TEXT
    return StringField(label, [Length(max=most), _line])


def _line(_form: Form, field: StringField) -> None:
    if field.data and not field.data.strip().isprintable():
        raise ValidationError(_("Write one line of plain text."))


class LookForm(Form):
    """Colours, corners, place, blocks, and words in one language."""

    accent = StringField(COLOUR_NAMES["accent"], [InputRequired(), _colour], widget=ColorInput())
    ink = StringField(COLOUR_NAMES["ink"], [InputRequired(), _colour], widget=ColorInput())
    paper = StringField(COLOUR_NAMES["paper"], [InputRequired(), _colour], widget=ColorInput())
    line = StringField(COLOUR_NAMES["line"], [InputRequired(), _colour], widget=ColorInput())
    radius = IntegerField(
        _l("Roundness of corners, pixels"), [InputRequired(), NumberRange(0, MOST_RADIUS)]
    )
    position = RadioField(_l("Place"), choices=list(POSITION_NAMES.items()))
    blocks = SelectMultipleField(
        _l("What is shown beside the balance"),
        choices=list(BLOCK_NAMES.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    language = HiddenField(_l("Language"), [AnyOf(LOCALES)])  # of the words below
    title = _text("title", _l("Title"))
    earn = _text("earn", _l("The choice to save up"))
    spend = _text("spend", _l("The choice to spend"))
    guest = _text("guest", _l("To those who are not signed in"))

    @classmethod
    def of(cls, look: Look, language: str) -> LookForm:
        """Return the form that says how the widget looks."""
        own = look.texts.get(language, {})
        said = {name: getattr(look, name) for name in (*COLOURS, "radius", "position")}
        words = {name: own.get(name, "") for name in OWN_TEXTS}
        return cls(
            formdata=None,
            data=said | words | {"blocks": list(look.blocks), "language": language},
        )

    def said(self, before: Look) -> Mapping[str, Any]:
        """Return the look that was typed; words of other languages stay as they were."""
        own = {name: (getattr(self, name).data or "").strip() for name in OWN_TEXTS}
        mine = {name: text for name, text in own.items() if text}
        texts = {code: dict(words) for code, words in before.texts.items()}
        texts = {**texts, self.language.data: mine}
        return {
            **{name: "#" + getattr(self, name).data.lower().removeprefix("#") for name in COLOURS},
            "radius": self.radius.data,
            "position": self.position.data,
            "blocks": list(self.blocks.data or ()),
            "texts": {code: words for code, words in texts.items() if words},
        }


class KeyForm(Form):
    """Which shop's pages a new secret is for."""

    shop = SelectField(_l("Shop"))
