"""Forms of the ladder: how partners move, and what a group asks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField
from wtforms.validators import NumberRange, Optional

from app.grades.rules import MOST_DAYS, MOST_RUNGS, MOST_WARNING, Plan, Review, Rung
from app.programs.forms import DomainForm
from app.web.forms import Filled, MoneyField, RadioField

MOST = 1_000_000
MONTH, DAYS = "month", "days"


class PlanForm(DomainForm):
    """How partners move between groups."""

    on = BooleanField(_l("Move partners between groups by their results"))
    at_once = RadioField(
        _l("A partner rises"),
        [Filled()],
        choices=[("yes", _l("at once")), ("no", _l("on the review day"))],
        default="yes",
    )
    review = RadioField(
        _l("Review, when partners may fall"),
        [Filled()],
        choices=[
            (Review.NIGHTLY.value, _l("every night")),
            (Review.MONTHLY.value, _l("on the first of each month")),
        ],
        default=Review.NIGHTLY.value,
    )
    warning = IntegerField(
        _l("Warned so many days before a fall"), [Filled(), NumberRange(1, MOST_WARNING)]
    )

    @classmethod
    def showing(cls, plan: Plan) -> PlanForm:
        """Return the form as the plan stands."""
        said = {"on": plan.on, "at_once": "yes" if plan.at_once else "no"}
        said |= {"review": plan.review.value}
        return cls(formdata=None, data={**said, "warning": plan.warning})

    @property
    def plan(self) -> Plan:
        """What was said."""
        return Plan(
            on=bool(self.on.data),
            at_once=self.at_once.data == "yes",
            review=Review(self.review.data),
            warning=self.warning.data,
        )


class RungForm(DomainForm):
    """What a group asks; empty asks nothing."""

    place = IntegerField(_l("Place, the lowest is 1"), [Filled(), NumberRange(1, MOST_RUNGS)])
    window = RadioField(
        _l("Counted over"),
        [Filled()],
        choices=[(DAYS, _l("the last days")), (MONTH, _l("a calendar month"))],
        default=DAYS,
    )
    days = IntegerField(_l("Days"), [Optional(), NumberRange(1, MOST_DAYS)])
    turnover = MoneyField(_l("Turnover of completed orders"))
    orders = IntegerField(_l("Completed orders"), [Optional(), NumberRange(1, MOST)])
    recruits = IntegerField(
        _l("Active partners brought directly"), [Optional(), NumberRange(1, MOST)]
    )

    def rung(self, group_id: int) -> Rung:
        """Return what was said."""
        return Rung(
            group_id=group_id,
            place=self.place.data,
            days=None if self.window.data == MONTH else self.days.data or 30,
            turnover=self.turnover.data.minor if self.turnover.data is not None else None,
            orders=self.orders.data,
            recruits=self.recruits.data,
        )
