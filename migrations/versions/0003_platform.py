"""The platform itself is tenant 1: it owns its own mail, events and keys."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "INSERT INTO tenant (id, public_id, slug, name, email, currency, locale, timezone, created_at)"
        " VALUES (1, 'mr_platform', 'platform', 'Partnerka', '', 'RUB', 'en', 'UTC', now())"
        " ON CONFLICT DO NOTHING"
    )
    op.execute("ALTER TABLE tenant ALTER COLUMN id RESTART WITH 2")


def downgrade() -> None:
    op.execute("DELETE FROM tenant WHERE id = 1")
