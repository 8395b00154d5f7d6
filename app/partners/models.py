"""Partners, the codes they are known by, and who brought whom.

Dated facts of owner "partner:N": status, terms, group, levels.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class Partner(Tenanted, Model):
    """Someone who brings sales. `refcode` is canonical; `status` mirrors the newest dated fact."""

    __tablename__ = "partner"

    public_id: Mapped[str]
    refcode: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]  # normalised
    phone: Mapped[str | None]
    site: Mapped[str | None]
    comment: Mapped[str] = mapped_column(server_default=text("''"))
    search: Mapped[str]  # normalised name, e-mail, refcode
    status: Mapped[str]
    person_id: Mapped[int | None]
    member_id: Mapped[int | None]
    sponsor_id: Mapped[int | None]  # mirrors the newest edge, for lists
    terms_id: Mapped[int | None]
    group_id: Mapped[int | None]
    locale: Mapped[str]
    details: Mapped[bytes | None]  # payment details, encrypted
    details_changed_at: Mapped[datetime | None]
    tax_status: Mapped[str | None]  # as the payment details say it
    details_usable_at: Mapped[datetime | None]
    details_former: Mapped[bytes | None]  # those that a change replaced, while it can be undone
    details_frozen_at: Mapped[datetime | None]  # "this wasn't me": no change until staff lift it
    details_for: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'")
    )  # codes of the methods that have details
    answers: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'")
    )  # registration form
    accepted_terms_version: Mapped[int | None]
    accepted_terms_at: Mapped[datetime | None]
    customer_group: Mapped[str | None]  # into which the shop is to put him as a customer
    muted: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # event types not mailed
    texted: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # those wanted by SMS
    created_at: Mapped[datetime]
    # While he is blocked: what he earned may still be paid, and his links lead nowhere.
    pays_blocked: Mapped[bool] = mapped_column(server_default=text("false"))
    links_off: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint(
            "status in ('pending','active','blocked','removed','rejected')", name="status"
        ),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "refcode"),
        Index(
            "uq_partner_email",
            "tenant_id",
            "email",
            unique=True,
            postgresql_where=text("email is not null and status <> 'removed'"),
        ),
        ref("member", "member_id"),
        ref("partner", "sponsor_id"),
        ref("terms", "terms_id"),
        ref("partner_group", "group_id"),
        Index("ix_partner_created", "tenant_id", "created_at", "id"),
        Index("ix_partner_sponsor", "tenant_id", "sponsor_id"),
        Index("ix_partner_member", "tenant_id", "member_id"),
        Index("ix_partner_phone", "tenant_id", "phone"),
        Index("ix_partner_terms", "tenant_id", "terms_id"),
        Index("ix_partner_group", "tenant_id", "group_id", "id"),
    )


class SponsorEdge(Tenanted, Model):
    """`partner_id` earns for `sponsor_id` in [valid_from, valid_to); sponsor None: a root, said aloud."""

    __tablename__ = "sponsor_edge"

    partner_id: Mapped[int]
    sponsor_id: Mapped[int | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    actor: Mapped[str | None]
    rehang_id: Mapped[int | None]  # the removal that moved the partner, so that it can be undone

    __table_args__ = (
        UniqueConstraint("tenant_id", "partner_id", "valid_from"),
        CheckConstraint("partner_id <> sponsor_id", name="not_self"),
        ref("partner", "partner_id"),
        ref("partner", "sponsor_id"),
        ref("rehang", "rehang_id"),
        Index("ix_sponsor_edge_below", "tenant_id", "sponsor_id", "partner_id"),
        Index(
            "ix_sponsor_edge_rehang",
            "tenant_id",
            "rehang_id",
            postgresql_where=text("rehang_id is not null"),
        ),
    )


class TreeVersion(Model):
    """How often a merchant's tree or the states of its partners changed: who derives from it compares."""

    __tablename__ = "tree_version"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    version: Mapped[int] = mapped_column(server_default=text("0"))


class Rehang(Tenanted, Model):
    """A removal that moves the branch: whom it left without a parent, under whom they go, how far it is."""

    __tablename__ = "rehang"

    partner_id: Mapped[int]  # who was removed
    heir_id: Mapped[int | None]  # None: the children become roots
    before: Mapped[str]  # the removed one's state before
    actor: Mapped[str]
    total: Mapped[int] = mapped_column(server_default=text("0"))
    moved: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("before in ('active','blocked','rejected')", name="before"),
        ref("partner", "partner_id"),
        ref("partner", "heir_id"),
        Index("ix_rehang_partner", "tenant_id", "partner_id", "id"),
        Index("ix_rehang_open", "tenant_id", "id", postgresql_where=text("finished_at is null")),
    )


class Code(Tenanted, Model):
    """One namespace per tenant for refcodes, promo codes and link codes. `key` is normalised."""

    __tablename__ = "code"

    key: Mapped[str]
    display: Mapped[str]
    kind: Mapped[str]
    partner_id: Mapped[int]
    terms_id: Mapped[int | None]  # on which whoever registers by the code begins
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]  # a renamed code still counts, but is not shown
    dated: Mapped[bool] = mapped_column(server_default=text("false"))  # has conditions: codes slice
    note: Mapped[str] = mapped_column(server_default=text("''"))  # staff's own
    gives: Mapped[str | None]  # what the buyer gets, in the merchant's words

    __table_args__ = (
        CheckConstraint("kind in ('refcode','promo','link')", name="kind"),
        UniqueConstraint("tenant_id", "key"),
        ref("partner", "partner_id"),
        ref("terms", "terms_id"),
        Index("ix_code_partner", "tenant_id", "partner_id"),
    )
