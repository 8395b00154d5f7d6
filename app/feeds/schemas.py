"""Feeds as programs say and read them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.bodies import PageIn

Address = Annotated[str, StringConstraints(min_length=1, max_length=2000, strict=True)]


class FeedIn(BaseModel):
    """A catalogue by address. A file is sent as the body itself (YML, CSV, either packed with gzip), or as a form."""

    model_config = ConfigDict(extra="ignore")

    address: Address
    every: Annotated[
        Literal["never", "hour", "six", "day"] | None,
        Field(description="How often it is fetched; absent: as it was, at first only now."),
    ] = None


class FeedOut(BaseModel):
    """A feed, and how far its newest file is."""

    id: str
    run: Annotated[str | None, Field(description="The work on the file, once it is there.")]
    state: Annotated[
        Literal["waiting", "fetching", "looking", "asks", "loading", "done", "stopped", "failed"],
        Field(
            description="asks: more than half of the offers are gone; somebody must agree in the office."
        ),
    ]
    percent: int
    new: int
    changed: int
    unchanged: int
    hidden: int
    refused: int
    problems: Annotated[int, Field(description="Rows of which something could not be taken.")]
    problem: Annotated[str | None, Field(description="Why nothing, or nothing yet, was loaded.")]
    line: int | None


class ProblemsIn(PageIn):
    """Which part of what was wrong is wanted."""

    cursor: str | None = Field(
        None,
        pattern=r"^[0-9]{1,18}-[0-9]{1,18}$",
        description="`next` of the answer before; absent: from the beginning.",
    )


class FeedProblem(BaseModel):
    """What was wrong with a row."""

    line: int
    id: str
    code: str
    said: str


class FeedProblems(BaseModel):
    """A page of what was wrong, by line."""

    items: list[FeedProblem]
    next: str | None
