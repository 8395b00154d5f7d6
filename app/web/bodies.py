"""Kinds of values that bodies of API calls share."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

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
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]  # written by us


# Sums as strings. The patterns are for readers of the document: services say in words what is wrong.
Sum = Annotated[
    str,
    StringConstraints(max_length=40, strict=True),
    Field(json_schema_extra={"pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$", "examples": ["1990.00"]}),
]
SignedSum = Annotated[
    str,
    StringConstraints(max_length=41, strict=True),
    Field(
        json_schema_extra={"pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$", "examples": ["-250.00"]}
    ),
]
Quantity = Annotated[
    str,
    StringConstraints(max_length=40, strict=True),
    Field(json_schema_extra={"pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?$", "examples": ["2"]}),
]
Rate = Annotated[
    str,
    StringConstraints(max_length=40, strict=True),
    Field(json_schema_extra={"pattern": r"^([0-9]{1,12}(\.[0-9]{1,3})?%?)?$", "examples": ["10%"]}),
]


def _plain_number(value: Any) -> Any:
    """A number of an address: what int() also takes (" 5", "+5", "5_0", other digits) is none."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError(_("A number from 1 to 200."))
    return value


Place = Annotated[int, BeforeValidator(_plain_number)]


class PageIn(BaseModel):
    """Which part of a list is wanted."""

    model_config = ConfigDict(extra="ignore")

    limit: Place = Field(50, ge=1, le=200, description="How many, 1 to 200.")
    cursor: str | None = Field(
        None,
        pattern=r"^[0-9]{1,18}$",
        description="`next` of the answer before; absent: from the beginning.",
    )

    @property
    def before(self) -> int | None:
        """The cursor as the number that most lists use; None: from the beginning."""
        return None if self.cursor is None else int(self.cursor)
