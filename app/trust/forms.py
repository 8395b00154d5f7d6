"""Forms of the desk, of blocks and of disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, StringField, TextAreaField, widgets
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from app.fraud.rules import Policy, Sign, read_site
from app.trust.rules import REASON, REMARK, Money, Wish
from app.web.forms import DayField, Filled, Form, RadioField, SelectMultipleField

if TYPE_CHECKING:
    from collections.abc import Iterable

SITES = 500  # coupon sites that a merchant may list


class PolicyForm(Form):
    """Which signs hold a deal; each sign is a field of its own name."""

    email = BooleanField()
    phone = BooleanField()
    details = BooleanField()
    device = BooleanField()
    flood = BooleanField()
    coupon_site = BooleanField()
    loop = BooleanField()
    paid_search = BooleanField()
    site = BooleanField()
    flood_clicks = IntegerField(
        _l("Clicks that are a burst"), [InputRequired(), NumberRange(5, 100_000)]
    )
    flood_minutes = IntegerField(
        _l("Within so many minutes before the order"), [InputRequired(), NumberRange(1, 120)]
    )
    loops = IntegerField(
        _l("Cancelled orders that are too many"), [InputRequired(), NumberRange(1, 50)]
    )
    loop_days = IntegerField(
        _l("Within so many days before the order"), [InputRequired(), NumberRange(1, 365)]
    )
    site_share = IntegerField(
        _l("Per cent of a day's orders that one verified site may bring"),
        [InputRequired(), NumberRange(1, 100)],
        description=_l("Days with fewer than ten orders are not judged."),
    )
    sites = TextAreaField(
        _l("Coupon sites"), [Length(max=50_000)], description=_l("One a line, without https.")
    )
    forbidden = RadioField(
        _l("Where paid search is forbidden"),
        [InputRequired()],
        choices=[("all", _l("In all terms")), ("some", _l("Only in the terms ticked below"))],
        default="all",
    )
    terms = SelectMultipleField(
        _l("Terms"),
        coerce=int,
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
    )

    def offer(self, terms: Iterable[tuple[int, str]]) -> PolicyForm:
        """Offer the merchant's terms."""
        self.terms.choices = list(terms)
        return self

    def validate_sites(self, field: TextAreaField) -> None:
        """Refuse what is no site, and lists that are too long."""
        lines = [line for line in (field.data or "").splitlines() if line.strip()]
        bad = [line.strip() for line in lines if read_site(line) is None]
        if bad:
            raise ValidationError(gettext("No site: %(names)s.", names=", ".join(bad[:5])))
        if len(lines) > SITES:
            raise ValidationError(gettext("At most %(most)s sites.", most=SITES))

    @property
    def policy(self) -> Policy:
        """What was chosen."""
        sites = (read_site(line) for line in (self.sites.data or "").splitlines())
        return Policy(
            on=frozenset(sign for sign in Sign if self[sign.value].data),
            sites=tuple(dict.fromkeys(site for site in sites if site)),
            terms=None if self.forbidden.data == "all" else frozenset(self.terms.data or ()),
            flood_clicks=self.flood_clicks.data,
            flood_minutes=self.flood_minutes.data,
            loops=self.loops.data,
            loop_days=self.loop_days.data,
            site_share=self.site_share.data,
        )

    @staticmethod
    def said(policy: Policy) -> dict[str, object]:
        """Return a policy as the form's values."""
        return {
            **{sign.value: sign in policy.on for sign in Sign},
            "sites": "\n".join(policy.sites),
            "forbidden": "all" if policy.terms is None else "some",
            "terms": sorted(policy.terms or ()),
            "flood_clicks": policy.flood_clicks,
            "flood_minutes": policy.flood_minutes,
            "loops": policy.loops,
            "loop_days": policy.loop_days,
            "site_share": policy.site_share,
        }


class BlockForm(Form):
    """How a partner is blocked."""

    reason = StringField(_l("Reason"), [Filled(), Length(max=REASON)])
    letter = BooleanField(_l("Write to the partner, with this reason"))
    deals = RadioField(
        _l("Deals made before"),
        [InputRequired()],
        choices=[("keep", _l("Keep them")), ("refuse", _l("Refuse those of orders made since"))],
        default="keep",
    )
    refuse_from = DayField(_l("Since this day"), description=_l("Where deals are refused."))
    money = RadioField(
        _l("What is earned"),
        [InputRequired()],
        choices=[
            (Money.HOLD.value, _l("Stays his, and payouts wait")),
            (Money.KEEP.value, _l("Stays his, and you may still pay it")),
            (Money.WRITE_OFF.value, _l("Write off what is available now")),
        ],
        default=Money.HOLD.value,
    )
    requests = RadioField(
        _l("An open payout request"),
        [InputRequired()],
        choices=[("keep", _l("Stays open")), ("reject", _l("Reject it, with this reason"))],
        default="keep",
    )
    links = RadioField(
        _l("Links and codes"),
        [InputRequired()],
        choices=[
            ("on", _l("Lead to the shop as before, and count for nobody")),
            ("off", _l("Lead nowhere")),
        ],
        default="on",
    )
    seen = HiddenField()  # the figures that were shown before the answer

    def validate_refuse_from(self, field: DayField) -> None:
        """Ask for the day where deals are to be refused."""
        if self.deals.data == "refuse" and field.data is None and not field.errors:
            raise ValidationError(gettext("Fill this in."))

    @property
    def wish(self) -> Wish:
        """What was chosen."""
        return Wish(
            reason=self.reason.data or "",
            letter=self.letter.data,
            refuse_from=self.refuse_from.starts_at if self.deals.data == "refuse" else None,
            money=Money(self.money.data),
            reject=self.requests.data == "reject",
            links_off=self.links.data == "off",
        )


class NumberForm(Form):
    """Which sale a partner misses."""

    number = StringField(
        _l("Order's number"),
        [Filled(), Length(max=128)],
        description=_l("As the buyer was told it."),
    )


class AskForm(NumberForm):
    """A question to staff about a sale."""

    text = TextAreaField(
        _l("What happened"),
        [Filled(), Length(max=REMARK)],
        description=_l("When was it bought, and by which link or code of yours?"),
    )


class RemarkForm(Form):
    """A line of a thread."""

    text = TextAreaField(_l("Your words"), [Filled(), Length(max=REMARK)])


class CloseForm(Form):
    """How staff settle a dispute; what they say is needed where they decline."""

    text = TextAreaField(_l("Word to the partner"), [Length(max=REMARK)])


class DecideForm(Form):
    """A word on the deals that were ticked."""

    said = StringField(
        _l("Word to the partner"), [Length(max=500)], description=_l("Needed for a refusal.")
    )
