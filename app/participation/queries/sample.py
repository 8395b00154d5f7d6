"""Some of the customers whom a run would take, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.extensions import db
from app.members.models import Member
from app.orders.models import Order
from app.runs.models import RunLine

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Customer:
    """A line of the sample."""

    member: Member
    completed: int
    last: datetime | None


def sample(run_id: int) -> list[Customer]:
    """Return the customers that a run keeps to be shown, with what they ordered."""
    lines = select(RunLine.subject).where(RunLine.run_id == run_id, RunLine.kind == "customer")
    members = db.session.scalars(
        select(Member).where(Member.id.in_(lines)).order_by(Member.id)
    ).all()
    query = (
        select(
            Order.member_id,
            func.count().filter(Order.state == "completed"),
            func.max(Order.created_at),
        )
        .where(Order.member_id.in_([member.id for member in members]))
        .group_by(Order.member_id)
    )
    known = {row[0]: (row[1], row[2]) for row in db.session.execute(query)}
    return [Customer(member, *known.get(member.id, (0, None))) for member in members]
