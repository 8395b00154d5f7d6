"""Merchants, their shops, keys and connections; the directory that finds a tenant by a key."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Interval,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Tenant(Model):
    """A merchant (or its test twin, or the platform, id 1)."""

    __tablename__ = "tenant"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str]
    currency: Mapped[str]
    locale: Mapped[str]
    timezone: Mapped[str]
    brand: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    twin_of: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))  # test mode
    clock_offset: Mapped[timedelta] = mapped_column(Interval, server_default=text("'0'"))
    created_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]
    closed_until: Mapped[datetime | None]  # what is dated before is in a closed month
    # How the account stands with the platform: see app.tariffs.
    plan: Mapped[str | None]
    trial_until: Mapped[datetime | None]
    unpaid_due: Mapped[datetime | None]  # by when the oldest unpaid invoice is to be paid
    stopped_at: Mapped[datetime | None]


class Directory(Model):
    """Finds the tenant before there is a scope: by slug, domain now or once, key, link, connection, code."""

    __tablename__ = "directory"

    kind: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(primary_key=True)  # sha256 hex of the key
    tenant_id: Mapped[int]
    target_id: Mapped[int | None]

    __table_args__ = (
        CheckConstraint(
            "kind in ('slug','domain','api_key','short','connection','past_domain','install',"
            "'partner_key')",
            name="kind",
        ),
        Index("ix_directory_tenant", "tenant_id"),
    )


class Shop(Tenanted, Model):
    """An online shop of the merchant: a domain, perhaps a folder of it."""

    __tablename__ = "shop"

    public_id: Mapped[str]
    name: Mapped[str]
    domain: Mapped[str]
    path: Mapped[str] = mapped_column(server_default=text("'/'"))
    timezone: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "public_id"),)


class ShopDomain(Tenanted, Model):
    """Where a shop stood before: what was printed, bound and sent there still counts."""

    __tablename__ = "shop_domain"

    shop_id: Mapped[int]
    domain: Mapped[str]
    path: Mapped[str] = mapped_column(server_default=text("'/'"))
    since: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = (
        ref("shop", "shop_id"),
        Index("ix_shop_domain_domain", "tenant_id", "domain", "until"),
    )


class StatusMap(Tenanted, Model):
    """One version of a shop's words for order states; messages keep the version that read them."""

    __tablename__ = "status_map"

    shop_id: Mapped[int]
    version: Mapped[int]
    words: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "shop_id", "version"), ref("shop", "shop_id"))


class ApiKey(Tenanted, Model):
    """A key of one shop; shown once, kept as a hash, found through the directory."""

    __tablename__ = "api_key"

    shop_id: Mapped[int | None]  # None: a platform key
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    made_by: Mapped[str | None]  # the actor; none: of before it was written down
    till: Mapped[str | None]  # which till's key it is: what its orders say, where they say nothing
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (ref("shop", "shop_id"),)


class Connection(Tenanted, Model):
    """A shop's channel to us at /hooks/<kind>/<public id>; its secret is encrypted at rest."""

    __tablename__ = "connection"

    shop_id: Mapped[int]
    public_id: Mapped[str]
    kind: Mapped[str]
    secret: Mapped[bytes]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    health: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # Where the shop is and its keys, for kinds that we call; none: it only calls us.
    address: Mapped[str | None]
    credentials: Mapped[bytes | None]  # sealed
    asked: Mapped[str | None]  # the digest of what the shop's own screen is to bring back, once
    cursor: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # of the sweep
    due_at: Mapped[datetime | None]  # of the next sweep
    # What is taken in beside orders, and how far that is, by what it is: see app.intake.shops.pulling.
    pulled: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # Whether partners' promo codes are made coupons of the shop, too.
    coupons: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        ref("shop", "shop_id"),
        Index(
            "ix_connection_due",
            "due_at",
            postgresql_where=text("due_at is not null and disabled_at is null"),
        ),
    )


class MerchantLegal(Tenanted, Model):
    """The merchant's own legal details, as documents, registers and invoices carry them; one row."""

    __tablename__ = "merchant_legal"

    facts: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id"),)


class IdempotencyKey(Tenanted, Model):
    """The answer once given to a POST with this Idempotency-Key; kept 24 hours."""

    __tablename__ = "idempotency_key"

    key_hash: Mapped[str]  # over API key, method, path and the caller's key
    body_hash: Mapped[str]
    status: Mapped[int | None]  # None: still in flight
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "key_hash"),)
