"""What a partner earned from a branch, level by level."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0076"
down_revision = "0068"
NONE = sa.text("'{0,0,0,0,0,0,0,0,0}'")


def upgrade() -> None:
    """Give each level its sum; the next roll-up fills them."""
    for name in ("turnovers", "commissions"):
        kind = postgresql.ARRAY(sa.BigInteger())
        op.add_column("branch_earning", sa.Column(name, kind, nullable=False, server_default=NONE))
    op.execute("UPDATE network_run SET version = -1")


def downgrade() -> None:
    """Take them back."""
    for name in ("turnovers", "commissions"):
        op.drop_column("branch_earning", name)
