"""Kinds of values that bodies of API calls share."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _instant(value: Any) -> Any:
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        raise ValueError("a time such as 2026-11-22T10:00:00+03:00")
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise ValueError("no such time") from error
    if not 1970 <= found.year <= 9000:
        raise ValueError("no such time")
    return found


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
