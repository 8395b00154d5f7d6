"""The drain writes shops' deliveries, many in one commit."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("GRANT INSERT ON inbox TO partnerka_drain")


def downgrade() -> None:
    op.execute("REVOKE INSERT ON inbox FROM partnerka_drain")
