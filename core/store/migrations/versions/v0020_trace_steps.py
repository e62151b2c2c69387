"""The steps of a trace in the list are those of the model; they were the spans."""

from alembic import op

revision = "v0020"
down_revision = "v0019"


def upgrade() -> None:
    # What a keeping rule has emptied (0 bytes) cannot be counted any more.
    op.execute(
        """
        UPDATE trace_heads SET steps = (
          SELECT count(DISTINCT step) FROM tape
          WHERE tape.user_id = trace_heads.user_id AND tape.turn_id = trace_heads.turn_id
            AND tape.kind = 'model')
        WHERE bytes > 0
        """
    )
