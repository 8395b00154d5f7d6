"""Tables: the address decides, two statements read, and a reader without script misses nothing."""

from __future__ import annotations

from contextlib import contextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import render_template_string
from markupsafe import Markup
from sqlalchemy import BigInteger, MetaData, Text, event, select
from sqlalchemy import Column as SqlColumn
from sqlalchemy import Table as SqlTable

from app.web.cells import CELLS, rows
from app.web.filters import NO_VALUE
from app.web.tables import COUNTED, Column, Empty, Filter, Table, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from app.application import App

LAMPS = SqlTable(
    "table_lamps",
    MetaData(),
    SqlColumn("id", BigInteger, primary_key=True),
    SqlColumn("name", Text, nullable=False),
    SqlColumn("colour", Text, nullable=False),
    SqlColumn("price", BigInteger),
    prefixes=["TEMPORARY"],
)
COLOURS = ("red", "green")
TABLE = Table(
    name="lamps",
    caption="Lamps",
    columns=(
        Column(
            "name",
            "Name",
            render="name",
            main=True,
            sort=LAMPS.c.name,
            href=lambda lamp: f"/lamps/{lamp.id}",
        ),
        Column("colour", "Colour"),
        Column("price", "Price", render="money", sort=LAMPS.c.price, nullable=True, end=True),
        Column("number", "Number", render="number", sort=LAMPS.c.id, value=lambda lamp: lamp.id),
    ),
    key=LAMPS.c.id,
    default="-number",
    empty=Empty("No lamps yet", "Add the first.", endpoint="dev.ui", act="Add a lamp"),
    filters=(
        Filter(
            "colour",
            "Colour",
            [(c, c.title()) for c in COLOURS],
            lambda s, v: s.where(LAMPS.c.colour == v),
        ),
    ),
    search=lambda s, q: s.where(LAMPS.c.name.startswith(q, autoescape=True)),
    sizes=(3, 6),
)
ALL = select(LAMPS)


@pytest.fixture
def lamps(db_session: Session) -> Session:
    LAMPS.create(db_session.connection())
    rows = [
        {
            "id": n,
            "name": f"{'Lamp' if n % 2 else 'Shade'} {n:02d}",
            "colour": COLOURS[n % 2],
            "price": n // 3 * 100 or None,
        }
        for n in range(1, 12)
    ]
    db_session.execute(LAMPS.insert(), rows)
    return db_session


@contextmanager
def asked(app: App, address: str = "/dev/ui") -> Iterator[View]:
    with app.test_request_context(address):
        yield TABLE.load(ALL)


def ids(view: View) -> list[int]:
    return [row.id for row in view.rows]


def test_the_first_page_is_in_the_default_order_and_counted(app: App, lamps: Session) -> None:
    with asked(app) as view:
        assert ids(view) == [11, 10, 9]
        assert (view.total, view.previous) == (11, None)
        assert view.next


def test_following_the_links_visits_every_row_and_back(app: App, lamps: Session) -> None:
    for sort in ("name", "-name", "price", "-price", "number", "-number"):
        seen: list[int] = []
        address = f"/dev/ui?sort={sort}&size=3"
        while address:
            with asked(app, address) as view:
                seen += ids(view)
                address = view.address(cursor=view.next) if view.next else ""
                last = view
        assert sorted(seen) == list(range(1, 12)), sort
        with app.test_request_context("/dev/ui"):
            address = last.address(cursor=last.previous)
        back: list[int] = []
        while address:
            with asked(app, address) as view:
                back = ids(view) + back
                address = view.address(cursor=view.previous) if view.previous else ""
        assert back + ids(last) == seen, sort


def test_a_page_takes_two_statements(app: App, lamps: Session) -> None:
    run: list[str] = []
    connection = lamps.connection()

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        run.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    with asked(app, "/dev/ui?q=Lamp&colour=green&sort=price&size=3") as view:
        assert len(view.rows) == 3
    event.remove(connection, "before_cursor_execute", note)
    assert len(run) == 2


def test_search_and_filters_narrow_and_stay_in_every_link(app: App, lamps: Session) -> None:
    with asked(app, "/dev/ui?q=Lamp+0&colour=green&sort=name&size=3") as view:
        assert ids(view) == [1, 3, 5]
        assert view.narrowed
        query = dict(parse_qsl(urlsplit(view.address(cursor=view.next)).query))
        assert {"q": "Lamp 0", "colour": "green", "sort": "name"}.items() <= query.items()


@pytest.mark.parametrize(
    "address",
    [
        "/dev/ui?sort=colour",
        "/dev/ui?sort=price)--",
        "/dev/ui?sort=",
        "/dev/ui?size=5",
        "/dev/ui?size=1e9",
        "/dev/ui?colour=blue",
        "/dev/ui?colour=",
        "/dev/ui?cursor=nonsense",
        "/dev/ui?cursor=%00",
        "/dev/ui?q=%00",
        "/dev/ui?q=%ED%A0%80&q=2",
    ],
)
def test_what_an_address_asks_in_vain_is_as_if_not_there(
    app: App, lamps: Session, address: str
) -> None:
    with asked(app, address) as view:
        assert ids(view)[:1] in ([11], [])
        assert view.asked.sort == "-number"


def test_a_search_for_wildcards_finds_no_more_than_it_says(app: App, lamps: Session) -> None:
    with asked(app, "/dev/ui?q=%25") as view:
        assert view.rows == []
        assert view.total == 0


def test_a_cursor_of_one_order_does_not_serve_another(app: App, lamps: Session) -> None:
    with asked(app, "/dev/ui?sort=name") as view:
        cursor = view.next
    with asked(app, f"/dev/ui?sort=price&cursor={cursor}") as view:
        assert view.previous is None


def test_rows_gone_meanwhile_leave_a_way_back(app: App, lamps: Session) -> None:
    with asked(app, "/dev/ui?size=6") as view:
        address = view.address(cursor=view.next)
    lamps.execute(LAMPS.delete().where(LAMPS.c.id < 6))
    with asked(app, address) as view:
        assert view.past_the_end
        assert "These lines are gone." in draw(view)


def test_counting_stops_at_ten_thousand(app: App, lamps: Session) -> None:
    lamps.execute(
        LAMPS.insert(), [{"id": n, "name": "x", "colour": "red"} for n in range(100, 100 + COUNTED)]
    )
    with asked(app) as view:
        assert view.total == COUNTED
        assert view.more_than_counted
        assert "More than 10,000" in draw(view)


def test_a_table_may_do_without_a_count(app: App, lamps: Session) -> None:
    plain = Table("plain", "Plain", TABLE.columns, LAMPS.c.id, "number", TABLE.empty, counted=False)
    with app.test_request_context("/dev/ui?q=ignored"):
        view = plain.load(select(LAMPS.c.id, LAMPS.c.name, LAMPS.c.colour, LAMPS.c.price))
    assert view.total is None
    assert view.asked.search == ""
    assert len(view.rows) == 11


def test_a_head_sorts_up_then_down_and_figures_the_other_way(app: App, lamps: Session) -> None:
    name, colour, price, number = TABLE.columns
    with asked(app) as view:
        assert view.sort_address(name) == "/dev/ui?sort=name"
        assert view.sort_address(price) == "/dev/ui?sort=-price"
        assert view.sorted_by(number) == "descending"
        assert view.sorted_by(colour) == "none"
    with asked(app, "/dev/ui?sort=name") as view:
        assert view.sort_address(name) == "/dev/ui?sort=-name"
        assert view.sorted_by(name) == "ascending"


def test_a_column_without_a_sort_cannot_be_an_order() -> None:
    with pytest.raises(ValueError, match="cannot be sorted"):
        TABLE.order("colour")


def test_a_filter_cannot_take_a_name_of_the_tables_own() -> None:
    with pytest.raises(ValueError, match="cursor"):
        Filter("cursor", "Cursor", [], lambda s, _v: s)


class Links(HTMLParser):
    """Links and forms of a fragment: what works without script, and what htmx does."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.forms: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        {"a": self.links, "form": self.forms}.get(tag, []).append(dict(attrs))


def draw(view: View) -> str:
    return render_template_string(
        '{% from "ui/table.html" import table %}{{ table(view) }}', view=view
    )


def test_every_link_works_without_script_and_swaps_the_table_alone_with_it(
    app: App, lamps: Session
) -> None:
    with asked(app, "/dev/ui?sort=name&q=L&size=3") as view:
        text = draw(view)
    found = Links()
    found.feed(text)
    swapping = [link for link in found.links if "hx-get" in link]
    assert len(swapping) >= 7
    for link in swapping:
        assert link["href"] == link["hx-get"]
        assert link["hx-target"] == "#lamps-table"
        assert (link["hx-swap"], link["hx-push-url"]) == ("outerMorph", "true")
    assert [form["method"] for form in found.forms] == ["get"]
    assert 'aria-sort="ascending"' in text
    assert (
        '<th scope="row" role="rowheader" class="main" data-label="Name"><a href="/lamps/1"><bdi>Lamp 01</bdi></a></th>'
        in text
    )


def test_a_page_may_bring_cells_of_its_own(app: App, lamps: Session) -> None:
    with asked(app) as view:
        text = render_template_string(
            '{% macro money(value, row, column) %}own{% endmacro %}{% from "ui/table.html" import table %}'
            "{{ table(view, {'money': money}) }}",
            view=view,
        )
    assert text.count(">own</td>") == 3


def test_an_empty_table_names_the_next_act(app: App, lamps: Session) -> None:
    lamps.execute(LAMPS.delete())
    with asked(app) as view:
        plain = View(
            Table("x", "X", TABLE.columns, LAMPS.c.id, "number", Empty("Nothing yet", act="Do")),
            view.asked,
            [],
            0,
        )
        assert "Nothing yet" in draw(plain)
    with asked(app, "/dev/ui?q=zzz") as view:
        text = draw(view)
    assert "No line fits this search." in text
    assert 'href="/dev/ui"' in text


def test_every_kind_of_cell_is_drawn_and_nothing_is_a_dash(app: App) -> None:
    with app.test_request_context("/"):
        for render in CELLS:
            drawn = rows([Column("a", "A", render=render, quiet=True)], [{"a": None}])
            assert "No" in drawn if render == "yes" else NO_VALUE in drawn, render
        told = rows(
            [Column("a", "A", render="yes"), Column("b", "B", render="code"), Column("c", "C")],
            [{"a": 1, "b": "<x>", "c": Markup("<b>C</b>")}],
        )
    assert '<td role="cell" data-label="A">Yes</td>' in told
    assert "<code>&lt;x&gt;</code>" in told
    assert "<b>C</b>" in told
