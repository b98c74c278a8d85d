import django.db.models.deletion
from django.db import migrations, models

BUCKET = """
CREATE OR REPLACE FUNCTION loyalty_bucket(hot bigint, needed bigint) RETURNS bigint LANGUAGE plpgsql AS $$
-- Lock one bucket of a hot account that can give `needed` or, where there is less, all there is; return its id, NULL when
-- there is nothing.
DECLARE
    chosen bigint;
    room bigint;
BEGIN
    -- Each connection begins with a bucket of its own and passes over those in other hands.
    -- A bucket that has become too empty meanwhile is locked all the same; giving up the block gives up that lock, or
    -- those who wait for another bucket below would wait for each other.
    BEGIN
        SELECT a.id INTO chosen FROM loyalty_account a
        WHERE a.head_id = hot AND (a.floor IS NULL OR a.balance - a.held - a.floor >= needed)
        ORDER BY (a.bucket + pg_backend_pid()) % (SELECT h.buckets FROM loyalty_account h WHERE h.id = hot)
        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
        IF chosen IS NULL THEN RAISE no_data_found; END IF;
        RETURN chosen;
    EXCEPTION WHEN no_data_found THEN
        NULL;
    END;

    -- All are busy: wait for one's own, as long as there is enough in it when its turn comes.
    BEGIN
        SELECT a.id INTO chosen FROM loyalty_account a
        WHERE a.head_id = hot AND (a.floor IS NULL OR a.balance - a.held - a.floor >= needed)
        ORDER BY (a.bucket + pg_backend_pid()) % (SELECT h.buckets FROM loyalty_account h WHERE h.id = hot) LIMIT 1;
        SELECT a.id INTO chosen FROM loyalty_account a
        WHERE a.id = chosen AND (a.floor IS NULL OR a.balance - a.held - a.floor >= needed) FOR NO KEY UPDATE;
        IF chosen IS NULL THEN RAISE no_data_found; END IF;
        RETURN chosen;
    EXCEPTION WHEN no_data_found THEN
        NULL;
    END;

    -- None has enough by itself. What is empty is refused without a lock.
    SELECT sum(a.balance - a.held - a.floor) INTO room FROM loyalty_account a WHERE a.head_id = hot;
    IF room < 1 THEN RETURN NULL; END IF;
    PERFORM 1 FROM loyalty_account a WHERE a.head_id = hot ORDER BY a.id FOR NO KEY UPDATE;
    SELECT a.id, a.balance - a.held - a.floor INTO chosen, room FROM loyalty_account a
    WHERE a.head_id = hot ORDER BY a.balance - a.held - a.floor DESC, a.id LIMIT 1;
    IF room >= needed THEN RETURN chosen; END IF;

    -- What is left is spread too thin: bring it together, by transfers like any other.
    WITH levelled AS (
        INSERT INTO loyalty_transfer (source_id, target_id, amount, kind, cause, part, at)
        SELECT a.id, chosen, a.balance - a.held - a.floor, 'levelled', 'level:' || gen_random_uuid(), 0, now()
        FROM loyalty_account a WHERE a.head_id = hot AND a.id <> chosen AND a.balance - a.held - a.floor > 0
        RETURNING source_id, target_id, amount
    ), moved AS (
        SELECT source_id AS id, -amount AS amount FROM levelled
        UNION ALL SELECT chosen, sum(amount) FROM levelled HAVING count(*) > 0
    )
    UPDATE loyalty_account a SET balance = a.balance + m.amount FROM moved m WHERE a.id = m.id;
    RETURN chosen;
END $$
"""

RESERVE = """
CREATE FUNCTION loyalty_reserve(
    stock bigint, thing text, person int, quantity bigint, reason text, at_most bigint,
    happened timestamptz, ends timestamptz
) RETURNS TABLE (outcome text, hold bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- Reserve some of a limited thing for a person who may have at most so many: see liuliang.loyalty.stock.reserve.
DECLARE
    ceiling bigint := at_most;
    merged int;
    many boolean;
    room bigint;
    taker bigint;
    giver bigint;
    reserved bigint;
BEGIN
    -- What a person's merged records have counts too; it can only become less, for they take nothing any more. One look-up for
    -- each record: in a join, a planner who does not know yet how many have the thing reads all of them.
    IF at_most IS NOT NULL THEN
        FOR merged IN SELECT m.id FROM people_member m WHERE m.canonical_id = person AND m.id <> person LOOP
            ceiling := ceiling - coalesce((
                SELECT a.balance + a.expected FROM loyalty_account a
                WHERE a.unit = thing AND a.kind = 'taken' AND a.key = '' AND a.member_id = merged AND a.bucket = 0
            ), 0);
        END LOOP;
    END IF;

    SELECT h.buckets > 0, (SELECT sum(a.balance - a.held - a.floor) FROM loyalty_account a WHERE a.head_id = stock)
    INTO many, room FROM loyalty_account h WHERE h.id = stock AND h.unit = thing;
    IF many IS NOT TRUE THEN
        RETURN QUERY SELECT h.outcome, h.hold FROM loyalty_hold(
            stock, loyalty_taker(thing, person), quantity, 'taken', reason, ceiling, happened, ends
        ) h;
        RETURN;
    END IF;

    -- What many want at once goes straight: as loyalty_hold does it, in the fewest statements.
    SELECT h.id INTO reserved FROM loyalty_hold h WHERE h.cause = reason;
    IF reserved IS NOT NULL THEN RETURN QUERY SELECT 'known', reserved; RETURN; END IF;
    IF quantity < 1 OR quantity > 1000000000000000 THEN RETURN QUERY SELECT 'amount', NULL::bigint; RETURN; END IF;
    IF quantity > ceiling THEN RETURN QUERY SELECT 'ceiling', NULL::bigint; RETURN; END IF;
    IF room < quantity THEN RETURN QUERY SELECT 'floor', NULL::bigint; RETURN; END IF;
    INSERT INTO loyalty_account AS a (unit, kind, key, member_id, bucket, buckets, floor, expected)
    VALUES (thing, 'taken', '', person, 0, 0, 0, quantity)
    ON CONFLICT (unit, kind, key, member_id, bucket) DO UPDATE SET expected = a.expected + quantity
    WHERE ceiling IS NULL OR a.balance + a.expected + quantity <= ceiling
    RETURNING a.id INTO taker;
    IF taker IS NULL THEN
        -- Perhaps the same reservation came by at the same time.
        SELECT h.id INTO reserved FROM loyalty_hold h WHERE h.cause = reason;
        RETURN QUERY SELECT CASE WHEN reserved IS NULL THEN 'ceiling' ELSE 'known' END, reserved;
        RETURN;
    END IF;
    giver := loyalty_bucket(stock, quantity);
    UPDATE loyalty_account a SET held = a.held + quantity
    WHERE a.id = giver AND (a.floor IS NULL OR a.balance - a.held - a.floor >= quantity);
    IF FOUND THEN
        INSERT INTO loyalty_hold (source_id, target_id, amount, kind, cause, at, until)
        VALUES (giver, taker, quantity, 'taken', reason, happened, ends)
        ON CONFLICT (cause) DO NOTHING RETURNING id INTO reserved;
        IF reserved IS NOT NULL THEN RETURN QUERY SELECT 'held', reserved; RETURN; END IF;
        UPDATE loyalty_account a SET held = a.held - quantity WHERE a.id = giver;
    END IF;
    UPDATE loyalty_account a SET expected = a.expected - quantity WHERE a.id = taker;
    SELECT h.id INTO reserved FROM loyalty_hold h WHERE h.cause = reason;
    RETURN QUERY SELECT CASE WHEN reserved IS NULL THEN 'floor' ELSE 'known' END, reserved;
END $$
"""


def _kept(to: str, *, is_optional: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False, db_index=False, null=is_optional, on_delete=django.db.models.deletion.PROTECT,
        related_name="+", to=to,
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0006_penalties")]

    operations = [
        migrations.AlterField("hold", "source", _kept("loyalty.account")),
        migrations.AlterField("hold", "target", _kept("loyalty.account")),
        migrations.AlterField("hold", "transfer", _kept("loyalty.transfer", is_optional=True)),
        migrations.AlterField("hold", "cause", models.CharField(max_length=200)),
        migrations.AddConstraint("hold", models.UniqueConstraint(fields=["cause"], name="loyalty_hold_cause")),
        # The bucket's function keeps its contract; the former code may go on with it.
        migrations.RunSQL(BUCKET, migrations.RunSQL.noop),
        migrations.RunSQL(RESERVE, "DROP FUNCTION loyalty_reserve"),
    ]
