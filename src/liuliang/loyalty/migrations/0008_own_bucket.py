from django.db import migrations

RESERVE = """
CREATE OR REPLACE FUNCTION loyalty_reserve(
    stock bigint, thing text, person int, quantity bigint, reason text, at_most bigint,
    happened timestamptz, ends timestamptz
) RETURNS TABLE (outcome text, hold bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- Reserve some of a limited thing for a person who may have at most so many: see liuliang.loyalty.stock.reserve.
DECLARE
    ceiling bigint := at_most;
    merged int;
    head record;
    own bigint;
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

    SELECT h.kind, h.key, h.buckets INTO head FROM loyalty_account h WHERE h.id = stock AND h.unit = thing AND h.buckets > 0;
    IF head.buckets IS NULL THEN
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
    -- Each connection has a bucket of its own, the one where loyalty_bucket would begin. All of them are read only when there is
    -- not enough in it: they change so often that each reading passes over many former versions of them.
    SELECT a.id INTO own FROM loyalty_account a
    WHERE a.unit = thing AND a.kind = head.kind AND a.key = head.key AND a.member_id IS NULL
    AND a.bucket = head.buckets - pg_backend_pid() % head.buckets
    AND (a.floor IS NULL OR a.balance - a.held - a.floor >= quantity);
    IF own IS NULL THEN
        SELECT sum(a.balance - a.held - a.floor) INTO room FROM loyalty_account a WHERE a.head_id = stock;
        IF room < quantity THEN RETURN QUERY SELECT 'floor', NULL::bigint; RETURN; END IF;
    END IF;
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
    BEGIN
        UPDATE loyalty_account a SET held = a.held + quantity WHERE a.id = (
            SELECT b.id FROM loyalty_account b
            WHERE b.id = own AND (b.floor IS NULL OR b.balance - b.held - b.floor >= quantity)
            FOR NO KEY UPDATE SKIP LOCKED
        ) RETURNING a.id INTO giver;
        -- Found too empty under the lock, it is locked all the same; giving up the block gives up that lock, or those who wait
        -- for another bucket below would wait for each other.
        IF giver IS NULL THEN RAISE no_data_found; END IF;
    EXCEPTION WHEN no_data_found THEN
        giver := loyalty_bucket(stock, quantity);
        UPDATE loyalty_account a SET held = a.held + quantity
        WHERE a.id = giver AND (a.floor IS NULL OR a.balance - a.held - a.floor >= quantity) RETURNING a.id INTO giver;
    END;
    IF giver IS NOT NULL THEN
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


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0007_reserving")]

    operations = [
        # The function keeps its contract; the former code may go on with it.
        migrations.RunSQL(RESERVE, migrations.RunSQL.noop),
    ]
