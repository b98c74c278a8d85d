from django.db import migrations

RESERVE_MANY = """
CREATE FUNCTION loyalty_reserve_many(
    stock bigint, thing text, persons int[], quantities bigint[], reasons text[], at_most bigint,
    happened timestamptz, ends timestamptz
) RETURNS TABLE (outcome text, hold bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- Reserve some of a hot thing for many people, each of whom may have at most so many: see liuliang.loyalty.stock.reserve_many.
DECLARE
    known bigint[];      -- for each that was asked for: the hold there was before,
    ceilings bigint[];   -- what the person may have, less what their merged records have,
    takers bigint[];     -- their account, where they may have so many,
    served bigint[];     -- the same, where there is as much for them,
    made bigint[];       -- and the hold made
    merged record;
    wanted bigint;
    giver bigint;
    room bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM loyalty_account h WHERE h.id = stock AND h.unit = thing AND h.buckets > 0) THEN
        RAISE EXCEPTION 'account % is no hot stock of %', stock, thing USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- One look-up for each merged record and each reason: in a join, a planner who does not know yet how many there are reads them all.
    ceilings := array_fill(at_most, ARRAY[cardinality(persons)]);
    IF at_most IS NOT NULL THEN
        FOR merged IN
            SELECT m.id, array_position(persons, m.canonical_id) AS place FROM people_member m
            WHERE m.canonical_id = ANY(persons) AND m.id <> m.canonical_id
        LOOP
            ceilings[merged.place] := ceilings[merged.place] - coalesce((
                SELECT a.balance + a.expected FROM loyalty_account a
                WHERE a.unit = thing AND a.kind = 'taken' AND a.key = '' AND a.member_id = merged.id AND a.bucket = 0
            ), 0);
        END LOOP;
    END IF;
    SELECT array_agg((SELECT h.id FROM loyalty_hold h WHERE h.cause = w.reason) ORDER BY w.place) INTO known
    FROM unnest(reasons) WITH ORDINALITY AS w (reason, place);

    -- As for one person: first whose it is to be, all in one order, then one bucket.
    WITH stood AS (
        INSERT INTO loyalty_account AS a (unit, kind, key, member_id, bucket, buckets, floor, expected)
        SELECT thing, 'taken', '', w.person, 0, 0, 0, w.quantity
        FROM unnest(persons, quantities, known, ceilings) AS w (person, quantity, hold, ceiling)
        WHERE w.hold IS NULL AND w.quantity BETWEEN 1 AND 1000000000000000
        AND (w.ceiling IS NULL OR w.quantity <= w.ceiling)
        ORDER BY w.person
        ON CONFLICT (unit, kind, key, member_id, bucket) DO UPDATE SET expected = a.expected + excluded.expected
        WHERE at_most IS NULL
        OR a.balance + a.expected + excluded.expected <= ceilings[array_position(persons, a.member_id)]
        RETURNING a.id, a.member_id
    )
    SELECT array_agg(s.id ORDER BY w.place), sum(w.quantity) FILTER (WHERE s.id IS NOT NULL) INTO takers, wanted
    FROM unnest(persons, quantities) WITH ORDINALITY AS w (person, quantity, place)
    LEFT JOIN stood s ON s.member_id = w.person;

    IF wanted IS NOT NULL THEN
        giver := loyalty_bucket(stock, wanted);
        SELECT CASE WHEN a.floor IS NULL THEN wanted ELSE a.balance - a.held - a.floor END INTO room
        FROM loyalty_account a WHERE a.id = giver;
        served := takers;
        IF room IS NULL OR room < wanted THEN
            -- Not all can have theirs: as if they came one by one.
            FOR i IN 1..cardinality(served) LOOP
                IF served[i] IS NOT NULL AND quantities[i] <= room THEN room := room - quantities[i];
                ELSE served[i] := NULL;
                END IF;
            END LOOP;
        END IF;
        WITH kept AS (
            INSERT INTO loyalty_hold (source_id, target_id, amount, kind, cause, at, until)
            SELECT giver, w.taker, w.quantity, 'taken', w.reason, happened, ends
            FROM unnest(served, quantities, reasons) WITH ORDINALITY AS w (taker, quantity, reason, place)
            WHERE w.taker IS NOT NULL ORDER BY w.place
            ON CONFLICT (cause) DO NOTHING RETURNING id, cause, amount
        ), stood AS (
            UPDATE loyalty_account a SET held = a.held + (SELECT sum(k.amount) FROM kept k)
            WHERE a.id = giver AND EXISTS (SELECT 1 FROM kept)
        )
        SELECT array_agg(k.id ORDER BY w.place) INTO made
        FROM unnest(reasons) WITH ORDINALITY AS w (reason, place) LEFT JOIN kept k ON k.cause = w.reason;
        FOR i IN 1..cardinality(takers) LOOP
            IF takers[i] IS NOT NULL AND made[i] IS NULL THEN
                UPDATE loyalty_account a SET expected = a.expected - quantities[i] WHERE a.id = takers[i];
            END IF;
        END LOOP;
    END IF;

    -- A reservation that somebody else made at the same time is known by now.
    RETURN QUERY SELECT CASE
        WHEN w.made IS NOT NULL THEN 'held' WHEN w.former IS NOT NULL THEN 'known'
        WHEN w.quantity < 1 OR w.quantity > 1000000000000000 THEN 'amount'
        WHEN w.taker IS NULL THEN 'ceiling' ELSE 'floor'
    END, coalesce(w.made, w.former)
    FROM (
        SELECT u.*, CASE WHEN u.made IS NULL THEN (SELECT h.id FROM loyalty_hold h WHERE h.cause = u.reason) END AS former
        FROM unnest(quantities, reasons, takers, made) WITH ORDINALITY AS u (quantity, reason, taker, made, place)
    ) w ORDER BY w.place;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0008_own_bucket")]

    operations = [
        migrations.RunSQL(RESERVE_MANY, "DROP FUNCTION loyalty_reserve_many"),
        # Nothing asks for the open holds of an account.
        migrations.RemoveIndex("hold", "loyalty_hold_source"),
        migrations.RemoveIndex("hold", "loyalty_hold_target"),
    ]
