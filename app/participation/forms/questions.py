"""The merchant's questions as fields of a form, and their answers as the rules read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TelField, TextAreaField, URLField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.money import MoneyError, plain_number
from app.participation.rules import LONGEST, Kind, in_language
from app.programs.forms import DomainForm
from app.web.filters import locale_name
from app.web.forms import DayField, RadioField, SelectField, SelectMultipleField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wtforms import Field

    from app.errors import DomainError
    from app.participation.rules import Question

PREFIX = "q_"
FEW = 6  # so many answers stand open; more are a list to unfold


class Marked:
    """Say that a field must be filled in; whether it is, the rules look at."""

    field_flags = {"required": True}  # noqa: RUF012 - WTForms reads the attribute so

    def __call__(self, _form: Any, _field: Field) -> None:
        """Refuse nothing."""


class NumberField(StringField):  # type: ignore[misc]
    """A number as the reader types it."""

    inputmode = "decimal"


class AnsweringForm(DomainForm):
    """A form with the merchant's questions among its fields."""

    questions: Sequence[Question] = ()

    @property
    def answers(self) -> dict[str, Any]:
        """What was answered, by the question's key, for services to read."""
        return {each.key: self._answer(each) for each in self.questions}

    def _answer(self, question: Question) -> Any:
        field = self[PREFIX + question.key]
        if question.kind is Kind.DATE:
            return field.typed if field.data is None else field.data.isoformat()
        if question.kind is Kind.NUMBER and field.data:
            try:
                return plain_number(field.data, locale_name())
            except MoneyError:
                return field.data
        return field.data

    def tell(self, error: DomainError) -> None:
        """Put each complaint at its field, those about answers too."""
        for each in error.errors:
            name, _dot, key = each.field.partition(".")
            asked = name == "answers" and PREFIX + key in self._fields
            field = self._fields.get(PREFIX + key if asked else each.field)
            if field is not None and each.message not in field.errors:
                self.complain(PREFIX + key if asked else each.field, each.message)
            elif field is None:
                self.complain("", each.message)
        if not error.errors:
            self.complain("", error.message)


def fields_of(questions: Sequence[Question], *languages: str) -> dict[str, Any]:
    """Return a field for each question, in the words of the first language that has them."""
    return {PREFIX + each.key: _field(each, languages) for each in questions}


def written(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers as the fields show them."""
    point = "," if locale_name().startswith("ru") else "."
    found = {}
    for each in questions:
        value = answers.get(each.key)
        if each.kind is Kind.NUMBER and value is not None:
            value = value.replace(".", point)
        found[PREFIX + each.key] = value
    return found


def _field(question: Question, languages: Sequence[str]) -> Any:
    marks = [Marked()] if question.required else []
    label, told = in_language(question.label, *languages), in_language(question.help, *languages)
    choices = [(each.key, in_language(each.label, *languages)) for each in question.options]
    common: dict[str, Any] = {"description": told}
    match question.kind:
        case Kind.YES:
            return BooleanField(label, marks, **common)
        case Kind.SEVERAL:
            boxes = {"option_widget": CheckboxInput(), "widget": ListWidget(prefix_label=False)}
            return SelectMultipleField(
                label, marks, choices=choices, validate_choice=False, **boxes, **common
            )
        case Kind.CHOICE if len(choices) > FEW or not question.required:
            none = ("", _l("Choose"))
            return SelectField(
                label, marks, choices=[none, *choices], validate_choice=False, **common
            )
        case Kind.CHOICE:
            return RadioField(label, marks, choices=choices, validate_choice=False, **common)
        case Kind.DATE:
            return DayOrNot(label, marks, **common)
        case _:
            most = LONGEST[question.kind]
            return _LINES[question.kind](label, [*marks, Length(max=most)], **common)


class DayOrNot(DayField):
    """A day, whose complaint is left to the rules."""

    typed = ""

    def read(self, text: str) -> Any:
        """The day; what is none is kept as it was typed."""
        try:
            return super().read(text)
        except ValueError:
            return None


_LINES: dict[Kind, Any] = {
    Kind.TEXT: StringField,
    Kind.LONG: TextAreaField,
    Kind.NUMBER: NumberField,
    Kind.PHONE: TelField,
    Kind.SITE: URLField,
}
