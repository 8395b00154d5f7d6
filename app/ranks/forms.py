"""Forms of ranks, awards, achievements and rights holders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length, NumberRange, Optional

from app.bonuses.forms import PercentField
from app.money import Money
from app.ranks.rules import (
    LONGEST_ID,
    LONGEST_NAME,
    METRICS,
    SUMS,
    Plan,
    Policy,
    Review,
    Rung,
    Span,
    Window,
    code_of,
)
from app.ranks.rules.climbing import MOST_DEPTH, MOST_GRACE, MOST_WARNING
from app.ranks.rules.windows import MOST_DAYS
from app.web.forms import DayField, Filled, Form, MoneyField, RadioField, SelectField
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ranks.models import Rank

MOST_AT_ONCE = 500  # customers who are given an award together
MOST_COUNT = 1_000_000
LONGEST_REASON = 300
SYMBOLS = {
    "trophy": _l("Cup"),
    "star-filled": _l("Star"),
    "shield-check": _l("Shield"),
    "flag": _l("Flag"),
    "gift": _l("Present"),
    "sun": _l("Sun"),
    "moon": _l("Moon"),
    "bell": _l("Bell"),
    "world": _l("Globe"),
    "shopping-cart": _l("Cart"),
    "users-group": _l("People"),
    "circle-check": _l("Tick"),
}
SPANS = {
    Span.DAYS: _l("the last days"),
    Span.MONTH: _l("a calendar month"),
    Span.QUARTER: _l("a quarter"),
    Span.YEAR: _l("a year"),
    Span.EVER: _l("all time"),
}
METRIC_WORDS = {
    "orders": _l("Paid orders"),
    "sum": _l("Goods bought and kept"),
    "streak": _l("Months in a row with an order"),
    "active_referrals": _l("Friends who bought"),
    "referrals_sum": _l("Goods that friends bought"),
    "active_referrals_2": _l("Friends of friends who bought"),
    "referrals_sum_2": _l("Goods that friends of friends bought"),
    "active_referrals_3": _l("People at the third level who bought"),
    "referrals_sum_3": _l("Goods that people at the third level bought"),
}
HUNDRED, MOST_PERCENT = 100, 1_000
PICTURES = "image/png,image/jpeg,image/webp"


class NameForm(Form):
    """What a rank or an award is called, and its symbol."""

    name = StringField(_l("Name"), [Filled(), Length(max=LONGEST_NAME)])
    symbol = SelectField(_l("Symbol"), default="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.symbol.choices = [("", _l("None")), *SYMBOLS.items()]

    def beside(self, what: str) -> NameForm:
        """Let its fields have ids of their own, where two such forms stand on a page."""
        for each in (self.name, self.symbol):
            each.id = f"{each.name}-{what}"
        return self

    def validate_name(self, field: StringField) -> None:
        """Refuse a name that has no letter."""
        if not code_of(field.data or ""):
            raise ValidationError(gettext("Fill this in."))


class AwardForm(NameForm):
    """What an award is called, and how it looks."""

    picture = FileField(
        _l("Image"),
        description=_l("PNG, JPEG or WebP; shown in place of the symbol."),
        render_kw={"accept": PICTURES},
    )
    without = BooleanField(_l("No picture any more"))


class RungForm(Form):
    """What a rank asks; empty asks nothing."""

    span = RadioField(
        _l("Counted over"), [Filled()], choices=list(SPANS.items()), default=Span.DAYS
    )
    days = IntegerField(_l("Days"), [Optional(), NumberRange(1, MOST_DAYS)])
    every = RadioField(
        _l("Needed of what follows"),
        [Filled()],
        choices=[("all", _l("all of it")), ("any", _l("any one"))],
        default="all",
    )
    orders = IntegerField(_l("Paid orders"), [Optional(), NumberRange(1, MOST_COUNT)])
    sum = MoneyField(_l("Goods bought and kept, for"))
    friends = IntegerField(
        _l("People brought who bought"), [Optional(), NumberRange(1, MOST_COUNT)]
    )
    friends_sum = MoneyField(_l("Their goods bought and kept, for"))
    depth = IntegerField(
        _l("Levels of people counted"),
        [Optional(), NumberRange(1, MOST_DEPTH)],
        description=_l(
            "1: those whom the customer brought himself; 2: also those whom they brought."
        ),
    )

    @classmethod
    def showing(cls, rung: Rung | None) -> RungForm:
        """Return the form as a rank asks."""
        if rung is None:
            return cls(formdata=None, data={"span": Span.DAYS, "days": 90, "depth": 1})
        currency = surroundings().currency
        said: dict[str, Any] = {
            "span": rung.window.span,
            "days": rung.window.days,
            "every": "all" if rung.every else "any",
            "depth": rung.depth,
        }
        for name, value in rung.asks.items():
            said[name] = Money(value, currency) if name.endswith("sum") else value
        return cls(formdata=None, data=said)

    def validate_days(self, field: IntegerField) -> None:
        """Ask for the days where they count."""
        if self.span.data == Span.DAYS and not field.data:
            raise ValidationError(gettext("Fill this in."))

    def rung(self, rank: Rank) -> Rung:
        """Return what was said."""
        asks = {}
        for name in METRICS:
            value = self[name].data
            if value is not None:
                asks[name] = value.minor if isinstance(value, Money) else value
        span = Span(self.span.data)
        return Rung(
            rank_id=rank.id,
            place=rank.place,
            window=Window(span, self.days.data if span is Span.DAYS else None),
            asks=asks,
            every=self.every.data == "all",
            depth=self.depth.data or 1,
        )


class PlanForm(Form):
    """How customers rise and fall."""

    on = BooleanField(
        _l("Customers rise and fall by their results"),
        description=_l("A rise is at once, a fall on a review day and after a warning."),
    )
    review = RadioField(
        _l("Review, when ranks may be lost"),
        [Filled()],
        choices=[
            (Review.NIGHTLY.value, _l("every night")),
            (Review.MONTHLY.value, _l("on the first of each month")),
            (Review.QUARTERLY.value, _l("on the first of each quarter")),
            (Review.YEARLY.value, _l("on 1 January")),
        ],
    )
    policy = RadioField(
        _l("A customer falls"),
        [Filled()],
        choices=[
            (Policy.TO_MATCHING.value, _l("to the rank that is earned")),
            (Policy.ONE_DOWN.value, _l("one rank down")),
            (Policy.NEVER.value, _l("nobody ever falls")),
        ],
    )
    grace = IntegerField(
        _l("Days of grace after the review"), [Filled(), NumberRange(0, MOST_GRACE)]
    )
    warning = IntegerField(
        _l("Warned so many days before a fall"),
        [Filled(), NumberRange(0, MOST_WARNING)],
        description=_l("By letter, else by SMS, with what is missing; 0: nobody is warned."),
    )

    @classmethod
    def showing(cls, plan: Plan) -> PlanForm:
        """Return the form as the plan stands."""
        return cls(formdata=None, data=plan.written())

    @property
    def plan(self) -> Plan:
        """What was said."""
        names = ("on", "review", "policy", "grace", "warning")
        return Plan.read({name: self[name].data for name in names})


class RateForm(Form):
    """What a rank gives: a rule is made of each that is said."""

    multiply = PercentField(
        _l("Bonuses for orders, in percent of the usual"),
        most=MOST_PERCENT,
        description=_l("Such as 150: half as many again. Empty: as for everybody."),
    )
    spend = IntegerField(
        _l("Of an order payable with bonuses, in percent"),
        [Optional(), NumberRange(1, HUNDRED)],
        description=_l("Empty: as for everybody."),
    )

    def validate_multiply(self, field: PercentField) -> None:
        """Refuse what gives no more than the usual."""
        if field.data is not None and not HUNDRED < field.data <= MOST_PERCENT:
            words = gettext("Above 100 and up to %(most)s percent.", most=MOST_PERCENT)
            raise ValidationError(words)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Refuse a form that says neither."""
        if not super().validate(*args, **kwargs):
            return False
        if self.multiply.data is None and self.spend.data is None:
            self.complain("multiply", gettext("Say at least one of them."))
            return False
        return True


class LookForm(Form):
    """How an achievement is called and drawn."""

    name = StringField(_l("Name"), [Filled(), Length(max=LONGEST_NAME)])
    symbol = SelectField(_l("Symbol"), default="")
    picture = FileField(
        _l("Image"),
        description=_l("PNG, JPEG or WebP; shown in place of the symbol."),
        render_kw={"accept": PICTURES},
    )
    without = BooleanField(_l("No picture any more"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.symbol.choices = [("", _l("None")), *SYMBOLS.items()]


class GoalForm(LookForm):
    """A new achievement: of what, how much, and what it gives."""

    metric = SelectField(_l("Of what"), choices=list(METRIC_WORDS.items()))
    number = IntegerField(
        _l("How many"),
        [Optional(), NumberRange(1, MOST_COUNT)],
        description=_l("Of orders, months or people."),
    )
    amount = MoneyField(_l("For how much"), description=_l("Of goods bought and kept."))
    points = MoneyField(_l("Bonuses for it"), [Filled()])

    @property
    def level(self) -> int:
        """What is to be reached; minor units of sums."""
        if self.metric.data in SUMS:
            return int(self.amount.data.minor)
        return int(self.number.data)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Ask for the number where one counts."""
        sound = super().validate(*args, **kwargs)
        if self.metric.data not in SUMS and not self.number.data and not self.number.errors:
            self.complain("number", gettext("Fill this in."))
            return False
        return bool(sound)

    def validate_amount(self, field: MoneyField) -> None:
        """Ask for the sum where money counts."""
        if self.metric.data in SUMS and (field.data is None or field.data.minor <= 0):
            raise ValidationError(gettext("The sum must be above zero."))

    def validate_points(self, field: MoneyField) -> None:
        """Refuse what gives nothing."""
        if field.data is not None and field.data.minor <= 0:
            raise ValidationError(gettext("The sum must be above zero."))


class RankForm(Form):
    """The rank of a customer, by hand."""

    rank = SelectField(_l("Rank"))
    pinned = BooleanField(
        _l("Pinned"), description=_l("Rules do not change a pinned rank; you do.")
    )

    def offer(self, ranks: Sequence[Rank]) -> RankForm:
        """Offer the merchant's ranks, and none."""
        named = [(each.public_id, each.name) for each in ranks]
        self.rank.choices = [("", gettext("No rank")), *named]
        return self


class GrantForm(Form):
    """To whom an award is given by hand, and for what."""

    customers = TextAreaField(
        _l("Customers"),
        [Filled(), Length(max=MOST_AT_ONCE * (LONGEST_ID + 2))],
        description=_l("The shop's ids, one in a line or with commas between them."),
    )
    reason = StringField(_l("For what"), [Filled(), Length(max=LONGEST_REASON)])

    @property
    def ids(self) -> list[str]:
        """The ids that were typed, each once."""
        parts = re.split(r"[\s,;]+", self.customers.data or "")
        return list(dict.fromkeys(each for each in parts if each))

    def validate_customers(self, _field: TextAreaField) -> None:
        """Refuse more than are given at once."""
        if len(self.ids) > MOST_AT_ONCE:
            words = gettext("At most %(num)s customers at once.", num=MOST_AT_ONCE)
            raise ValidationError(words)


class RightsForm(Form):
    """Who holds the rights to which goods, and which part of them."""

    who = SelectField(
        _l("Who"),
        choices=[
            ("customer", _l("a customer, by the shop's id")),
            ("partner", _l("a partner, by the code")),
        ],
    )
    name = StringField(_l("Id or code"), [Filled(), Length(max=LONGEST_ID)])
    of = SelectField(
        _l("Of what"),
        choices=[
            ("supplier", _l("a supplier")),
            ("brand", _l("a brand")),
            ("product", _l("a product")),
        ],
    )
    word = StringField(
        _l("Which"),
        [Filled(), Length(max=LONGEST_ID)],
        description=_l(
            "The supplier or brand as orders or the catalogue name it, or the shop's id of the product."
        ),
    )
    share = PercentField(_l("Share of the rights, in percent"), [Filled()])
    starts_on = DayField(_l("From"), description=_l("Empty: from now on."))

    def validate_share(self, field: PercentField) -> None:
        """Refuse a part that is none."""
        if field.data is not None and field.data <= 0:
            raise ValidationError(gettext("Type a part above zero."))


OF_WORDS = {"supplier": _l("Supplier"), "brand": _l("Brand"), "product": _l("Product")}
