"""Tables: declared once, read by two statements at most, and paged by plain links that htmx only makes quicker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from flask import current_app, request, url_for
from flask_babel import LazyString
from sqlalchemy import Select, SQLColumnExpression, func, select

from app.extensions import db
from app.web import keyset
from app.web.cells import rows
from app.web.forms import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup
    from werkzeug.datastructures import MultiDict

    from app.web.ranges import Range

COUNTED = 10_001  # rows that are counted at most; beyond, "more than 10,000" says enough
SIZES = (25, 50, 100)
LONGEST = 500  # characters of the names of columns
SEARCH = 100  # characters of a search that are looked at
RESERVED = frozenset({"q", "sort", "cursor", "size", "cols"})
Words: TypeAlias = str | LazyString


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `render` names a cell of cells.py or a macro of the page's own: macro(value, row, column)."""

    key: str
    label: Words
    render: str = "text"
    sort: SQLColumnExpression[Any] | None = None  # given: the reader may sort by it
    nullable: bool = False  # the sort expression may be null
    value: Callable[[Any], Any] | None = None  # else the row's attribute named by the key
    href: Callable[[Any], str | None] | None = None  # makes the cell a link
    end: bool = False  # right-aligned, for figures
    main: bool = False  # the row's name: its header, and the card's title on a phone
    quiet: bool = False  # left out on a narrow screen
    tie: SQLColumnExpression[Any] | None = (
        None  # breaks ties, where the table's key is of another table
    )
    spare: bool = False  # shown to whoever asks for it, where columns can be chosen
    tool: bool = False  # a tick or buttons: no figure, never chosen, never exported

    def of(self, row: Any) -> Any:
        """The cell's value."""
        if self.value is not None:
            return self.value(row)
        return row[self.key] if isinstance(row, dict) else getattr(row, self.key, None)


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the table, kept in the address. `apply` narrows the statement by a value of `choices`."""

    key: str
    label: Words
    choices: Sequence[tuple[str, Words]]
    apply: Callable[[Select[Any], str], Select[Any]]

    def __post_init__(self) -> None:
        """Refuse a key that the table itself uses in the address."""
        if self.key in RESERVED:
            msg = f"a filter cannot be named {self.key}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands in place of no rows: the next act, if there is one."""

    title: Words
    text: Words = ""
    icon: str = "inbox"
    endpoint: str = ""
    act: Words = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A list of things. `key` is a unique, not null expression; `default` is a sortable column, '-' for descending."""

    name: str
    caption: Words
    columns: Sequence[Column]
    key: SQLColumnExpression[Any]
    default: str
    empty: Empty
    filters: Sequence[Filter] = ()
    search: Callable[[Select[Any], str], Select[Any]] | None = None
    search_label: Words = ""
    sizes: Sequence[int] = SIZES
    counted: bool = True
    ranges: Sequence[Range] = ()
    listing: str = ""  # the name under which its views are kept and its rows exported (web.lists)

    def load(self, statement: Select[Any], args: MultiDict[str, str] | None = None) -> View:
        """Read one page of the statement as the address (or `args`) asks; at most two statements run."""
        asked = self.ask(request.args if args is None else args)
        narrowed = self.narrow(statement, asked)
        secret, order = str(current_app.secret_key), self.order(asked.sort)
        cursor = keyset.unpack(asked.cursor, secret, self._purpose(asked.sort))
        rows, places, more = self._read(narrowed, order, cursor, asked.size)
        total = self._count(narrowed) if self.counted else None
        back = cursor is not None and cursor.backward
        before, after = (more, True) if back else (cursor is not None, more)
        view = View(self, asked, rows, total, dict(request.view_args or {}))
        if rows:
            if before:
                view.previous = self.pack(places[0], asked.sort, backward=True)
            if after:
                view.next = self.pack(places[-1], asked.sort, backward=False)
        view.past_the_end = cursor is not None and not rows
        return view

    def ask(self, args: MultiDict[str, str]) -> Asked:
        """What the address asks for; whatever is unknown is as if it were not there."""
        sort = args.get("sort", "")
        if self._column(sort) is None:
            sort = self.default
        size = args.get("size", "")
        chosen = {
            f.key: args[f.key]
            for f in self.filters
            if args.get(f.key) in {c for c, _ in f.choices if c}
        }
        for each in self.ranges:
            chosen.update(each.asked(args))
        words = " ".join(args.get("q", "")[:SEARCH].split()) if self.search else ""
        return Asked(
            sort=sort,
            size=int(size) if size in {str(s) for s in self.sizes} else self.sizes[0],
            search=words if storable(words) else "",
            cursor=args.get("cursor", ""),
            filters=chosen,
            columns=self._chosen(".".join(args.getlist("cols"))),
        )

    def narrow(self, statement: Select[Any], asked: Asked) -> Select[Any]:
        """The statement with filters and search applied: what the reader sees, and what an export holds."""
        for each in self.filters:
            if each.key in asked.filters:
                statement = each.apply(statement, asked.filters[each.key])
        for span in self.ranges:
            statement = span.narrow(statement, asked.filters)
        if self.search and asked.search:
            statement = self.search(statement, asked.search)
        return statement

    def order(self, sort: str) -> keyset.Order:
        """The total order that a sort of the address means."""
        column = self._column(sort)
        if column is None or column.sort is None:
            msg = f"{self.name} cannot be sorted by {sort}"
            raise ValueError(msg)
        down = sort.startswith("-")
        key = self.key if column.tie is None else column.tie
        return keyset.Order(column.sort, key, down, column.nullable, single=column.sort is key)

    def _chosen(self, said: str) -> tuple[str, ...]:
        """Return the columns that an address names, if the reader may choose: none means the usual ones."""
        if not self.listing:
            return ()
        wanted = set(said[:LONGEST].split("."))
        found = tuple(c.key for c in self.columns if c.key in wanted and not c.tool)
        return () if found == self.usual else found

    @property
    def usual(self) -> tuple[str, ...]:
        """The columns that are shown to whoever chose none."""
        return tuple(c.key for c in self.columns if not c.spare and not c.tool)

    def _column(self, sort: str) -> Column | None:
        key = sort.removeprefix("-")
        return next((c for c in self.columns if c.key == key and c.sort is not None), None)

    def _purpose(self, sort: str) -> str:
        return f"{self.name}:{sort}"

    def pack(self, place: tuple[Any, Any], sort: str, *, backward: bool) -> str:
        """Write a row's place in an order as the address carries it."""
        cursor = keyset.Cursor(place[0], place[1], backward)
        return keyset.pack(cursor, str(current_app.secret_key), self._purpose(sort))

    def _read(
        self, statement: Select[Any], order: keyset.Order, cursor: keyset.Cursor | None, size: int
    ) -> tuple[list[Any], list[tuple[Any, Any]], bool]:
        """Rows, their places in the order, and whether more lie that way."""
        width = len(statement.column_descriptions)
        placed = statement.add_columns(order.by.label("_by"), order.key.label("_key"))
        found = list(db.session.execute(keyset.page(placed, order, cursor, size + 1)))
        more, found = len(found) > size, found[:size]
        if cursor is not None and cursor.backward:
            found.reverse()
        return [r[0] if width == 1 else r for r in found], [(r[-2], r[-1]) for r in found], more

    def _count(self, statement: Select[Any]) -> int:
        some = statement.order_by(None).with_only_columns(self.key).limit(COUNTED).subquery()
        return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A reader's wishes, checked: sort, page size, search, cursor as it came, and chosen filters."""

    sort: str
    size: int
    search: str
    cursor: str
    filters: dict[str, str]
    columns: tuple[str, ...] = ()  # those chosen; none: the usual ones


@dataclass(slots=True)
class View:
    """One page of a table, as ui/table.html draws it."""

    table: Table
    asked: Asked
    rows: list[Any]
    total: int | None
    values: dict[str, Any] = field(default_factory=dict)
    previous: str | None = None
    next: str | None = None
    past_the_end: bool = False
    saved: Sequence[Any] = ()  # the views that this reader kept, and everybody's
    shares: bool = False  # may this reader keep views for everybody

    @property
    def query(self) -> str:
        """What the reader asked for, as it stands in the address."""
        return urlsplit(self.address()).query

    @property
    def spanned(self) -> bool:
        """True when a from or a to hides rows."""
        return any(n in self.asked.filters for r in self.table.ranges for n in r.names)

    @property
    def id(self) -> str:
        """The id of the part that htmx swaps."""
        return f"{self.table.name}-table"

    def body(self, own: Any = None) -> Markup:
        """The rows, drawn; `own` holds the page's own cells."""
        return rows(self.columns, self.rows, own)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns that are shown: those chosen, or the usual ones; the row's name always."""
        shown = self.asked.columns or self.table.usual
        return [c for c in self.table.columns if c.tool or c.main or c.key in shown]

    @property
    def narrowed(self) -> bool:
        """True when a search or a filter hides rows."""
        return bool(self.asked.search or self.asked.filters)

    @property
    def more_than_counted(self) -> bool:
        """True when there are more rows than were counted."""
        return self.total is not None and self.total >= COUNTED

    def address(self, **changes: Any) -> str:
        """This page's address with some wishes changed; the cursor is dropped unless it is the change."""
        wishes: dict[str, Any] = {**self.asked.filters, "q": self.asked.search or None}
        if self.asked.sort != self.table.default:
            wishes["sort"] = self.asked.sort
        if self.asked.size != self.table.sizes[0]:
            wishes["size"] = self.asked.size
        if self.asked.columns:
            wishes["cols"] = ".".join(self.asked.columns)
        wishes.update(changes)
        return url_for(
            str(request.endpoint), **{**self.values, **{k: v for k, v in wishes.items() if v}}
        )

    def sorted_by(self, column: Column) -> str:
        """'ascending', 'descending' or 'none', as aria-sort says it."""
        if self.asked.sort.removeprefix("-") != column.key:
            return "none"
        return "descending" if self.asked.sort.startswith("-") else "ascending"

    def sort_address(self, column: Column) -> str:
        """Where a click on the column's head leads: ascending first, figures and times descending first."""
        up, down = column.key, f"-{column.key}"
        first, second = (
            (down, up) if column.end or column.render in {"date", "datetime", "ago"} else (up, down)
        )
        wanted = second if self.asked.sort == first else first
        return self.address(sort=None if wanted == self.table.default else wanted)
