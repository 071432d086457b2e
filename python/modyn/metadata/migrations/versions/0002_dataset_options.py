"""Options of datasets, which may change while they live."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every dataset so far has the default options."""
    op.add_column("datasets", sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("datasets") as table:
        table.drop_column("options")
