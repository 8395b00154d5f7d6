"""Questions of the registration form: their kinds, their order, and what an answer may be."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.catalog.rules import PageError, page_address
from app.members.rules import normalise_phone
from app.partners.rules import code_from_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MOST_QUESTIONS, MOST_OPTIONS = 40, 50
LONGEST = {"text": 300, "long": 5_000, "site": 500, "phone": 40, "number": 24}
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Kind(StrEnum):
    """What sort of answer a question asks for."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    CHOICE = "choice"
    SEVERAL = "several"
    YES = "yes"
    PHONE = "phone"
    SITE = "site"
    DATE = "date"


WITH_OPTIONS = frozenset({Kind.CHOICE, Kind.SEVERAL})


class AnswerError(ValueError):
    """An answer that cannot stand; `code` is one of: type, long, number, choice, phone, site, date, missing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from."""

    key: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it stands on the form; labels by language."""

    key: str
    kind: Kind
    label: Mapping[str, str]
    help: Mapping[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    required: bool = False


def read_answer(question: Question, value: object, region: str | None) -> Any:
    """Return an answer as it is kept: text, list of option keys, or True; None: not answered.

    Numbers are kept as decimal strings, days as ISO dates; phones without a country code are of
    `region`. Whether it may stay empty is the caller's question. Raises AnswerError.
    """
    if question.kind is Kind.YES:
        if not isinstance(value, bool | None):
            raise AnswerError("type")
        return value or None
    if question.kind is Kind.SEVERAL:
        return _several(question, value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise AnswerError("type")
    text = value.strip()
    return _READ[question.kind](question, text, region) if text else None


def _several(question: Question, value: object) -> list[str] | None:
    if value is None:
        return None
    known = [option.key for option in question.options]
    if not isinstance(value, list) or any(not isinstance(each, str) for each in value):
        raise AnswerError("type")
    if not set(value) <= set(known):
        raise AnswerError("choice")
    return [key for key in known if key in value] or None


def _text(question: Question, text: str, _region: str | None) -> str:
    if len(text) > LONGEST[question.kind]:
        raise AnswerError("long")
    plain = text if question.kind is Kind.LONG else " ".join(text.split())
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\r\n\t" for c in plain):
        raise AnswerError("type")
    return plain


def _number(_question: Question, text: str, _region: str | None) -> str:
    if _NUMBER.fullmatch(text) is None:
        raise AnswerError("number")
    return text


def _choice(question: Question, text: str, _region: str | None) -> str:
    if text not in {option.key for option in question.options}:
        raise AnswerError("choice")
    return text


def _phone(_question: Question, text: str, region: str | None) -> str:
    phone = normalise_phone(text, region) if len(text) <= LONGEST["phone"] else None
    if phone is None:
        raise AnswerError("phone")
    return phone


def _site(_question: Question, text: str, _region: str | None) -> str:
    if len(text) > LONGEST["site"]:
        raise AnswerError("long")
    try:
        return page_address(text if "://" in text else f"https://{text}")
    except PageError as error:
        raise AnswerError("site") from error


def _date(_question: Question, text: str, _region: str | None) -> str:
    if _DAY.fullmatch(text) is None:
        raise AnswerError("date")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise AnswerError("date") from error
    if not 1900 <= day.year <= 2200:
        raise AnswerError("date")
    return text


_READ = {
    Kind.TEXT: _text,
    Kind.LONG: _text,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.PHONE: _phone,
    Kind.SITE: _site,
    Kind.DATE: _date,
}


def in_language(texts: Mapping[str, str], *languages: str) -> str:
    """Return the text of the first language that has one, else of any: a reader sees a foreign word, not none."""
    for language in languages:
        if texts.get(language):
            return texts[language]
    return next((text for text in texts.values() if text), "")


def key_of(label: str, taken: Collection[str]) -> str:
    """Return a short name that programs can say, made of a label, and nobody else's."""
    base = code_from_name(label, 30)
    base = "field" if base == "partner" and "partner" not in label.casefold() else base
    tries = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(each for each in tries if each not in taken)


def options_of(typed: Mapping[str, Sequence[str]], before: Sequence[Option] = ()) -> list[Option]:
    """Return options from lines typed a language each, line by line the same option.

    A line that stood before keeps its key, so that older answers still mean it. A language with
    fewer lines leaves the rest to the others; empty lines are none. Raises AnswerError("choice")
    for doubles and for more than MOST_OPTIONS.
    """
    known = {text: option.key for option in before for text in option.label.values()}
    count = max((len(lines) for lines in typed.values()), default=0)
    found: list[Option] = []
    taken: set[str] = set()
    for place in range(count):
        label = {code: lines[place] for code, lines in typed.items() if place < len(lines)}
        label = {code: text.strip() for code, text in label.items() if text.strip()}
        if not label:
            continue
        kept = next(
            (known[text] for text in label.values() if known.get(text) not in {None, *taken}), None
        )
        key = kept or key_of(next(iter(label.values())), {*taken, *known.values()})
        taken.add(key)
        found.append(Option(key, label))
    said = [(code, text) for option in found for code, text in option.label.items()]
    if len(found) > MOST_OPTIONS or len(set(said)) != len(said):
        raise AnswerError("choice")
    return found


def moved(keys: Sequence[str], key: str, *, up: bool) -> list[str]:
    """Return the order with one key a place further up or down; at the end it stays."""
    order = list(keys)
    here = order.index(key)
    there = here - 1 if up else here + 1
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
    return order
