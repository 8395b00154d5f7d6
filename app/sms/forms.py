"""The SMS service as the merchant sets it up, and a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from app.money import Money
from app.sms.rules import HttpTemplate, place_of
from app.sms.service import Caps
from app.web.forms import Filled, Form, MoneyField, RadioField, SelectField

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.sms.models import Gateway

MOST = 1_000_000


class ServiceForm(Form):
    """One service: by an HTTP call, or one that apprise knows. Secrets left empty stay as they are."""

    kind = RadioField(
        _l("How SMS are sent"),
        choices=[
            ("http", _l("By an HTTP call that I describe")),
            ("apprise", _l("By a service known by its address")),
        ],
        default="http",
    )
    url = StringField(_l("Address"), [Length(max=2000)])
    method = SelectField(_l("Method"), choices=[("POST", "POST"), ("GET", "GET")])
    content = SelectField(_l("Body is"), choices=[("form", _l("a form")), ("json", "JSON")])
    body = TextAreaField(_l("Body"), [Length(max=5000)])
    header = StringField(_l("Header Authorization"), [Length(max=1000)])
    good = StringField(_l("An answer that took it contains"), [Length(max=200)])
    bad = StringField(_l("An answer that did not contains"), [Length(max=200)])
    service = StringField(_l("Address of the service"), [Length(max=1000)])
    price = MoneyField(_l("Price of one SMS"))
    most_a_day = IntegerField(_l("SMS a day at most"), [NumberRange(min=0, max=MOST)], default=500)
    most_money_a_day = MoneyField(_l("Money a day at most"))
    most_a_number = IntegerField(
        _l("SMS to one number a day at most"), [NumberRange(min=0, max=MOST)], default=10
    )
    countries = StringField(
        _l("Calling codes of the countries"),
        [
            Optional(),
            Regexp(r"^[\s,+0-9]*$", message=_l("Write calling codes: 7, 375.")),
            Length(max=300),
        ],
    )
    quiet_from = IntegerField(
        _l("Quiet from, hour"), [InputRequired(), NumberRange(min=0, max=23)], default=21
    )
    quiet_until = IntegerField(
        _l("until, hour"), [InputRequired(), NumberRange(min=0, max=23)], default=9
    )
    is_on = BooleanField(_l("Send SMS"), default=True)

    def described(self, known: Mapping[str, str]) -> HttpTemplate | str:
        """Return the service as it was typed; what was left empty is as it was.

        Where the address names another host, nothing is as it was: a key of one service is not sent
        to another, by whoever may change the settings and was never shown the key.
        """
        if self.url.data and place_of(self.url.data) != place_of(known.get("url", "")):
            known = {}
        said = {
            name: self[name].data or known.get(name, "")
            for name in ("url", "body", "header", "service")
        }
        if self.kind.data == "apprise":
            return said["service"]
        return HttpTemplate(
            url=said["url"],
            method=self.method.data,
            content=self.content.data,
            body=said["body"] if self.method.data != "GET" else "",
            header=said["header"],
            good=self.good.data or "",
            bad=self.bad.data or "",
        )

    @property
    def caps(self) -> Caps:
        """What a day may take."""
        words = (self.countries.data or "").replace(",", " ").replace("+", " ").split()
        return Caps(
            price=self.price.data.minor if self.price.data else 0,
            most_a_day=self.most_a_day.data,
            most_money_a_day=self.most_money_a_day.data.minor
            if self.most_money_a_day.data
            else None,
            most_a_number=self.most_a_number.data,
            countries=words,
            quiet_from=self.quiet_from.data,
            quiet_until=self.quiet_until.data,
        )

    @classmethod
    def showing(cls, found: Gateway | None, known: Mapping[str, str], currency: str) -> ServiceForm:
        """Return the form as it stands now, without the secrets."""
        if found is None:
            return cls(formdata=None)
        money = found.most_money_a_day
        data = {
            "kind": found.kind,
            "price": Money(found.price, currency),
            "most_a_day": found.most_a_day,
            "most_money_a_day": None if money is None else Money(money, currency),
            "most_a_number": found.most_a_number,
            "countries": ", ".join(found.countries),
            "quiet_from": found.quiet_from,
            "quiet_until": found.quiet_until,
            "is_on": found.is_on,
        }
        plain = {
            name: known[name] for name in ("method", "content", "good", "bad") if name in known
        }
        return cls(formdata=None, data=data | plain)


class TrialForm(Form):
    """Where a trial goes."""

    phone = TelField(_l("Phone"), [Filled(), Length(max=40)])
