"""Files that an answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, g

from app import clock
from app.lists.rules import FORMATS, write_csv, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def attachment(
    name: str, title: str, kind: str, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Response:
    """Answer with rows as CSV or XLSX, named by list and day."""
    # Whole before it leaves: the answer goes out when the transaction, and with it the scope, has ended.
    body = b"".join(write_csv(head, rows)) if kind == "csv" else write_xlsx(title, head, rows)
    answer = Response(body, content_type=FORMATS[kind])
    day = clock.today(g.tenant.timezone).isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{day}.{kind}"'
    return answer
