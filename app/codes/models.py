"""Which orders use up a code that is good for so many.

What a code is good for is a dated fact of owner "code:N", name "conditions"; codes are partners'.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class CodeUse(Tenanted, Model):
    """An order that carries a code with a limit, at its place among the others.

    No counter: an order uses the code while it stands, and who came first is decided by the orders'
    own times, so that any order of messages ends in the same uses.
    """

    __tablename__ = "code_use"

    code_id: Mapped[int]
    order_id: Mapped[int]
    made_at: Mapped[datetime]
    shop_id: Mapped[int]
    external_id: Mapped[str]
    most: Mapped[int]  # the limit when the order was made
    stands: Mapped[bool]  # not cancelled: takes one of them
    within: Mapped[bool] = mapped_column(server_default=text("false"))  # among the first ones

    __table_args__ = (
        UniqueConstraint("tenant_id", "code_id", "order_id"),
        ref("code", "code_id"),
        ref("orders", "order_id"),
        ref("shop", "shop_id"),
        Index("ix_code_use_place", "tenant_id", "code_id", "made_at", "shop_id", "external_id"),
        Index("ix_code_use_order", "tenant_id", "order_id"),
    )
