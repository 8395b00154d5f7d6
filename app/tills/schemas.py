"""A till as programs say it and as we answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.tills.rules import LONGEST_NAME, LONGEST_PLACE

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, strict=True)]
Place = Annotated[str, StringConstraints(max_length=LONGEST_PLACE, strict=True)]
Kinds = Literal["register", "point", "workplace"]


class TillIn(BaseModel):
    """A till: a cash register, a point of sale, or a workplace."""

    model_config = ConfigDict(extra="ignore")

    name: Name
    kind: Kinds = "register"
    place: Place = ""


class TillOut(BaseModel):
    """A till; `active` false: out of use."""

    id: str
    name: str
    kind: Kinds
    place: str
    active: bool
