"""How values look on a page: money, numbers, dates, names. Formatters are built once per locale and currency."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from babel import Locale
from babel import dates as babel_dates
from babel.numbers import format_decimal, get_currency_symbol
from flask_babel import get_locale
from markupsafe import Markup, escape

from app import clock
from app.money import Money, exponent
from app.web.locale import zone
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def locale_name() -> str:
    """The running request's locale as a string; English outside of one."""
    return str(get_locale() or "en")


@lru_cache(maxsize=64)
def currency_sign(locale: str, currency: str) -> str:
    """The currency's own sign where it has one, else what the locale writes."""
    return SIGNS.get(currency) or get_currency_symbol(currency, locale=locale)


@lru_cache(maxsize=64)
def _writer(locale: str, currency: str) -> tuple[Callable[[int], str], str, bool]:
    """For a locale and currency: digits of minor units, the currency's sign, and whether the sign leads."""
    known = Locale.parse(locale)
    symbols = known.number_symbols["latn"]
    group, point, places = symbols["group"], symbols["decimal"], exponent(currency)
    scale = 10**places

    def digits(minor: int) -> str:
        whole, part = divmod(abs(minor), scale)
        text = f"{whole:,}".replace(",", group)
        if places:
            text = f"{text}{point}{part:0{places}d}"
        return f"{MINUS}{text}" if minor < 0 else text

    leads = known.currency_formats["standard"].pattern.startswith("\u00a4")
    return digits, currency_sign(locale, currency), leads


def _minor(value: Money | int, currency: str | None) -> tuple[int, str]:
    if isinstance(value, Money):
        return value.minor, value.currency
    return value, currency or surroundings().currency


def money_text(value: Money | int, currency: str | None = None) -> str:
    """A sum as plain text in the reader's locale; an int is minor units of the merchant's currency."""
    minor, unit = _minor(value, currency)
    digits, sign, leads = _writer(locale_name(), unit)
    text = digits(abs(minor))
    minus = MINUS if minor < 0 else ""
    return f"{minus}{sign}{_gap(sign)}{text}" if leads else f"{minus}{text}\u00a0{sign}"


def _gap(sign: str) -> str:
    return "\u00a0" if sign[-1].isalpha() else ""


def money_plain(value: Money) -> str:
    """A sum's digits as its reader would type them: no currency, a plain minus."""
    digits, _sign, _leads = _writer(locale_name(), value.currency)
    return digits(value.minor).replace(MINUS, "-")


def money(
    value: Money | int | None, currency: str | None = None, *, signed: bool = False
) -> Markup:
    """A sum for a page: tabular digits and a quiet currency; `signed` puts a plus before gains."""
    if value is None:
        return NO_VALUE
    minor, unit = _minor(value, currency)
    digits, sign, leads = _writer(locale_name(), unit)
    text, before = digits(abs(minor)), ""
    if minor < 0:
        before = MINUS
    elif signed and minor:
        before = "+"
    kind = "money" if minor else "money money-zero"
    mark = f'<span class="money-unit">{escape(sign)}</span>'
    inner = f"{before}{mark}{_gap(sign)}{text}" if leads else f"{before}{text}\u00a0{mark}"
    return Markup(f'<span class="{kind}">{inner}</span>')  # noqa: S704 - digits and an escaped sign


def number(value: Decimal | int | None) -> Markup | str:
    """A number by locale."""
    if value is None:
        return NO_VALUE
    if isinstance(value, int):
        return f"{value:,}".replace(",", _group(locale_name())).replace("-", MINUS)
    return format_decimal(value, locale=locale_name())


@lru_cache(maxsize=16)
def _group(locale: str) -> str:
    return str(Locale.parse(locale).number_symbols["latn"]["group"])


@lru_cache(maxsize=1024)
def _percent(value: Decimal, locale: str) -> str:
    text = format_decimal(value.normalize(), format="#,##0.####", locale=locale).replace("-", MINUS)
    return f"{text}\u00a0%" if locale == "ru" else f"{text}%"


def percent(value: Decimal | int | None) -> Markup | str:
    """Write percents by locale: 10 is 10%, Decimal("2.5") is 2.5%."""
    return NO_VALUE if value is None else _percent(Decimal(value), locale_name())


@lru_cache(maxsize=4096)
def _date(value: date, locale: str) -> str:
    return babel_dates.format_date(value, format=_DATES.get(locale, "medium"), locale=locale)


@lru_cache(maxsize=4096)
def _moment(value: datetime, locale: str) -> str:
    at = babel_dates.format_time(value.time(), format="short", locale=locale)
    return f"{_date(value.date(), locale)}, {at}"


def _local(value: datetime) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone())


def date_text(value: date | datetime) -> str:
    """A day as plain text; of a moment, the day in the merchant's zone."""
    day = _local(value).date() if isinstance(value, datetime) else value
    return _date(day, locale_name())


def datetime_text(value: datetime) -> str:
    """A moment as plain text in the merchant's zone, to the minute."""
    return _moment(_local(value).replace(second=0, microsecond=0, tzinfo=None), locale_name())


def day(value: date | datetime | None) -> Markup:
    """A day for a page; the machine's form goes along."""
    if value is None:
        return NO_VALUE
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), date_text(value))


def moment(value: datetime | None) -> Markup:
    """A moment for a page, in the merchant's zone; the machine's form goes along."""
    if value is None:
        return NO_VALUE
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), datetime_text(value))


def ago(value: datetime | None) -> Markup:
    """How long ago, or in how long, by the scope's clock; the exact moment is the title."""
    if value is None:
        return NO_VALUE
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    past: timedelta = aware - clock.now()
    text = babel_dates.format_timedelta(
        past, add_direction=True, threshold=1.2, locale=locale_name()
    )
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(), datetime_text(value), text
    )


def person(value: str | None) -> Markup:
    """A name that somebody typed, isolated so that its direction cannot disturb what stands around it."""
    return NO_VALUE if not value else Markup("<bdi>{}</bdi>").format(value)


def safe_url(value: str | None) -> str:
    """An address that may stand in href: http, https, mailto, or a path of ours; else '#'."""
    if not value:
        return "#"
    address = value.strip()
    parts = urlsplit(address)
    if parts.scheme in {"http", "https", "mailto"}:
        return address
    local = (
        not parts.scheme and not parts.netloc and address.startswith("/") and "\\" not in address
    )
    return address if local else "#"


def chart_series(series: tuple[str, Sequence[int | None], str]) -> dict[str, object]:
    """A series of a chart for the script: its label, and what its axis writes."""
    label, values, kind = series
    scale = 10 ** exponent(surroundings().currency) if kind == "money" else 1
    unit = currency_sign(locale_name(), surroundings().currency) if kind == "money" else ""
    return {
        "label": str(label),
        "values": [None if v is None else round(v / scale, 4) for v in values],
        "unit": unit,
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
        ago=ago,
        person=person,
        safe_url=safe_url,
        chart_series=chart_series,
    )
