"""What the former service accrued beside what stands here, order by order, with the reason of each difference."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict
from app.imports.service import orders_said, partners_said
from app.intake.service import tenant
from app.partners import queries as partners
from app.runs import service as runs
from app.runs.rules import Line, Step
from app.runs.service import Kind
from app.shadow import queries
from app.shadow.queries import COMPARE, LATER
from app.shadow.rules import Reason, Side
from app.shadow.rules import compare as compared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.runs.models import Run
    from app.shadow.rules import Difference


def compare() -> Run:
    """Begin to compare. Raises Conflict before a shadow month began, and while another look is under way."""
    month = queries.month()
    if month is None:
        raise Conflict("not_begun", _("There is no shadow month yet."))
    until = month.live_from or clock.now()
    first = queries.first_compared(month.source)
    values = {
        "source": month.source,
        "since": min(month.started_at, first or month.started_at).isoformat(),
        "until": until.isoformat(),
    }
    return runs.start(COMPARE, values, "preview")


def _span(run: Run) -> tuple[datetime, datetime]:
    since, until = (datetime.fromisoformat(run.parameters[name]) for name in ("since", "until"))
    return since, until


def _count(run: Run) -> int:
    return len(queries.words(run.parameters["source"])) + queries.count_ours(*_span(run))


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    """Return what the former service named first, then what earns here, numbered behind it."""
    if cursor < LATER:
        named = queries.words(run.parameters["source"], cursor, most)
        if named:
            return [row.id for row in named]
    found = queries.ours(*_span(run), max(cursor - LATER, 0), most)
    return [LATER + order_id for order_id in found]


def _preview(run: Run, ids: Sequence[int]) -> Step:
    source = run.parameters["source"]
    if ids[0] < LATER:
        rows = queries.words(source, ids[0] - 1, len(ids))
        return _theirs(source, {row.said: row.id for row in rows}, ids, _span(run)[0])
    return _only_ours(source, [each - LATER for each in ids], ids)


def _theirs(source: str, words: Mapping[str, int], ids: Sequence[int], since: datetime) -> Step:
    """Compare the orders that the former service named."""
    here = orders_said(words)
    said: dict[str, list[Any]] = defaultdict(list)
    for row in queries.said(source, list(words)):
        said[row.given["order"]].append(row)
    whose = partners_said(source, {row.given["partner"] for own in said.values() for row in own})
    book = _Book(sorted(set(here.values())), whose)
    found = []
    for word, number in words.items():
        order = here.get(word)
        if order is None and _is_older(said[word], since):
            continue  # from before orders came here
        there = _there(said[word], whose)
        differences = compared(
            there,
            book.sides.get(order or 0, {}),
            is_here=order is not None,
            known=book.known(there),
        )
        found.append((word, order, number, _day_of(said[word], book, order), differences))
    return book.step(found, ids)


def _is_older(rows: Sequence[Any], since: datetime) -> bool:
    days = [datetime.fromisoformat(row.given["day"]) for row in rows if "day" in row.given]
    return bool(days) and max(days) < since - timedelta(days=1)


def _only_ours(source: str, orders: Sequence[int], ids: Sequence[int]) -> Step:
    """Tell of orders that earn here and that the former service did not name."""
    book = _Book(orders, {})
    names = {n for row in book.names.values() for n in (row.number, row.external_id) if n}
    told = {row.given["order"] for row in queries.said(source, sorted(names))}
    found = []
    for order, row in book.names.items():
        if {row.number, row.external_id} & told:
            continue
        differences = compared({}, book.sides.get(order, {}), is_here=True, known=frozenset())
        day = row.created_at.astimezone(book.zone).date().isoformat()
        found.append((row.number or row.external_id, order, LATER + order, day, differences))
    return book.step(found, ids)


def _there(rows: Sequence[Any], whose: Mapping[str, int]) -> dict[str, Side]:
    """Return what the former service says by partner: one who is here by his number, else by its word."""
    zone = ZoneInfo(tenant().timezone)
    found: dict[str, Side] = {}
    for row in rows:
        given = row.given
        who = str(whose.get(given["partner"], f"?{given['partner']}"))
        day = (
            datetime.fromisoformat(given["day"]).astimezone(zone).date() if "day" in given else None
        )
        before = found.get(who)
        alone = Side(row.amount or 0, given.get("base"), given.get("rate"), day)
        # Several rows of one partner are one sum: levels, or corrections of it.
        found[who] = (
            alone if before is None else Side(before.amount + alone.amount, None, None, day)
        )
    return found


def _day_of(rows: Sequence[Any], book: _Book, order: int | None) -> str | None:
    said: str | None = next((row.given["day"] for row in rows if "day" in row.given), None)
    if said is not None:
        return datetime.fromisoformat(said).astimezone(book.zone).date().isoformat()
    if order is None:
        return None
    made: datetime = book.names[order].created_at
    return made.astimezone(book.zone).date().isoformat()


class _Book:
    """What stands here of some orders."""

    def __init__(self, orders: Sequence[int], whose: Mapping[str, int]) -> None:
        """Read it."""
        self.zone = ZoneInfo(tenant().timezone)
        self.names = queries.named(orders)
        self.sides: dict[int, dict[str, Side]] = defaultdict(dict)
        self.called: dict[str, str] = {}
        for row in queries.shares(orders):
            if not row.amount:
                continue
            day = self.names[row.order_id].created_at.astimezone(self.zone).date()
            plain = row.levels == 1
            self.sides[row.order_id][str(row.partner_id)] = Side(
                row.amount,
                row.base if plain else None,
                row.rate if plain and row.one_rate else None,
                day,
                row.lines,
            )
            self.called[str(row.partner_id)] = row.name
        cards = partners.cards(set(whose.values()))
        self.called |= {str(number): card.name for number, card in cards.items()}

    def known(self, there: Mapping[str, Side]) -> frozenset[str]:
        """Return those of the partners who are here."""
        return frozenset(who for who in there if not who.startswith("?"))

    def step(self, found: Sequence[Any], ids: Sequence[int]) -> Step:
        """Return what a part came to: its differences as lines, sums by reason and by day."""
        lines: list[Line] = []
        reasons: dict[str, list[int]] = {}
        days: dict[str, list[int]] = {}
        for word, order, number, day, differences in found:
            for each in differences:
                sums = reasons.setdefault(each.reason.value, [0, 0, 0])
                for n, amount in enumerate((1, each.there, each.here)):
                    sums[n] += amount
                if day is not None:
                    pair = days.setdefault(day, [0, 0])
                    pair[0] += each.there
                    pair[1] += each.here
                if each.reason is not Reason.SAME:
                    lines.append(self._line(word, order, number, each))
        return Step(ids[-1], len(ids), {"reasons": reasons, "days": days}, lines)

    def _line(self, word: str, order: int | None, number: int, each: Difference) -> Line:
        facts = {
            "order": word,
            "order_id": order or 0,
            "deal": self.names[order].deal if order in self.names else None,
            "there_who": self._name(each.there_who),
            "here_who": self._name(each.here_who),
        }
        return Line(each.reason.value, number, each.there, each.here, facts)

    def _name(self, who: str | None) -> str | None:
        if who is None:
            return None
        return who[1:] if who.startswith("?") else self.called.get(who, who)


def weeks(days: Mapping[str, Sequence[int]]) -> list[tuple[Any, int, int]]:
    """Return sums there and here by week, oldest first."""
    found: dict[Any, list[int]] = {}
    for said, (there, here) in days.items():
        day = datetime.fromisoformat(said).date()
        pair = found.setdefault(day - timedelta(days=day.weekday()), [0, 0])
        pair[0] += there
        pair[1] += here
    return [(week, pair[0], pair[1]) for week, pair in sorted(found.items())]


KINDS: dict[str, Kind] = {COMPARE: Kind(_count, _take, _preview, together=500)}
