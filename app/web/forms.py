"""Forms: one base, and fields that read what people type by their locale and zone, strictly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, StringField, TextAreaField, ValidationError
from wtforms.fields import choices
from wtforms.validators import Length, StopValidation
from wtforms.widgets import DateInput, DateTimeLocalInput, TextInput

from app.money import Money, MoneyError, exponent, parse_typed, plain_number
from app.web.filters import locale_name, money_plain, percent
from app.web.locale import zone
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from app.errors import DomainError

LINE, TEXT = (
    255,
    10_000,
)  # longest single line and longest text, in characters, where a field says nothing
MONEY_ERRORS = {
    "not_a_number": lazy_gettext("Type a sum in figures, such as %(example)s."),
    "negative": lazy_gettext("The sum cannot be negative."),
    "too_precise": lazy_gettext("This currency has fewer decimals."),
    "too_large": lazy_gettext("The sum is too large."),
}


def _offered(said: Any) -> Any:
    """Return pairs of value and label as the library wants choices; anything else as it is."""
    if isinstance(said, Iterable) and not isinstance(said, str | dict):
        return [choices.SelectChoice(*each) if isinstance(each, tuple) else each for each in said]
    return said


class _Offering:
    """Lets choices be pairs of value and label, when a form is declared and when it is filled."""

    data: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        if "choices" in options:
            options["choices"] = _offered(options["choices"])
        super().__init__(*args, **options)

    @property
    def choices(self) -> Any:
        """What may be chosen."""
        return choices.SelectField.choices.fget(self)

    @choices.setter
    def choices(self, said: Any) -> None:
        choices.SelectField.choices.fset(self, _offered(said))

    @property
    def chosen(self) -> Any:
        """How what is chosen is called; empty for nothing."""
        return next((each.label for each in self.choices or () if each.value == self.data), "")


class SelectField(_Offering, choices.SelectField):  # type: ignore[misc]
    """One of a list, folded."""


class SelectMultipleField(_Offering, choices.SelectMultipleField):  # type: ignore[misc]
    """Any number of a list."""


class RadioField(_Offering, choices.RadioField):  # type: ignore[misc]
    """One of a list, all in sight."""


def storable(text: str) -> bool:
    """False for what PostgreSQL cannot keep or no reader should get: NUL and lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


class Form(FlaskForm):  # type: ignore[misc]
    """Base of every form: token, translated messages, length limits, and text that can be stored."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """How a form is read."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Read what a browser's form sends: a JSON body holds lists and numbers where words belong."""
            if has_request_context() and request.is_json and not isinstance(formdata, MultiDict):
                return None
            return super().wrap_formdata(form, formdata)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check all fields; input that cannot be stored is refused at its field and shown without it."""
        for field in self:
            _limit(field)
        good = bool(super().validate(extra_validators))
        return self._all_storable() and good

    def _all_storable(self) -> bool:
        good = True
        for field in self:
            for text in getattr(field, "raw_data", None) or ():
                if isinstance(text, str) and not storable(text):
                    field.errors = [
                        *field.errors,
                        gettext("This has characters that cannot be kept."),
                    ]
                    field.data = field.raw_data = None
                    good = False
                    break
        return good

    @property
    def refusals(self) -> list[str]:
        """What was refused about the form as a whole."""
        return [str(text) for text in self.form_errors]

    def summary(self) -> list[tuple[Field, str]]:
        """Every complaint with its field, in the order of the fields, for the summary above the form."""
        return [(field, str(error)) for field in self for error in _flat(field.errors)]

    def complain(self, name: str, message: str) -> None:
        """Put a refusal of the domain at a field; an unknown name puts it above the form."""
        field = self._fields.get(name)
        if field is None:
            self.form_errors.append(message)
        else:
            field.errors = [*field.errors, message]

    def tell(self, error: DomainError) -> None:
        """Put the refusals of the domain at their fields, or above the form."""
        for each in error.errors:
            self.complain(each.field, each.message)
        if not error.errors:
            self.complain("", error.message)


def _flat(errors: Any) -> list[Any]:
    if isinstance(errors, dict):
        return [e for value in errors.values() for e in _flat(value)]
    if isinstance(errors, list | tuple):
        return [e for value in errors for e in _flat(value)]
    return [errors]


def _limit(field: Field) -> None:
    """Give a text field without a limit the usual one; done late, so every kind of field is met."""
    if not isinstance(field, StringField) or any(
        isinstance(v, Length) and v.max >= 0 for v in field.validators
    ):
        return
    most = TEXT if isinstance(field, TextAreaField) else LINE
    field.validators = [*field.validators, Length(max=most)]


class TypedField(Field):  # type: ignore[misc]
    """A field whose text is kept as typed until it can be read, and shown again if it cannot."""

    widget = TextInput()
    typed: str | None = None
    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the first value; an empty one is None. Raises ValueError with the complaint."""
        if not valuelist:
            return
        self.typed = valuelist[0]
        text = valuelist[0].strip()
        self.data = None
        if text:
            if len(text) > LINE or not storable(text):
                raise ValueError(gettext("This cannot be read."))
            self.data = self.read(text)

    def read(self, text: str) -> Any:
        """The value of a text that is not empty. Raises ValueError with the complaint."""
        raise NotImplementedError

    def write(self, value: Any) -> str:
        """The text of a value, as the reader would type it."""
        raise NotImplementedError

    def _value(self) -> str:
        if self.typed is not None:
            return self.typed if storable(self.typed) else ""
        return "" if self.data is None else self.write(self.data)


class MoneyField(TypedField):
    """A sum in the merchant's currency: data is Money, or None when empty."""

    inputmode = "decimal"

    def __init__(
        self, *args: Any, currency: str | None = None, negative: bool = False, **kwargs: Any
    ) -> None:
        """`currency` if not the merchant's own; `negative` where a deduction may be typed."""
        super().__init__(*args, **kwargs)
        self.own_currency = currency
        self.negative = negative

    @property
    def currency(self) -> str:
        """The currency that the field reads and shows."""
        return self.own_currency or surroundings().currency

    def read(self, text: str) -> Money:
        """A sum by the reader's locale."""
        return Money(_minor(text, self.currency, negative=self.negative), self.currency)

    def write(self, value: Money) -> str:
        """A sum without its currency."""
        return money_plain(value)


def _minor(text: str, currency: str, *, negative: bool = False) -> int:
    try:
        return parse_typed(text, locale_name(), currency, allow_negative=negative)
    except MoneyError as error:
        whole = _without_spaces(text, currency)
        if whole is not None:
            raise ValueError(gettext("Write %(sum)s, without spaces.", sum=whole)) from error
        words = MONEY_ERRORS.get(error.code, MONEY_ERRORS["not_a_number"])
        raise ValueError(str(words) % {"example": money_plain(Money(123450, currency))}) from error


def _without_spaces(text: str, currency: str) -> str | None:
    """Return the sum as the locale writes it, where nothing but spaces makes it none: "20 000" in English."""
    closed = "".join(text.split())
    if closed == text.strip():
        return None
    try:
        return money_plain(Money(parse_typed(closed, locale_name(), currency), currency))
    except MoneyError:
        return None


@dataclass(frozen=True, slots=True)
class Rate:
    """What PercentOrMoneyField reads: percents, or a fixed sum; `str()` is the API's form."""

    percent: Decimal | None = None
    fixed: Money | None = None

    def __str__(self) -> str:
        """Read "10%" or "50.00"."""
        if self.percent is not None:
            return f"{self.percent.normalize():f}%"
        return str(self.fixed).partition(" ")[0] if self.fixed else ""


def refuse_bare(text: str, fixed: Money) -> None:
    """Raise ValueError for a number, read as a sum, that is not written as one: "7" for 7.00 or 7%.

    Above 100 it cannot be meant as percents; a currency without decimals has no other way to write.
    """
    places = exponent(fixed.currency)
    written = plain_number(text, locale_name()).partition(".")[2]
    if len(written) < places and fixed.minor <= 100 * 10**places:
        part = percent(Decimal(fixed.minor) / 10**places)
        words = gettext(
            "Write %(percent)s, or %(sum)s for a fixed sum.", percent=part, sum=money_plain(fixed)
        )
        raise ValueError(words)


class PercentOrMoneyField(TypedField):
    """A rate: "10%" or a fixed sum; data is a Rate, or None when empty."""

    inputmode = "decimal"

    def read(self, text: str) -> Rate:
        """Percents when the text ends with the sign, else a sum in the merchant's currency.

        A bare number up to 100 might be meant as either, so a sum is written with its decimals.
        """
        if not text.endswith("%"):
            currency = surroundings().currency
            fixed = Money(_minor(text, currency), currency)
            refuse_bare(text, fixed)
            return Rate(fixed=fixed)
        try:
            value = Decimal(plain_number(text[:-1].strip(), locale_name()))
        except (MoneyError, InvalidOperation) as error:
            raise ValueError(gettext("Type percents such as 10%, or a sum.")) from error
        if not 0 <= value <= 100:
            raise ValueError(gettext("Percents go from 0 to 100."))
        if -int(value.as_tuple().exponent) > 4:
            raise ValueError(gettext("Percents have up to four decimals."))
        return Rate(percent=value)

    def write(self, value: Rate | str) -> str:
        """The rate as the reader types it."""
        point = "," if "," in money_plain(Money(15, "RUB")) else "."
        return str(value).replace(".", point)


class LocalDateTimeField(TypedField):
    """A moment typed in the merchant's zone: data is an aware datetime in UTC, or None when empty."""

    widget = DateTimeLocalInput()

    def read(self, text: str) -> datetime:
        """The moment; a local time that the clocks skip or repeat is the earlier one that exists."""
        try:
            local = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(gettext("Type a date and a time.")) from error
        if local.tzinfo is not None or not 1970 <= local.year <= 9998:
            raise ValueError(gettext("Type a date and a time."))
        return local.replace(tzinfo=zone()).astimezone(UTC)

    def write(self, value: datetime) -> str:
        """The moment in the merchant's zone, as the browser's control takes it."""
        return value.astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


class DayField(TypedField):
    """A day: data is a date, or None when empty."""

    widget = DateInput()

    def read(self, text: str) -> date:
        """The day in the browser's own form."""
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise ValueError(gettext("Type a date.")) from error
        if not 1900 <= day.year <= 9998:
            raise ValueError(gettext("Type a date."))
        return day

    def write(self, value: date) -> str:
        """The day as the browser's control takes it."""
        return value.isoformat()

    @property
    def starts_at(self) -> datetime | None:
        """The first moment of the day in the merchant's zone, in UTC."""
        if self.data is None:
            return None
        return datetime.combine(self.data, time(), tzinfo=zone()).astimezone(UTC)


class Filled:
    """Refuse an empty field; unlike InputRequired it looks at what was read, so it fits the typed fields."""

    field_flags = {"required": True}  # noqa: RUF012 - WTForms reads the attribute so

    def __call__(self, _form: Any, field: Field) -> None:
        """Raise StopValidation for an empty value; a typed text that could not be read already has its complaint."""
        if isinstance(field, TypedField) and field.typed and field.typed.strip():
            return
        if (
            field.data is None
            or field.data is False
            or (isinstance(field.data, str) and not field.data.strip())
        ):
            field.errors = []
            raise StopValidation(gettext("Fill this in."))


class Positive:
    """Refuse a sum of zero or below."""

    def __call__(self, _form: Any, field: Field) -> None:
        """Raise ValidationError for such a sum; leave an empty field to Filled."""
        if field.data is not None and field.data.minor <= 0:
            raise ValidationError(gettext("The sum must be above zero."))


__all__ = [
    "BooleanField",
    "DayField",
    "Filled",
    "Form",
    "LocalDateTimeField",
    "MoneyField",
    "PercentOrMoneyField",
    "Positive",
    "RadioField",
    "Rate",
    "SelectField",
    "SelectMultipleField",
    "refuse_bare",
    "storable",
]
