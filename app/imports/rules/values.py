"""Cells of a file as values: read strictly, and told by a code what is wrong with them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.catalog.rules import PageError, page_address
from app.identity.rules import email_problem, normalise_email
from app.imports.rules.fields import KINDS
from app.imports.rules.files import CUT
from app.members.rules import normalise_phone
from app.money import LARGEST, MoneyError, parse_decimal
from app.partners.rules import CodeError, fold_code, normalise_code
from app.programs.rules import RateError, parse_rate, write_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LONGEST_ID, LONGEST_NAME, LONGEST_TEXT, LONGEST_ALIAS = 100, 200, 2_000, 80
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009]+")
_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_GROUPED = {
    ".": re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?"),
    ",": re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?"),
}
EMPTY_DAYS = {"0000-00-00", "0000-00-00 00:00:00", "-", "—"}
# Words of other systems for where a partner stands.
STATUSES = {
    "active": ("active", "approved", "a", "1", "активен", "активный", "активна", "да", "enabled",
               "одобрен", "подтвержден", "accepted"),
    "pending": ("pending", "p", "ожидает", "новый", "на модерации", "неподтвержден"),
    "blocked": ("blocked", "inactive", "0", "заблокирован", "неактивен", "отключен", "disabled",
                "suspended", "нет", "бан"),
    "rejected": ("rejected", "declined", "d", "отклонен", "отказано"),
}  # fmt: skip
_TAX = {
    word: status
    for status, words in {
        "person": ("person", "физлицо", "физическое лицо", "фл", "individual"),
        "self_employed": ("self_employed", "самозанятый", "самозанятая", "нпд", "self-employed"),
        "entrepreneur": ("entrepreneur", "ип", "предприниматель", "sole trader"),
        "company": ("company", "ооо", "юрлицо", "юридическое лицо", "юл", "организация", "ао"),
    }.items()
    for word in words
}
STATUS_WORDS = {word: status for status, words in STATUSES.items() for word in words}


class BadCell(ValueError):
    """A cell that cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reading:
    """How the file writes its values, and what the merchant's are."""

    currency: str
    zone: str
    region: str | None = None
    decimal: str = "."  # the sign before kopecks
    days: str = "dmy"  # of days written with figures only: dmy or mdy


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong in a row: the field, why, and the words that belong into the sentence. `soft`: a remark."""

    field: str
    code: str
    said: str = ""
    soft: bool = False

    def written(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {"field": self.field, "code": self.code, "said": self.said, "soft": self.soft}


@dataclass(slots=True, eq=False)
class Row:
    """A row as it was read: its id, its line, its name in the old system, values and flaws."""

    id: int
    number: int
    old_id: str | None
    values: dict[str, Any]
    flaws: list[Flaw] = field(default_factory=list)
    parent: str | None = None  # who of the file is the sponsor
    place: int = 0  # its turn

    @property
    def bad(self) -> bool:
        """Whether something forbids to take it."""
        return any(not flaw.soft for flaw in self.flaws)


def read_cells(
    kind: str, cells: Sequence[str], mapping: Mapping[str, int], reading: Reading
) -> tuple[dict[str, Any], list[Flaw]]:
    """Return what a row says by field (what it does not say is left out), and what cannot be read."""
    values: dict[str, Any] = {}
    flaws: list[Flaw] = []
    for each in KINDS[kind].fields:
        place = mapping.get(each.name)
        text = cells[place].strip() if place is not None and place < len(cells) else ""
        if not text:
            if each.needed:
                flaws.append(Flaw(each.name, "missing"))
            continue
        try:
            found = READERS["cut" if CUT in text else each.reads](text, reading)
        except BadCell as error:
            flaws.append(Flaw(each.name, error.code, text[:60].replace(CUT, "…")))
            continue
        if found is not None:
            values[each.name] = found
    return values, flaws


def _cut(_text: str, _reading: Reading) -> str:
    raise BadCell("unreadable")


def _id(text: str, _reading: Reading) -> str:
    if len(text) > LONGEST_ID or not text.isprintable():
        raise BadCell("too_long")
    return text


def _text(text: str, _reading: Reading) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadCell("too_long")
    return text


def _name(text: str, _reading: Reading) -> str:
    plain = " ".join(text.split())
    if len(plain) > LONGEST_NAME:
        raise BadCell("too_long")
    return plain


def _email(text: str, _reading: Reading) -> str:
    address = normalise_email(text)
    if email_problem(address):
        raise BadCell("email")
    return address


def _phone(text: str, reading: Reading) -> str:
    phone = normalise_phone(text, reading.region)
    if phone is None:
        raise BadCell("phone")
    return phone


def _code(text: str, _reading: Reading) -> str:
    """Return a code as it is spelled; what would be none here may still stand in old links."""
    return alias(text)


def _codes(text: str, _reading: Reading) -> list[str]:
    return [alias(part) for part in re.split(r"[\s,;|]+", text) if part]


def alias(text: str) -> str:
    """Return an old code. Raises BadCell for what no link can have carried."""
    key = fold_code(text)
    if not key or len(key) > LONGEST_ALIAS or not key.isprintable() or " " in key:
        raise BadCell("code")
    return text.strip()


def is_code(text: str) -> bool:
    """Whether an old code may be a code here as well."""
    try:
        normalise_code(text)
    except CodeError:
        return False
    return True


def _site(text: str, _reading: Reading) -> str:
    try:
        return page_address(text if "://" in text else f"https://{text}")
    except PageError as error:
        raise BadCell("site") from error


def _status(text: str, _reading: Reading) -> str:
    found = STATUS_WORDS.get(text.casefold().replace("ё", "е").strip())
    if found is None:
        raise BadCell("status")
    return found


def _tax(text: str, _reading: Reading) -> str:
    found = _TAX.get(text.casefold().replace("ё", "е").strip(" ."))
    if found is None:
        raise BadCell("status")
    return found


def _currency(text: str, reading: Reading) -> str:
    known = {reading.currency.casefold(), *_SIGNS.get(reading.currency, ())}
    if text.casefold().rstrip(".") not in known:
        raise BadCell("currency")
    return reading.currency


_SIGNS = {
    "RUB": ("₽", "руб", "р", "rur", "рубль", "рублей"),
    "USD": ("$",),
    "EUR": ("€",),
}


def _sum(text: str, reading: Reading) -> int:
    """Return minor units; thousands may be grouped, and the currency's own sign may stand beside."""
    plain = _plain(text, reading)
    try:
        amount = parse_decimal(plain, reading.currency, allow_negative=True)
    except MoneyError as error:
        raise BadCell("too_precise" if error.code == "too_precise" else "sum") from error
    if abs(amount) > LARGEST:
        raise BadCell("too_large")
    return amount


def _plain(text: str, reading: Reading) -> str:
    bare = text.casefold()
    for sign in (reading.currency.casefold(), *_SIGNS.get(reading.currency, ())):
        bare = bare.removesuffix(".").removesuffix(sign).removeprefix(sign).strip()
    bare = _SPACES.sub("", bare).replace("\u2212", "-")
    sign, body = ("-", bare[1:]) if bare.startswith("-") else ("", bare)
    other = "," if reading.decimal == "." else "."
    if other in body and _GROUPED[reading.decimal].fullmatch(body) is None:
        raise BadCell("sum")
    body = body.replace(other, "").replace(",", ".")
    whole, _point, part = body.partition(".")
    part = part.rstrip(
        "0"
    )  # databases write kopecks with four places: zeros at the end say nothing
    if part == "" and whole.strip("0") == "":
        return "0" if whole else "?"
    return f"{sign}{whole or '0'}.{part}" if part else f"{sign}{whole}"


def _rate(text: str, reading: Reading) -> str:
    percent = text.rstrip().endswith("%")
    number = _plain(text.rstrip().removesuffix("%"), reading)
    try:
        return write_rate(
            parse_rate(number + ("%" if percent else ""), reading.currency), reading.currency
        )
    except RateError as error:
        raise BadCell("rate") from error


def _day(text: str, reading: Reading) -> date:
    found = _ISO.match(text)
    if found is not None:
        year, month, day = (int(part) for part in found.groups())
    elif (found := _DAY.match(text)) is not None:
        one, sign, two, last = found.groups()
        american = sign == "/" and reading.days == "mdy"
        day, month, year = (
            (int(two), int(one), int(last)) if american else (int(one), int(two), int(last))
        )
    else:
        raise BadCell("day")
    try:
        made = date(year, month, day)
    except ValueError as error:
        raise BadCell("day") from error
    if not 1900 <= made.year <= 2200:
        raise BadCell("day")
    return made


def _date(text: str, reading: Reading) -> str | None:
    return None if text in EMPTY_DAYS else _day(text, reading).isoformat()


def _moment(text: str, reading: Reading) -> str | None:
    """Return a moment in UTC; without a clock it is the day's beginning in the merchant's zone."""
    if text in EMPTY_DAYS:
        return None
    day = _day(text, reading)
    clock = _CLOCK.search(text)
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    try:
        local = datetime.combine(day, time(hour, minute, second), tzinfo=ZoneInfo(reading.zone))
    except ValueError as error:
        raise BadCell("day") from error
    return local.astimezone(UTC).isoformat()


def _until(text: str, reading: Reading) -> str | None:
    """Return the moment at which something ends; a day without a clock belongs to it."""
    found = _moment(text, reading)
    if found is None or _CLOCK.search(text):
        return found
    local = datetime.fromisoformat(found).astimezone(ZoneInfo(reading.zone)) + timedelta(days=1)
    return local.astimezone(UTC).isoformat()


READERS: dict[str, Callable[[str, Reading], Any]] = {
    "cut": _cut,
    "id": _id,
    "text": _text,
    "name": _name,
    "line": _name,
    "email": _email,
    "phone": _phone,
    "code": _code,
    "codes": _codes,
    "site": _site,
    "status": _status,
    "tax": _tax,
    "currency": _currency,
    "sum": _sum,
    "rate": _rate,
    "date": _date,
    "moment": _moment,
    "until": _until,
}


def guess_decimal(cells: Sequence[str]) -> str:
    """Return the sign before kopecks as the sums of a file show it."""
    commas = sum(1 for cell in cells if re.fullmatch(r"-?[\d\s\u00a0.]+,\d{1,2}", cell.strip()))
    points = sum(1 for cell in cells if re.fullmatch(r"-?[\d\s\u00a0,]+\.\d{1,4}", cell.strip()))
    return "," if commas > points else "."
