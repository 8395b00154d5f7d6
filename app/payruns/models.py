"""Pay runs, who is in and who is out, when runs prepare themselves, and on which days nobody pays."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.payruns.rules import State
from app.tenancy import Tenanted, ref


class PayRun(Tenanted, Model):
    """One payment of many partners; `work_id` is the long work that is, or was last, under way."""

    __tablename__ = "pay_run"

    public_id: Mapped[str]
    state: Mapped[str]
    pays: Mapped[str]  # available, asked or both
    method_id: Mapped[int | None]  # none: each by the first method he has details for
    minimum: Mapped[int]
    currency: Mapped[str]
    on_day: Mapped[date]  # what became available after it is not paid
    pay_on: Mapped[date]
    planned_for: Mapped[date | None]  # the schedule's day; one run each
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    work_id: Mapped[int | None]
    prepared_at: Mapped[datetime | None]
    prepared_by: Mapped[str | None]
    first_approved_at: Mapped[datetime | None]  # of two people, where the schedule prepared it
    first_approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    reminded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    counted: Mapped[int] = mapped_column(server_default=text("0"))  # partners in
    total: Mapped[int] = mapped_column(server_default=text("0"))  # gross, minor units

    @property
    def standing(self) -> State:
        """The state as the rules know it."""
        return State(self.state)

    __table_args__ = (
        CheckConstraint(
            "state in ('draft','preparing','prepared','approving','approved','paying','cancelling','done','cancelled')",
            name="state",
        ),
        CheckConstraint("pays in ('available','asked','both')", name="pays"),
        CheckConstraint(
            "(first_approved_by is null) = (first_approved_at is null)", name="first_approved"
        ),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "planned_for"),
        ref("payout_method", "method_id"),
        ref("run", "work_id"),
        Index(
            "uq_pay_run_open",
            "tenant_id",
            unique=True,
            postgresql_where=text("state in ('draft','preparing')"),
        ),
        Index("ix_pay_run_made", "tenant_id", "made_at", "id"),
    )


class PayLine(Tenanted, Model):
    """A partner a run looked at: in with an amount, or out with the reason."""

    __tablename__ = "pay_line"

    run_id: Mapped[int]
    partner_id: Mapped[int]
    amount: Mapped[int]  # to be paid; of who is out, what is available
    reason: Mapped[str | None]  # none: in
    payout_id: Mapped[int | None]
    reminded_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        UniqueConstraint("tenant_id", "run_id", "partner_id"),
        ref("pay_run", "run_id"),
        ref("partner", "partner_id"),
        ref("payout", "payout_id"),
        # Of lists: a list says "amount >= 0", which is always true; a look-up by partner does not, so that
        # it finds its line by the key above and reads no run for it, whatever the statistics say.
        Index(
            "ix_pay_line_reason",
            "tenant_id",
            "run_id",
            "reason",
            "id",
            postgresql_where=text("amount >= 0"),
        ),
        Index(
            "ix_pay_line_amount",
            "tenant_id",
            "run_id",
            "amount",
            "id",
            postgresql_where=text("amount >= 0"),
        ),
        Index(
            "uq_pay_line_payout",
            "tenant_id",
            "run_id",
            "payout_id",
            unique=True,
            postgresql_where=text("payout_id is not null"),
        ),
    )


class PayPlan(Tenanted, Model):
    """When runs prepare themselves, and above what a second person approves; one row a merchant."""

    __tablename__ = "pay_plan"

    every: Mapped[str]  # never, week, month
    day: Mapped[int]  # 1 Monday to 7; of the month 1 to 31, the last day where it is shorter
    shift: Mapped[str]  # before, after: where the day is not a working one
    pays: Mapped[str]
    second_above: Mapped[int | None]  # minor units; none: one person is enough
    weekend: Mapped[str]  # days of the week that are off, "67"
    since: Mapped[date]  # days of payment before it are not made up for
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("every in ('never','week','month')", name="every"),
        CheckConstraint("day between 1 and 31", name="day"),
        CheckConstraint("shift in ('before','after')", name="shift"),
        CheckConstraint("pays in ('available','asked','both')", name="pays"),
        CheckConstraint("second_above >= 0", name="second_above"),
        UniqueConstraint("tenant_id"),
    )


class PayDay(Tenanted, Model):
    """A day that is otherwise than its day of the week says: a holiday, or a working Saturday."""

    __tablename__ = "pay_day"

    day: Mapped[date]
    works: Mapped[bool]
    name: Mapped[str] = mapped_column(server_default=text("''"))

    __table_args__ = (UniqueConstraint("tenant_id", "day"),)
