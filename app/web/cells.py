"""Cells of tables, drawn in Python: fifty rows of macros cost more than the query that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import g, url_for
from flask_babel import gettext
from markupsafe import Markup, escape

from app.web.filters import NO_VALUE, Pen, pen, person
from app.web.states import state_label, state_tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.web.tables import Column


_MARK = "00mark00"  # stands in an address for what each row has there


def _badge(with_: Pen, value: Any) -> str:
    if not value:
        return NO_VALUE
    state = str(value)
    if state not in with_.badges:
        opened = f'<span class="state state-{state_tone(state)}">'
        with_.badges[state] = Markup(f"{opened}{escape(state_label(state))}</span>")  # noqa: S704
    return with_.badges[state]


def _code(_pen: Pen, value: Any) -> str:
    return Markup(f"<code>{escape(value)}</code>") if value else NO_VALUE  # noqa: S704 - escaped


def _yes(_pen: Pen, value: Any) -> str:
    if value:
        return str(gettext("Yes"))
    return Markup(f'<span class="text-quiet">{escape(gettext("No"))}</span>')  # noqa: S704 - escaped


def _text(_pen: Pen, value: Any) -> str:
    if value is None:
        return NO_VALUE
    return value if isinstance(value, Markup) else str(value)


CELLS: dict[str, Callable[[Pen, Any], str]] = {
    "text": _text,
    "name": lambda _pen, value: person(value),
    "money": lambda with_, value: with_.money(value),
    "signed": lambda with_, value: with_.money(value, signed=True),
    "number": lambda with_, value: with_.number(value),
    "percent": lambda with_, value: with_.percent(value),
    "date": lambda with_, value: with_.day(value),
    "datetime": lambda with_, value: with_.moment(value),
    "ago": lambda with_, value: with_.ago(value),
    "code": _code,
    "badge": _badge,
    "yes": _yes,
}


def linked(
    endpoint: str, argument: str, value: Callable[[Any], object]
) -> Callable[[Any], str | None]:
    """Return what gives rows their addresses: the address is built once a request, and then only filled in."""

    def address(row: Any) -> str:
        known = g.setdefault("cell_addresses", {})
        if endpoint not in known:
            values: dict[str, Any] = {argument: _MARK}
            known[endpoint] = url_for(endpoint, **values).partition(_MARK)
        before, _, after = known[endpoint]
        return f"{before}{quote(str(value(row)), safe='')}{after}"

    return address


def rows(columns: Sequence[Column], found: Sequence[Any], own: Any = None) -> Markup:
    """The body of a table. `own` holds the page's macros (value, row, column), which come before ours."""
    written = pen()
    plan = [(column, _open(column), _close(column), _macro(own, column)) for column in columns]
    out: list[str] = []
    for row in found:
        out.append('<tr role="row">')
        for column, opened, closed, macro in plan:
            value = column.of(row)
            drawn = macro(value, row, column) if macro else CELLS[column.render](written, value)
            address = column.href(row) if column.href else None
            inner = str(escape(drawn))
            if address:
                inner = f'<a href="{escape(address)}">{inner}</a>'
            out.append(f"{opened}{inner}{closed}")
        out.append("</tr>\n")
    return Markup("".join(out))  # noqa: S704 - every part above is escaped


def _macro(own: Any, column: Column) -> Any:
    if own is None:
        return None
    return own.get(column.render) if isinstance(own, dict) else getattr(own, column.render, None)


def _open(column: Column) -> str:
    names = [
        name
        for name, on in (("end", column.end), ("main", column.main), ("quiet-col", column.quiet))
        if on
    ]
    kind = f' class="{" ".join(names)}"' if names else ""
    tag = 'th scope="row" role="rowheader"' if column.main else 'td role="cell"'
    return f'<{tag}{kind} data-label="{escape(str(column.label))}">'


def _close(column: Column) -> str:
    return "</th>" if column.main else "</td>"
