from django.db import migrations

# The unique index is what makes a fact count once; (xid, position) is the order of readers; (member, occurred_at) serves a
# member's timeline and their erasure. More indexes would cost every append.
FORWARD = """
CREATE TABLE kernel_event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id uuid NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    member int4,
    community int4,
    actor int4,
    source text NOT NULL,
    source_id text NOT NULL,
    data jsonb NOT NULL,
    CONSTRAINT kernel_event_source UNIQUE (source, source_id)
);
CREATE INDEX kernel_event_reading ON kernel_event (xid, position);
CREATE INDEX kernel_event_member ON kernel_event (member, occurred_at) WHERE member IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, "DROP TABLE kernel_event")]
