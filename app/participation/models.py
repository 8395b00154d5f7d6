"""The registration page as the merchant builds it, what people agreed to, and customers made partners."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref

_EMPTY, _NONE, _NO = text("'{}'"), text("'[]'"), text("false")


class JoinPage(Tenanted, Model):
    """One row a merchant: what the registration page says, what it asks, and who may join."""

    __tablename__ = "join_page"

    texts: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY)  # name -> language -> text
    picture: Mapped[str | None]  # key of a JoinPicture
    phone: Mapped[str] = mapped_column(server_default=text("'optional'"))
    site: Mapped[str] = mapped_column(server_default=text("'optional'"))
    group_id: Mapped[int | None]  # partner group of whoever comes by the form
    min_orders: Mapped[int] = mapped_column(server_default=text("0"))
    groups_allowed: Mapped[list[Any]] = mapped_column(server_default=_NONE)  # none: all
    groups_forbidden: Mapped[list[Any]] = mapped_column(server_default=_NONE)
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("phone in ('off','optional','required')", name="phone"),
        CheckConstraint("site in ('off','optional','required')", name="site"),
        CheckConstraint("min_orders between 0 and 10000", name="min_orders"),
        ref("partner_group", "group_id"),
    )


class JoinPicture(Tenanted, Model):
    """A picture as we drew it anew; `key` is the hash of its bytes."""

    __tablename__ = "join_picture"

    key: Mapped[str]
    body: Mapped[bytes]
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "key"),)


class JoinField(Tenanted, Model):
    """A question of the form. A retired one is asked no more; what was answered stays readable."""

    __tablename__ = "join_field"

    key: Mapped[str]
    kind: Mapped[str]
    position: Mapped[int]
    label: Mapped[dict[str, Any]]  # language -> text
    help: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY)
    options: Mapped[list[Any]] = mapped_column(server_default=_NONE)  # [{"key", "label": {...}}]
    required: Mapped[bool] = mapped_column(server_default=_NO)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        CheckConstraint(
            "kind in ('text','long','number','choice','several','yes','phone','site','date')",
            name="kind",
        ),
    )


class JoinLink(Tenanted, Model):
    """A registration link of its own: whoever joins by it is put into its group, on its terms."""

    __tablename__ = "join_link"

    code: Mapped[str]  # random: a link to better terms is not to be guessed
    name: Mapped[str]
    group_id: Mapped[int | None]
    terms_id: Mapped[int | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        ref("partner_group", "group_id"),
        ref("terms", "terms_id"),
    )


class ConsentText(Tenanted, Model):
    """A version of what people agree to. `again`: whoever agreed to an older one is asked anew."""

    __tablename__ = "consent_text"

    kind: Mapped[str]
    terms_id: Mapped[int | None]  # of kind terms
    version: Mapped[int]
    texts: Mapped[dict[str, Any]]  # language -> text
    again: Mapped[bool]
    actor: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("kind in ('terms','offer','personal','marketing')", name="kind"),
        CheckConstraint("(kind = 'terms') = (terms_id is not null)", name="terms"),
        UniqueConstraint(
            "tenant_id", "kind", "terms_id", "version", postgresql_nulls_not_distinct=True
        ),
        ref("terms", "terms_id"),
    )


class Consent(Tenanted, Model):
    """Somebody agreed, or (marketing) took it back: to which version, when, from which address."""

    __tablename__ = "consent"

    partner_id: Mapped[int]
    kind: Mapped[str]
    terms_id: Mapped[int | None]
    version: Mapped[int]
    given: Mapped[bool]
    ip: Mapped[str | None]
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("kind in ('terms','offer','personal','marketing')", name="kind"),
        CheckConstraint("(kind = 'terms') = (terms_id is not null)", name="terms"),
        ref("partner", "partner_id"),
        ref("terms", "terms_id"),
        Index("ix_consent_partner", "tenant_id", "partner_id", "id"),
    )


class JoinRequest(Tenanted, Model):
    """An application whose e-mail is to be confirmed before anybody looks whether he may join."""

    __tablename__ = "join_request"

    public_id: Mapped[str]
    state: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]  # normalised
    said: Mapped[dict[str, Any]]  # the rest of the application
    locale: Mapped[str]
    why: Mapped[list[Any]] = mapped_column(server_default=_NONE)  # of a refusal: codes and numbers
    partner_id: Mapped[int | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("state in ('sent','entered','refused')", name="state"),
        ref("partner", "partner_id"),
        Index("ix_join_request_state", "tenant_id", "state", "created_at", "id"),
    )


class Admission(Tenanted, Model):
    """How a partner came in, and whether staff let him in against the rules of who may join."""

    __tablename__ = "admission"

    partner_id: Mapped[int]
    source: Mapped[str]
    link_id: Mapped[int | None]
    overruled_at: Mapped[datetime | None]
    overruled_by: Mapped[str | None]
    word: Mapped[str] = mapped_column(server_default=text("''"))
    decided_in: Mapped[
        str | None
    ]  # the act that decided on the application, to be taken back whole
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "partner_id"),
        CheckConstraint("source in ('form','staff','converted')", name="source"),
        ref("partner", "partner_id"),
        ref("join_link", "link_id"),
        Index("ix_admission_link", "tenant_id", "link_id"),
        Index("ix_admission_decided", "tenant_id", "decided_in"),
    )


class Conversion(Tenanted, Model):
    """A customer made a partner by a run, or by the rule for every future one (no run)."""

    __tablename__ = "conversion"

    run_id: Mapped[int | None]
    member_id: Mapped[int]
    partner_id: Mapped[int]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "partner_id"),
        Index(
            "uq_conversion_member",
            "tenant_id",
            "member_id",
            unique=True,
            postgresql_where=text("undone_at is null"),
        ),
        ref("run", "run_id"),
        ref("member", "member_id"),
        ref("partner", "partner_id"),
        Index("ix_conversion_run", "tenant_id", "run_id", "id"),
    )


class ConversionRule(Tenanted, Model):
    """Whoever fits the filter from now on becomes a partner by himself; one row a merchant."""

    __tablename__ = "conversion_rule"

    parameters: Mapped[dict[str, Any]]
    is_on: Mapped[bool]
    actor: Mapped[str]
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id"),
        Index("ix_conversion_rule_on", "tenant_id", postgresql_where=text("is_on")),
    )
