"""The inbox is written many deliveries in one commit, and worked a tenant at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.execute("GRANT INSERT ON inbox TO partnerka_drain")
    op.drop_index("ix_inbox_waiting", table_name="inbox")
    op.create_index(
        "ix_inbox_waiting", "inbox", ["tenant_id", "due_at", "id"], postgresql_where=WAITING
    )


def downgrade() -> None:
    op.execute("REVOKE INSERT ON inbox FROM partnerka_drain")
    op.drop_index("ix_inbox_waiting", table_name="inbox")
    op.create_index("ix_inbox_waiting", "inbox", ["due_at", "id"], postgresql_where=WAITING)
