"""What a merchant brings along from another system: files, their rows, and what came of each old id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted


class ImportFile(Tenanted, Model):
    """A file as it was taken in: whose export, of what kind, and what its columns mean."""

    __tablename__ = "import_file"

    public_id: Mapped[str]
    source: Mapped[str]  # refpro, …, other: old ids are known within it
    kind: Mapped[str]
    name: Mapped[str]
    encoding: Mapped[str]
    columns: Mapped[list[Any]]
    mapping: Mapped[dict[str, Any]]  # {field: column}; empty: not chosen yet
    options: Mapped[dict[str, Any]]  # how values are written, and what else is wanted
    total: Mapped[int]
    amount: Mapped[int] = mapped_column(server_default=text("0"))  # of all rows, minor units
    created_at: Mapped[datetime]
    created_by: Mapped[str]

    __table_args__ = (UniqueConstraint("tenant_id", "public_id"),)


class ImportChunk(Tenanted, Model):
    """A piece of a large file as it was given, until it is read; sealed where its rows are."""

    __tablename__ = "import_chunk"

    file_id: Mapped[int]
    n: Mapped[int]
    data: Mapped[bytes]

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["import_file.tenant_id", "import_file.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "file_id", "n"),
    )


class ImportRow(Tenanted, Model):
    """A row of a file: its line, its turn (sponsors first), and what becomes of it."""

    __tablename__ = "import_row"

    file_id: Mapped[int]
    number: Mapped[int]  # the line in the file
    place: Mapped[int]
    cells: Mapped[list[str]] = mapped_column(ARRAY(Text))
    old_id: Mapped[str | None]
    parent: Mapped[str | None]  # the old id of the sponsor, where he stands in the same file
    circle: Mapped[str | None]  # the circle of sponsors that it is part of, as people read it
    verdict: Mapped[str | None]
    flaws: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    amount: Mapped[int | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["import_file.tenant_id", "import_file.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("verdict in ('new','changed','same','refused')", name="verdict"),
        Index("ix_import_row_place", "tenant_id", "file_id", "place"),
        Index("ix_import_row_old", "tenant_id", "file_id", "old_id"),
        Index("ix_import_row_verdict", "tenant_id", "file_id", "verdict", "number"),
    )


class ImportOrigin(Tenanted, Model):
    """What imports gave for one old id: a corrected file changes only what differs from it."""

    __tablename__ = "import_origin"

    source: Mapped[str]
    kind: Mapped[str]
    old_id: Mapped[str]
    target_id: Mapped[int]  # the partner, customer, lot … that it became
    given: Mapped[dict[str, Any]]
    amount: Mapped[int | None]
    times: Mapped[int] = mapped_column(server_default=text("1"))  # how often that changed
    file_id: Mapped[int | None]  # the file that changed it last
    prior: Mapped[
        dict[str, Any] | None
    ]  # what stood before that file, so that it can be taken back
    made: Mapped[bool] = mapped_column(
        server_default=text("true")
    )  # by an import, not there before
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "kind", "old_id"),
        Index("ix_import_origin_target", "tenant_id", "target_id", "kind"),
        Index("ix_import_origin_file", "tenant_id", "file_id", "id"),
    )


class ImportMapping(Tenanted, Model):
    """Which columns meant what the last time, by the heads of a file: offered for the next one."""

    __tablename__ = "import_mapping"

    source: Mapped[str]
    kind: Mapped[str]
    heads: Mapped[str]  # folded and joined
    mapping: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "source", "kind", "heads"),)
