"""Forms of bonuses: what the program says, an entry by hand, a mass operation; and the words for all of it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import TextArea

from app.bonuses.rules import GIVE, TAKE, Program
from app.bonuses.rules.program import PERCENTS, RANGES
from app.money import Money, MoneyError, plain_number
from app.web.filters import locale_name
from app.web.forms import (
    DayField,
    Filled,
    Form,
    MoneyField,
    Positive,
    RadioField,
    SelectField,
    TypedField,
    storable,
)
from app.web.locale import zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REASON = 500
LONGEST_PASTE = 2_000_000  # characters of pasted ids
MOST_CATEGORIES, LONGEST_CATEGORY = 1_000, 128
KINDS = {
    "bonus.grant": _l("Accrued"),
    "bonus.spend": _l("Spent"),
    "bonus.return": _l("Given back"),
    "bonus.lapse": _l("Lapsed"),
    "bonus.claw": _l("Taken back"),
}
WHY = {
    "order": _l("For an order"),
    "profile": _l("By a rule"),
    "hand": _l("By hand"),
    "api": _l("By the shop or an outside service"),
    "import": _l("Brought over"),
    "conversion": _l("Made of commission"),
    "return": _l("Repaid debt given back"),
}


class PercentField(TypedField):
    """Percents of up to two decimals, written by locale; data is a Decimal, or None when empty."""

    inputmode = "decimal"

    def __init__(self, *args: Any, most: int = 100, **options: Any) -> None:
        """`most`: the highest percents that make sense."""
        super().__init__(*args, **options)
        self.most = most

    def read(self, text: str) -> Decimal:
        """Percents, with or without the sign."""
        return _percent(text, self.most)

    def write(self, value: Decimal) -> str:
        """The percents as the reader types them."""
        return _typed(value)


def _percent(text: str, most: int) -> Decimal:
    try:
        value = Decimal(plain_number(text.removesuffix("%").strip(), locale_name()))
    except (MoneyError, InvalidOperation) as error:
        raise ValueError(gettext("Type percents such as 13.")) from error
    if not 0 <= value <= most:
        raise ValueError(gettext("Percents go from %(low)s to %(high)s.", low=0, high=most))
    if -int(value.as_tuple().exponent) > 2:
        raise ValueError(gettext("Percents have up to two decimals."))
    return value


def _typed(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    return text.replace(".", ",") if locale_name().startswith("ru") else text


class CategoriesField(TypedField):
    """Categories and percents, "77 = 50" a line; data is {the shop's id: percents}."""

    widget = TextArea()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read all lines. Raises ValueError with the first complaint."""
        self.typed, self.data = valuelist[0] if valuelist else "", {}
        found: dict[str, Decimal] = {}
        for number, line in enumerate((self.typed or "").splitlines(), start=1):
            name, sign, said = line.rpartition("=")
            name = name.strip()
            if not line.strip():
                continue
            if not sign or not 0 < len(name) <= LONGEST_CATEGORY or not storable(name):
                raise ValueError(gettext("Line %(number)s: write it as 77 = 50.", number=number))
            found[name] = _percent(said.strip(), 100)
        if len(found) > MOST_CATEGORIES:
            raise ValueError(gettext("At most %(most)s categories.", most=MOST_CATEGORIES))
        self.data = found

    def write(self, value: Mapping[str, Decimal]) -> str:
        """The lines as the reader types them."""
        return "\n".join(f"{name} = {_typed(percent)}" for name, percent in value.items())


def _between(name: str) -> NumberRange:
    low, high = RANGES[name]
    return NumberRange(low, high)


class _AtMost:
    """Refuse a sum outside of what the program knows."""

    def __init__(self, name: str) -> None:
        self.low, self.high = RANGES[name]

    def __call__(self, _form: Any, field: MoneyField) -> None:
        """Raise ValidationError for such a sum."""
        if field.data is not None and not self.low <= field.data.minor <= self.high:
            low, high = (field.write(Money(each, field.currency)) for each in (self.low, self.high))
            raise ValidationError(gettext("Between %(low)s and %(high)s.", low=low, high=high))


class ProgramForm(Form):
    """All that the bonus program says, and whether there is one."""

    loyalty = BooleanField(
        _l("Bonuses for customers are on"),
        description=_l(
            "Off: nothing is accrued or spent; what customers have stays theirs, and lapses on its day."
        ),
    )
    spend_percent = PercentField(
        _l("Of an order bonuses may pay, percent"),
        [Filled()],
        description=_l("Of the goods that may be paid in bonuses, after all other discounts."),
    )
    minimum_cash = MoneyField(
        _l("At least this is paid in money"),
        [Filled(), _AtMost("minimum_cash")],
        description=_l("0: an order may be paid in bonuses wholly."),
    )
    step = MoneyField(
        _l("Bonuses are spent in steps of"),
        [Filled(), _AtMost("step")],
        description=_l("With 100 a customer who has 350 spends at most 300 at once."),
    )
    min_unit_price = MoneyField(
        _l("The least price of one piece"),
        [Filled(), _AtMost("min_unit_price")],
        description=_l("So much of each piece is paid in money. 0: a piece may cost nothing."),
    )
    category_percents = CategoriesField(
        _l("Categories with a percent of their own"),
        description=_l(
            "The shop's id of the category, then how much of its goods bonuses may pay, one a line:"
            " 77 = 50. With 0 they pay nothing of it. Categories below follow it."
        ),
    )
    promo_spendable = BooleanField(
        _l("Goods at a promotional price may be paid in bonuses"),
        description=_l("Off: bonuses pay only goods at their usual price."),
    )
    shipping_spendable = BooleanField(
        _l("Delivery may be paid in bonuses"),
        description=_l("Off: delivery is paid in money."),
    )
    receipt = RadioField(
        _l("On the receipt bonuses are"),
        [Filled()],
        choices=[
            ("discount", _l("A discount: prices are lower")),
            ("consideration", _l("A means of payment: prices stay, a part is paid otherwise")),
        ],
        description=_l("Ask your accountant which one; a discount is the usual way."),
    )
    spend_when = RadioField(
        _l("Bonuses are taken"),
        [Filled()],
        choices=[
            ("at_order", _l("When the order is placed")),
            ("on_payment", _l("When the order is paid; until then they are reserved")),
        ],
    )
    hold_minutes = IntegerField(
        _l("A reservation holds, minutes"),
        [InputRequired(), _between("hold_minutes")],
        description=_l("If the order does not come in this time, bonuses are free again."),
    )
    earn_on = RadioField(
        _l("An order earns bonuses"),
        [Filled()],
        choices=[
            ("agreed", _l("When it is agreed: paid or confirmed")),
            ("completed", _l("When it is completed")),
        ],
    )
    delay_days = IntegerField(
        _l("Bonuses wake after, days"),
        [InputRequired(), _between("delay_days")],
        description=_l(
            "So long they wait and cannot be spent, in case goods come back. 0: at once."
        ),
    )
    earn_while_redeeming = BooleanField(
        _l("What is paid in money earns, though bonuses paid the rest"),
        description=_l("Off: an order that is paid in bonuses, even in part, earns none."),
    )
    owners_earn_on_own = BooleanField(
        _l("Rights holders earn on what they buy themselves"),
        description=_l("Off: a rule pays the supplier for what others buy alone."),
    )
    rounding = RadioField(
        _l("Parts of the smallest unit are"),
        [Filled()],
        choices=[("down", _l("Dropped")), ("half_up", _l("Rounded, a half upwards"))],
    )
    leap_birthday = RadioField(
        _l("In years without 29 February that birthday is kept"),
        [Filled()],
        choices=[("february", _l("On 28 February")), ("march", _l("On 1 March"))],
    )
    expires_days = IntegerField(
        _l("Bonuses lapse after, days"),
        [Optional(), _between("expires_days")],
        description=_l("Counted from the day on which they wake. Empty: never."),
    )
    warn_days = IntegerField(
        _l("Customers are warned before, days"),
        [InputRequired(), _between("warn_days")],
        description=_l("So long before bonuses lapse. 0: not at all."),
    )
    grace_days = IntegerField(
        _l("Given back, they live at least, days"),
        [InputRequired(), _between("grace_days")],
        description=_l(
            "Bonuses of a cancelled order return with their old day; if it is over, they live so long."
        ),
    )
    debt = RadioField(
        _l("If earned bonuses are taken back and were spent already"),
        [Filled()],
        choices=[
            ("debt", _l("The customer owes them: what comes next repays it")),
            ("clamp", _l("You bear it: nobody goes below zero")),
        ],
    )
    partner_mode = RadioField(
        _l("A partner's commission can be"),
        [Filled()],
        choices=[
            ("both", _l("Paid out or spent in the shop")),
            ("withdraw", _l("Only paid out")),
            ("spend", _l("Only spent in the shop")),
        ],
    )
    partner_premium = PercentField(
        _l("More when spent in the shop, percent"),
        [Filled()],
        most=PERCENTS["partner_premium"],
        description=_l("With 10 a commission of 100 becomes 110 bonuses. They lapse as others do."),
    )
    withdrawable = BooleanField(
        _l("Bonuses can be taken out as money"),
        description=_l(
            "By a customer who is a partner too, one for one, into the partner's account."
        ),
    )
    withdraw_minimum = MoneyField(
        _l("At least so much is taken out at once"),
        [Filled(), _AtMost("withdraw_minimum")],
        description=_l("0: as little as one likes."),
    )
    convert = RadioField(
        _l("Commission becomes bonuses"),
        [Filled()],
        choices=[
            ("by_partner", _l("When the partner wishes")),
            ("always", _l("Always, as it becomes available")),
        ],
    )

    @staticmethod
    def of(program: Program, *, loyalty: bool, currency: str) -> dict[str, Any]:
        """Return what stands in the fields."""
        sums = {
            n: Money(getattr(program, n), currency)
            for n in ("minimum_cash", "step", "min_unit_price", "withdraw_minimum")
        }
        said = {name: getattr(program, name) for name in Program.__dataclass_fields__}
        return said | sums | {"loyalty": loyalty}

    @property
    def said(self) -> dict[str, Any]:
        """The settings as the program stores them."""
        found: dict[str, Any] = {}
        for name in Program.__dataclass_fields__:
            value = self[name].data
            if isinstance(value, Money):
                value = value.minor
            elif isinstance(value, Decimal):
                value = str(value)
            elif isinstance(value, dict):
                value = {category: str(percent) for category, percent in value.items()}
            found[name] = value
        return found


class _TimesForm(Form):
    """When accrued bonuses wake and lapse; both days whole, in the merchant's zone."""

    activates_on = DayField(
        _l("They wake on"), description=_l("Empty: at once. Of accrued bonuses only.")
    )
    expires_on = DayField(
        _l("The last day on which they live"), description=_l("Empty: they never lapse.")
    )

    @property
    def activates_at(self) -> datetime | None:
        """The first moment of the day on which they wake."""
        found: datetime | None = self.activates_on.starts_at
        return found

    @property
    def expires_at(self) -> datetime | None:
        """The first moment of the day after their last one."""
        day = self.expires_on.data
        return datetime.combine(day + timedelta(days=1), time(), zone()) if day else None


ACTS = [(GIVE, _l("Accrue")), (TAKE, _l("Deduct"))]


class HandForm(_TimesForm):
    """An entry by hand for one customer; `key` makes it happen once."""

    act = RadioField(_l("What"), [Filled()], choices=ACTS, default=GIVE)
    amount = MoneyField(_l("Bonuses"), [Filled(), Positive()])
    reason = StringField(_l("Reason; the customer reads it"), [Filled(), Length(max=REASON)])
    key = HiddenField(validators=[Length(max=40)])


class MassForm(_TimesForm):
    """Whom, what and why. `query` is the filter of the customers' list where they come from there."""

    act = RadioField(_l("What"), [Filled()], choices=ACTS, default=GIVE)
    amount = MoneyField(
        _l("Bonuses for each"),
        [Positive()],
        description=_l("May stay empty if each line of the list has a sum of its own."),
    )
    partly = RadioField(
        _l("Who has less than is deducted"),
        [Filled()],
        choices=[
            ("pass", _l("Is passed over")),
            ("take", _l("Loses what there is")),
        ],
        default="pass",
    )
    reason = StringField(_l("Reason; the customer reads it"), [Filled(), Length(max=REASON)])
    shop = SelectField(_l("Shop"))
    ids = TextAreaField(
        _l("Customers"),
        [Length(max=LONGEST_PASTE)],
        description=_l(
            "The shop's id or the e-mail, one a line; behind a semicolon a sum of his own: 77; 150."
        ),
    )
    file = FileField(
        _l("Or a file"), description=_l("CSV or XLSX, the same two columns; up to 200,000 lines.")
    )
    query = HiddenField(validators=[Length(max=2_000)])

    def offer(self, shops: Iterable[tuple[str, str]]) -> MassForm:
        """Offer the merchant's shops."""
        self.shop.choices = list(shops)
        return self
