"""Whom a merchant invites: lines of a paste or file as they are read, and an invitation's way."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.lifecycle import Lifecycle

MOST_LINES = 10_000
LONGEST_CELL = 300
VALID = timedelta(days=90)  # after the last letter
MOST_TIMES = 5  # letters of one invitation


class State(StrEnum):
    """Where an invitation stands."""

    QUEUED = "queued"
    SENT = "sent"
    OPENED = "opened"
    JOINED = "joined"
    WITHDRAWN = "withdrawn"


LIFECYCLE = Lifecycle(
    {
        (State.QUEUED, "send"): State.SENT,
        (State.SENT, "again"): State.SENT,
        (State.OPENED, "again"): State.OPENED,
        (State.SENT, "open"): State.OPENED,
        (State.SENT, "join"): State.JOINED,
        (State.OPENED, "join"): State.JOINED,
        (State.QUEUED, "withdraw"): State.WITHDRAWN,
        (State.SENT, "withdraw"): State.WITHDRAWN,
        (State.OPENED, "withdraw"): State.WITHDRAWN,
    }
)
OPEN = frozenset({State.QUEUED, State.SENT, State.OPENED})

COLUMNS = ("email", "name", "group", "terms", "sponsor", "code")
HEADINGS = {
    **dict.fromkeys(("email", "e-mail", "mail", "почта", "e-mail адрес", "эл. почта"), "email"),
    **dict.fromkeys(("name", "имя", "фио"), "name"),
    **dict.fromkeys(("group", "группа"), "group"),
    **dict.fromkeys(("terms", "условия"), "terms"),
    **dict.fromkeys(("sponsor", "parent", "спонсор", "родитель"), "sponsor"),
    **dict.fromkeys(("code", "код", "промокод"), "code"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was typed; empty texts where nothing was said."""

    number: int
    email: str
    name: str = ""
    group: str = ""
    terms: str = ""
    sponsor: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line was left out; the page says it in words."""

    number: int
    said: str
    why: str


def decode(raw: bytes) -> str | None:
    """Return a file's text: UTF-8 (with or without its mark), else Windows-1251; None for neither."""
    for name in ("utf-8-sig", "cp1251"):
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
    return None


def read(text: str) -> tuple[list[Line], list[Problem]]:
    """Read lines "e-mail, name, group, terms, sponsor, code" apart by comma, semicolon or tab.

    A first line of headings, English or Russian, says another order. Lines that cannot be read come
    back as problems: cells (too many), long, many (beyond MOST_LINES).
    """
    lines: list[Line] = []
    problems: list[Problem] = []
    order = list(COLUMNS)
    rows = csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=_delimiter(text))
    first = True
    try:
        for cells in rows:
            said = [cell.strip() for cell in cells]
            if not any(said):
                continue
            heads = [HEADINGS.get(cell.casefold()) for cell in said]
            if first and all(heads) and "email" in heads:
                order, first = [str(head) for head in heads], False
                continue
            first = False
            problem = _shape(said, order)
            if problem is None and len(lines) >= MOST_LINES:
                problem = "many"
            if problem is not None:
                problems.append(Problem(rows.line_num, said[0][:LONGEST_CELL], problem))
                if problem == "many":
                    break
                continue
            lines.append(Line(rows.line_num, **dict(zip(order, said, strict=False))))
    except csv.Error:
        problems.append(Problem(rows.line_num, "", "unreadable"))
    return lines, problems


def _shape(said: list[str], order: list[str]) -> str | None:
    if any(said[len(order) :]):
        return "cells"
    return "long" if any(len(cell) > LONGEST_CELL for cell in said) else None


def _delimiter(text: str) -> str:
    head = text[:5000]
    return max(";\t,", key=lambda char: (head.count(char), char == ","))
