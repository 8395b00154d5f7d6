"""Catalogue feeds: where they come from and when, the files that were taken of them, and what stood in these."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class CatalogFeed(Tenanted, Model):
    """A catalogue that comes again and again, from an address or by upload."""

    __tablename__ = "catalog_feed"

    public_id: Mapped[str]
    shop_id: Mapped[int]
    name: Mapped[str]
    address: Mapped[str | None]  # None: by upload
    login: Mapped[bytes | None]  # sealed "name:password"
    every: Mapped[str] = mapped_column(server_default=text("'never'"))
    at: Mapped[time]
    hides: Mapped[bool] = mapped_column(server_default=text("true"))  # what the feed no longer has
    marks_sales: Mapped[bool] = mapped_column(server_default=text("true"))
    mapping: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # of CSV columns
    heads: Mapped[str | None]  # of the columns that the mapping is about
    trusted: Mapped[bool] = mapped_column(server_default=text("false"))  # a look was approved once
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    digest: Mapped[str | None]  # of the file that was loaded last
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    loaded_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    trouble: Mapped[str | None]  # why it could not be fetched the last time
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("every in ('never','hour','six','day')", name="every"),
        ref("shop", "shop_id"),
        Index("ix_catalog_feed_due", "due_at", postgresql_where=text("due_at is not null")),
    )


class FeedLoad(Tenanted, Model):
    """One file of a feed, and what it says of all its offers."""

    __tablename__ = "feed_load"

    public_id: Mapped[str]
    feed_id: Mapped[int]
    run_id: Mapped[int | None]  # None: its columns are to be chosen first
    name: Mapped[str]
    kind: Mapped[str]
    encoding: Mapped[str]
    sign: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    samples: Mapped[list[Any]]
    start: Mapped[dict[str, Any]]  # where its rows begin
    size: Mapped[int]
    digest: Mapped[str]
    at_once: Mapped[bool]  # nobody is asked, unless too much is lost
    rows: Mapped[int] = mapped_column(server_default=text("0"))
    known: Mapped[int] = mapped_column(server_default=text("0"))  # offers that were there before
    gone: Mapped[int] = mapped_column(server_default=text("0"))
    flawed: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None]  # why it cannot be loaded, or waits: held
    problem_line: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        ref("catalog_feed", "feed_id"),
        Index("ix_feed_load_feed", "tenant_id", "feed_id", "id"),
        Index("ix_feed_load_run", "tenant_id", "run_id"),
    )


def _of_load(column: str = "load_id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", column], ["feed_load.tenant_id", "feed_load.id"], ondelete="CASCADE"
    )


class FeedChunk(Model):
    """A piece of a file as it was given, packed; forgotten when it was read."""

    __tablename__ = "feed_chunk"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    load_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes]

    __table_args__ = (_of_load(),)


class FeedCategory(Model):
    """A category as a file says it."""

    __tablename__ = "feed_category"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    load_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int]
    external_id: Mapped[str]
    name: Mapped[str]
    parent: Mapped[str]

    __table_args__ = (_of_load(),)


class FeedRow(Model):
    """An offer of a file; what is in the catalogue already is kept by its id alone.

    No foreign key: a million rows would each ask for their file; they go before it does.
    """

    __tablename__ = "feed_row"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    load_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int]
    external_id: Mapped[str]
    verdict: Mapped[str]
    name: Mapped[str | None]
    search: Mapped[str | None]
    category: Mapped[str | None]
    price: Mapped[int | None]
    old_price: Mapped[int | None]
    url: Mapped[str | None]
    picture: Mapped[str | None]
    available: Mapped[bool | None]
    cost: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "load_id", "external_id"),
        CheckConstraint("verdict in ('new','changed','same')", name="verdict"),
    )


class FeedFlaw(Tenanted, Model):
    """What was wrong with a row of a file."""

    __tablename__ = "feed_flaw"

    load_id: Mapped[int]
    line: Mapped[int]
    external_id: Mapped[str]
    code: Mapped[str]
    said: Mapped[str]

    __table_args__ = (
        _of_load(),
        Index("ix_feed_flaw_load", "tenant_id", "load_id", "line", "id"),
    )
