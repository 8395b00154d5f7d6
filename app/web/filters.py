"""How values look on a page: money, numbers, dates, names. Formatters are built once per locale and currency."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal, get_currency_symbol
from flask_babel import get_locale
from markupsafe import Markup, escape

from app import clock
from app.money import Money, exponent
from app.web.locale import zone
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from flask import Flask

MINUS = "\u2212"
NO_VALUE = Markup('<span class="text-quiet" aria-hidden="true">\u2014</span>')
# Babel knows no narrow signs; these are one glyph wherever they are read.
SIGNS = {
    "AMD": "\u058f",
    "EUR": "\u20ac",
    "GBP": "\u00a3",
    "GEL": "\u20be",
    "KZT": "\u20b8",
    "RUB": "\u20bd",
    "TRY": "\u20ba",
    "UAH": "\u20b4",
    "USD": "$",
}
# Shorter than CLDR's medium form, which in Russian ends with the word for year.
_DATES = {"ru": "d MMM y", "en": "MMM d, y"}


@lru_cache(maxsize=64)
def currency_sign(locale: str, currency: str) -> str:
    """The currency's own sign where it has one, else what the locale writes."""
    return SIGNS.get(currency) or get_currency_symbol(currency, locale=locale)


class Writer:
    """Writes sums of one currency in one locale; everything that Babel must be asked is asked once."""

    def __init__(self, locale: str, currency: str) -> None:
        """Look up signs, places and pattern."""
        known = Locale.parse(locale)
        symbols = known.number_symbols["latn"]
        self.group, self.point = symbols["group"], symbols["decimal"]
        self.places = exponent(currency)
        self.scale = 10**self.places
        self.sign = currency_sign(locale, currency)
        leads = known.currency_formats["standard"].pattern.startswith("\u00a4")
        gap = "\u00a0" if self.sign[-1].isalpha() else ""
        mark = f'<span class="money-unit">{escape(self.sign)}</span>'
        self.before = f"{self.sign}{gap}" if leads else ""
        self.after = "" if leads else f"\u00a0{self.sign}"
        self.html_before = f"{mark}{gap}" if leads else ""
        self.html_after = "" if leads else f"\u00a0{mark}"

    def digits(self, minor: int) -> str:
        """A sum that is not negative, without its currency."""
        whole, part = divmod(minor, self.scale)
        text = f"{whole:,}".replace(",", self.group)
        return f"{text}{self.point}{part:0{self.places}d}" if self.places else text

    def text(self, minor: int) -> str:
        """A sum as plain text."""
        return f"{MINUS if minor < 0 else ''}{self.before}{self.digits(abs(minor))}{self.after}"

    def html(self, minor: int, *, signed: bool = False) -> Markup:
        """A sum for a page: tabular digits and a quiet currency."""
        lead = MINUS if minor < 0 else "+" if signed and minor else ""
        kind = "money" if minor else "money money-zero"
        inner = f"{lead}{self.html_before}{self.digits(abs(minor))}{self.html_after}"
        return Markup(f'<span class="{kind}">{inner}</span>')  # noqa: S704 - digits and an escaped sign


@lru_cache(maxsize=64)
def writer(locale: str, currency: str) -> Writer:
    """The writer of a locale and currency, made once."""
    return Writer(locale, currency)


class Pen:
    """Writes values for one reader: her locale, the merchant's currency and zone."""

    def __init__(self, locale: str, currency: str, zone: ZoneInfo) -> None:
        """Take the reader's ways."""
        self.locale, self.currency, self.zone = locale, currency, zone
        self.own = writer(locale, currency)
        self.badges: dict[str, Markup] = {}  # words of states, looked up once a page

    def _sum(self, value: Money | int, currency: str | None) -> tuple[int, Writer]:
        if isinstance(value, Money):
            minor, currency = value.minor, value.currency
        else:
            minor = int(value)  # PostgreSQL's sum() of bigint arrives as a whole Decimal
        if currency is None or currency == self.currency:
            return minor, self.own
        return minor, writer(self.locale, currency)

    def money_text(self, value: Money | int, currency: str | None = None) -> str:
        """A sum as plain text; an int is minor units of the merchant's currency."""
        minor, of = self._sum(value, currency)
        return of.text(minor)

    def money_plain(self, value: Money) -> str:
        """A sum's digits as its reader would type them: no currency, a plain minus."""
        minor, of = self._sum(value, None)
        return f"{'-' if minor < 0 else ''}{of.digits(abs(minor))}"

    def money(
        self, value: Money | int | None, currency: str | None = None, *, signed: bool = False
    ) -> Markup:
        """A sum for a page; `signed` puts a plus before gains."""
        if value is None:
            return NO_VALUE
        minor, of = self._sum(value, currency)
        return of.html(minor, signed=signed)

    def number(self, value: Decimal | int | None) -> str:
        """A number."""
        if value is None:
            return NO_VALUE
        if isinstance(value, int):
            return f"{value:,}".replace(",", self.own.group).replace("-", MINUS)
        return format_decimal(value, locale=self.locale)

    def percent(self, value: Decimal | int | None) -> str:
        """Percents: 10 is 10%, Decimal("2.5") is 2.5%."""
        return NO_VALUE if value is None else _percent(Decimal(value), self.locale)

    def local(self, value: datetime) -> datetime:
        """A moment in the merchant's zone."""
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(self.zone)

    def date_text(self, value: date | datetime) -> str:
        """A day as plain text; of a moment, the day in the merchant's zone."""
        return _date(
            self.local(value).date() if isinstance(value, datetime) else value, self.locale
        )

    def datetime_text(self, value: datetime) -> str:
        """A moment as plain text, to the minute."""
        return _moment(self.local(value).replace(second=0, microsecond=0, tzinfo=None), self.locale)

    def day(self, value: date | datetime | None) -> Markup:
        """A day for a page; the machine's form goes along."""
        return NO_VALUE if value is None else _time(value, self.date_text(value))

    def moment(self, value: datetime | None) -> Markup:
        """A moment for a page; the machine's form goes along."""
        return NO_VALUE if value is None else _time(value, self.datetime_text(value))

    def ago(self, value: datetime | None) -> Markup:
        """How long ago, or in how long, by the scope's clock; the exact moment is the title."""
        if value is None:
            return NO_VALUE
        past = (value if value.tzinfo else value.replace(tzinfo=UTC)) - clock.now()
        text = format_timedelta(past, add_direction=True, threshold=1.2, locale=self.locale)
        return _time(value, text, f' title="{self.datetime_text(value)}"')


def _time(value: date | datetime, text: str, more: str = "") -> Markup:
    return Markup(f'<time datetime="{value.isoformat()}"{more}>{text}</time>')  # noqa: S704 - our own words


@lru_cache(maxsize=1024)
def _percent(value: Decimal, locale: str) -> str:
    text = format_decimal(value.normalize(), format="#,##0.####", locale=locale).replace("-", MINUS)
    return f"{text}\u00a0%" if locale == "ru" else f"{text}%"


@lru_cache(maxsize=4096)
def _date(value: date, locale: str) -> str:
    return format_date(value, format=_DATES.get(locale, "medium"), locale=locale)


@lru_cache(maxsize=4096)
def _moment(value: datetime, locale: str) -> str:
    return (
        f"{_date(value.date(), locale)}, {format_time(value.time(), format='short', locale=locale)}"
    )


def locale_name() -> str:
    """The running request's locale as a string; English outside of one."""
    return str(get_locale() or "en")


def pen() -> Pen:
    """The pen of the running request's reader."""
    return Pen(locale_name(), surroundings().currency, zone())


def money_text(value: Money | int, currency: str | None = None) -> str:
    """A sum as plain text in the reader's locale; an int is minor units of the merchant's currency."""
    return pen().money_text(value, currency)


def money_plain(value: Money) -> str:
    """A sum's digits as its reader would type them: no currency, a plain minus."""
    return pen().money_plain(value)


def money(
    value: Money | int | None, currency: str | None = None, *, signed: bool = False
) -> Markup:
    """A sum for a page; `signed` puts a plus before gains."""
    return pen().money(value, currency, signed=signed)


def number(value: Decimal | int | None) -> str:
    """A number by locale."""
    return pen().number(value)


def percent(value: Decimal | int | None) -> str:
    """Write percents by locale: 10 is 10%, Decimal("2.5") is 2.5%."""
    return pen().percent(value)


def date_text(value: date | datetime) -> str:
    """A day as plain text; of a moment, the day in the merchant's zone."""
    return pen().date_text(value)


def datetime_text(value: datetime) -> str:
    """A moment as plain text in the merchant's zone, to the minute."""
    return pen().datetime_text(value)


def month_text(value: date) -> str:
    """A month with its year, by locale."""
    return str(format_skeleton("yMMMM", value, locale=locale_name()))


def day(value: date | datetime | None) -> Markup:
    """A day for a page."""
    return pen().day(value)


def moment(value: datetime | None) -> Markup:
    """A moment for a page, in the merchant's zone."""
    return pen().moment(value)


def ago(value: datetime | None) -> Markup:
    """How long ago, or in how long, by the scope's clock."""
    return pen().ago(value)


def person(value: str | None) -> Markup:
    """A name that somebody typed, isolated so that its direction cannot disturb what stands around it."""
    return Markup(f"<bdi>{escape(value)}</bdi>") if value else NO_VALUE  # noqa: S704 - escaped here


def safe_url(value: str | None) -> str:
    """An address that may stand in href: http, https, mailto, or a path of ours; else '#'."""
    if not value:
        return "#"
    address = value.strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return "#"
    if parts.scheme in {"http", "https", "mailto"}:
        return address
    local = (
        not parts.scheme and not parts.netloc and address.startswith("/") and "\\" not in address
    )
    return address if local else "#"


def chart_series(series: tuple[str, Sequence[int | None], str]) -> dict[str, object]:
    """A series of a chart for the script: its label, and what its axis writes; `money-past` is dashed."""
    label, values, said = series
    kind, _, past = said.partition("-")
    scale = 10 ** exponent(surroundings().currency) if kind == "money" else 1
    unit = currency_sign(locale_name(), surroundings().currency) if kind == "money" else ""
    return {
        "label": str(label),
        "values": [None if v is None else round(v / scale, 4) for v in values],
        "unit": unit,
        "past": bool(past),
    }


def init_app(app: Flask) -> None:
    """Give the filters to the templates."""
    app.jinja_env.filters.update(
        money=money,
        money_text=money_text,
        number=number,
        percent=percent,
        date=day,
        datetime=moment,
        date_text=date_text,
        datetime_text=datetime_text,
        month_text=month_text,
        ago=ago,
        person=person,
        safe_url=safe_url,
        chart_series=chart_series,
    )
