"""Forms of payment and legal details: shape and words; what the numbers must be stands in the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from app.requisites.rules import RUSSIA, Card, Kind, TaxStatus
from app.web.forms import Filled, Form, RadioField, SelectField

if TYPE_CHECKING:
    from app.requisites.rules import Payee, Way

STATUS_NAMES = {
    TaxStatus.PERSON.value: _l("A person"),
    TaxStatus.SELF_EMPLOYED.value: _l("Self-employed"),
    TaxStatus.ENTREPRENEUR.value: _l("An individual entrepreneur"),
    TaxStatus.COMPANY.value: _l("A company"),
}
KIND_NAMES = {
    Kind.BANK.value: _l("Account at a Russian bank"),
    Kind.IBAN.value: _l("Account by IBAN"),
    Kind.CARD.value: _l("Bank card"),
    Kind.PHONE.value: _l("By phone number (SBP)"),
    Kind.OTHER.value: _l("Something else, by your words"),
}
FIELD_NAMES = {
    "name": _l("Full name, or the company's legal name"),
    "inn": _l("INN (tax number)"),
    "kpp": _l("KPP"),
    "ogrn": _l("OGRN or OGRNIP"),
    "address": _l("Legal address"),
    "country": _l("Country"),
    "bik": _l("BIK"),
    "account": _l("Account number"),
    "bank": _l("Bank"),
    "correspondent": _l("Correspondent account"),
    "iban": _l("IBAN"),
    "bic": _l("BIC (SWIFT)"),
    "card": _l("Card number"),
    "phone": _l("Phone number"),
    "note": _l("What else is needed"),
    "holder": _l("Holder"),
}
_OFF = {"autocomplete": "off"}
_DIGITS = {"autocomplete": "off", "inputmode": "numeric"}
# Registered here people and companies are asked most; all others are "another country".
COUNTRIES = (
    "RU AM AZ BY GE KG KZ MD TJ TM UZ UA AE AT BG CN CY CZ DE EE ES FI FR GB GR HU IL IN IT LT LV NL "
    "PL PT RO RS SE SK TH TR US VN"
).split()


def _number(name: str, longest: int = 64, help_: Any = "") -> StringField:
    return StringField(
        FIELD_NAMES[name], [Length(max=longest)], description=help_, render_kw=_DIGITS
    )


class PayeeForm(Form):
    """Who is paid: the tax status, and what belongs to it."""

    status = RadioField(
        _l("How you pay taxes"),
        [Filled()],
        choices=list(STATUS_NAMES.items()),
        default=TaxStatus.PERSON.value,
    )
    country = SelectField(FIELD_NAMES["country"], [Filled()], default=RUSSIA)
    name = StringField(FIELD_NAMES["name"], [Length(max=200)])
    inn = _number(
        "inn", help_=_l("12 digits of a person or an entrepreneur, 10 digits of a company.")
    )
    kpp = _number("kpp", help_=_l("9 characters; only companies have one."))
    ogrn = _number("ogrn", help_=_l("13 digits of a company, 15 digits of an entrepreneur."))
    address = StringField(FIELD_NAMES["address"], [Length(max=500)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the countries in the reader's language."""
        super().__init__(*args, **kwargs)
        names = get_locale().territories
        rest = sorted(((c, names[c]) for c in COUNTRIES[1:]), key=lambda pair: pair[1])
        self.country.choices = [(RUSSIA, names[RUSSIA]), *rest]

    @property
    def said(self) -> dict[str, str | None]:
        """What was typed, by field."""
        return {name: field.data for name, field in self._fields.items() if name != "csrf_token"}


class BankForm(PayeeForm):
    """An account at a Russian bank."""

    bik = _number("bik", help_=_l("9 digits, beginning with 04."))
    account = _number("account", help_=_l("20 digits, beginning with 40 or 42."))
    bank = StringField(FIELD_NAMES["bank"], [Length(max=200)], render_kw=_OFF)
    correspondent = _number(
        "correspondent",
        help_=_l("20 digits: begins with 301, ends with the last three digits of the BIK."),
    )


class IbanForm(PayeeForm):
    """An account by its international number."""

    iban = StringField(FIELD_NAMES["iban"], [Length(max=64)], render_kw=_OFF)
    bic = StringField(
        FIELD_NAMES["bic"], [Length(max=32)], description=_l("May be left empty."), render_kw=_OFF
    )
    bank = StringField(FIELD_NAMES["bank"], [Length(max=200)], render_kw=_OFF)


class CardForm(PayeeForm):
    """A bank card."""

    card = _number("card", help_=_l("The number on the front; nothing else of the card is needed."))


class PhoneForm(PayeeForm):
    """A transfer by phone number."""

    phone = StringField(
        FIELD_NAMES["phone"],
        [Length(max=32)],
        description=_l("The number that your bank knows."),
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    bank = StringField(
        FIELD_NAMES["bank"], [Length(max=200)], description=_l("Where the money shall arrive.")
    )


class OtherForm(PayeeForm):
    """Whatever the merchant's hint asks for."""

    account = StringField(_l("Account, card or wallet"), [Length(max=200)], render_kw=_OFF)
    note = TextAreaField(FIELD_NAMES["note"], [Length(max=1000)])


FORMS: dict[Kind, type[PayeeForm]] = {
    Kind.BANK: BankForm,
    Kind.IBAN: IbanForm,
    Kind.CARD: CardForm,
    Kind.PHONE: PhoneForm,
    Kind.OTHER: OtherForm,
}
# The fields of each way, in the form's order.
WAY_FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.BANK: ("bik", "account", "bank", "correspondent"),
    Kind.IBAN: ("iban", "bic", "bank"),
    Kind.CARD: ("card",),
    Kind.PHONE: ("phone", "bank"),
    Kind.OTHER: ("account", "note"),
}


def filled(payee: Payee | None, way: Way | None) -> dict[str, Any]:
    """Return what a form begins with: what is known already."""
    known: dict[str, Any] = {**vars(payee), "status": payee.status.value} if payee else {}
    # A card's number is shown to nobody again, not even to its holder.
    return known | (vars(way) if way and not isinstance(way, Card) else {})


class LegalForm(BankForm, IbanForm):
    """The merchant's own legal details."""

    signer = StringField(
        _l("Who signs"), [Length(max=200)], description=_l("Family name and initials.")
    )
    post = StringField(
        _l("Post of who signs"),
        [Length(max=200)],
        description=_l("As documents say it: General director."),
    )
    vat = StringField(
        _l("Words about VAT"),
        [Length(max=200)],
        description=_l("End the purpose of every transfer: VAT is not charged."),
    )
