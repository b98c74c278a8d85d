from django.db import migrations

# What moves stands in the database as functions, because several statements must see each other's outcome under one
# lock, with plans kept and one round trip. The order of locks is the same everywhere: plain accounts by id, then one bucket
# of each hot account by the id of its head.

BUCKET = """
CREATE FUNCTION loyalty_bucket(hot bigint, needed bigint) RETURNS bigint LANGUAGE plpgsql AS $$
-- Lock one bucket of a hot account that can give `needed`, and return its id; NULL when all together cannot.
DECLARE
    chosen bigint;
    lowest bigint;
    room bigint;
BEGIN
    -- Each connection begins with a bucket of its own and passes over those in other hands.
    -- A bucket that has become too empty meanwhile is locked all the same; giving up the block gives up that lock, or
    -- those who lock all buckets below would wait for each other.
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

    -- All are busy. What has no limit, or is only paid into, waits for its own.
    SELECT a.id, a.floor INTO chosen, lowest FROM loyalty_account a WHERE a.head_id = hot
    ORDER BY (a.bucket + pg_backend_pid()) % (SELECT h.buckets FROM loyalty_account h WHERE h.id = hot) LIMIT 1;
    IF needed = 0 OR lowest IS NULL THEN
        PERFORM 1 FROM loyalty_account a WHERE a.id = chosen FOR NO KEY UPDATE;
        RETURN chosen;
    END IF;
    -- Or none that is free has enough by itself. What is empty is refused without a lock.
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

SPREAD = """
CREATE FUNCTION loyalty_spread(filled bigint, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- Give every bucket of a hot account an equal part of an amount that one of them has just received.
DECLARE
    hot bigint;
    part bigint;
BEGIN
    SELECT a.head_id INTO hot FROM loyalty_account a WHERE a.id = filled;
    IF hot IS NULL THEN RETURN; END IF;
    PERFORM 1 FROM loyalty_account a WHERE a.head_id = hot ORDER BY a.id FOR NO KEY UPDATE;
    SELECT least(amount, a.balance - a.held - a.floor) / (SELECT count(*) FROM loyalty_account b WHERE b.head_id = hot)
    INTO part FROM loyalty_account a WHERE a.id = filled;
    IF part IS NULL OR part < 1 THEN RETURN; END IF;
    WITH levelled AS (
        INSERT INTO loyalty_transfer (source_id, target_id, amount, kind, cause, part, at)
        SELECT filled, a.id, part, 'levelled', 'level:' || gen_random_uuid(), 0, now()
        FROM loyalty_account a WHERE a.head_id = hot AND a.id <> filled
        RETURNING target_id
    ), moved AS (
        SELECT target_id AS id, part AS amount FROM levelled
        UNION ALL SELECT filled, -part * count(*) FROM levelled HAVING count(*) > 0
    )
    UPDATE loyalty_account a SET balance = a.balance + m.amount FROM moved m WHERE a.id = m.id;
END $$
"""

TAKER = """
CREATE FUNCTION loyalty_taker(thing text, person int) RETURNS bigint LANGUAGE plpgsql AS $$
-- Return the account of what a member has of a limited thing, opened on first use.
DECLARE
    found bigint;
BEGIN
    SELECT a.id INTO found FROM loyalty_account a
    WHERE a.unit = thing AND a.kind = 'taken' AND a.key = '' AND a.member_id = person AND a.bucket = 0;
    IF found IS NOT NULL THEN RETURN found; END IF;
    INSERT INTO loyalty_account (unit, kind, key, member_id, bucket, buckets, floor) VALUES (thing, 'taken', '', person, 0, 0, 0)
    ON CONFLICT DO NOTHING RETURNING id INTO found;
    IF found IS NULL THEN
        SELECT a.id INTO found FROM loyalty_account a
        WHERE a.unit = thing AND a.kind = 'taken' AND a.key = '' AND a.member_id = person AND a.bucket = 0;
    END IF;
    RETURN found;
END $$
"""

POST = """
CREATE FUNCTION loyalty_post(
    sources bigint[], targets bigint[], amounts bigint[], kinds text[], causes text[], parts smallint[],
    corrected bigint[], communities int[], acted int, happened timestamptz
) RETURNS TABLE (outcome text, transfer bigint) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
-- Decide transfers in their order and write those that can be: see liuliang.loyalty.ledger.post.
DECLARE
    ids bigint[];      -- the accounts locked, and for each:
    rooms bigint[];    -- what it can give, NULL without limit
    units text[];
    heads bigint[];    -- hot accounts named, and the bucket of each that was locked
    chosen bigint[] := '{}';
    verdicts text[] := '{}';
    known text[];
    done text[];
    asked int := cardinality(amounts);
    s int;
    t int;
    hot bigint;
    back bigint;
    verdict text;
BEGIN
    IF asked = 1 AND EXISTS (
        SELECT 1 FROM loyalty_account a JOIN loyalty_account b ON b.id = targets[1] AND b.id <> a.id AND b.unit = a.unit
        WHERE a.id = sources[1] AND a.buckets = 0 AND a.head_id IS NULL AND a.balance - a.held - a.floor < amounts[1]
    ) AND amounts[1] BETWEEN 1 AND 1000000000000000
    AND NOT EXISTS (SELECT 1 FROM loyalty_transfer n WHERE n.cause = causes[1] AND n.part = parts[1]) THEN
        -- What is empty is refused without a lock, and so without anything to be written to disk.
        RETURN QUERY SELECT 'floor', NULL::bigint;
        RETURN;
    END IF;

    SELECT array_agg(l.id), array_agg(l.room), array_agg(l.unit) INTO ids, rooms, units FROM (
        SELECT a.id, a.balance - a.held - a.floor AS room, a.unit FROM loyalty_account a
        WHERE a.id = ANY(sources || targets) AND a.buckets = 0 AND a.head_id IS NULL
        ORDER BY a.id FOR NO KEY UPDATE
    ) l;
    ids := coalesce(ids, '{}');
    IF NOT ids @> (sources || targets) THEN
        -- A bucket that is named means its hot account: any bucket will do.
        SELECT array_agg(DISTINCT coalesce(a.head_id, a.id) ORDER BY coalesce(a.head_id, a.id)) INTO heads
        FROM loyalty_account a WHERE a.id = ANY(sources || targets) AND (a.buckets > 0 OR a.head_id IS NOT NULL);
        FOREACH hot IN ARRAY coalesce(heads, '{}') LOOP
            SELECT coalesce(sum(w.amount), 0) INTO back FROM unnest(sources, amounts) AS w (id, amount)
            JOIN loyalty_account a ON a.id = w.id WHERE coalesce(a.head_id, a.id) = hot AND w.amount > 0;
            back := loyalty_bucket(hot, back);
            IF back IS NULL THEN
                -- Empty: it gives nothing, but it may be paid into.
                SELECT min(a.id) INTO back FROM loyalty_account a WHERE a.head_id = hot;
                PERFORM 1 FROM loyalty_account a WHERE a.id = back FOR NO KEY UPDATE;
            END IF;
            chosen := chosen || back;
        END LOOP;
        SELECT array_agg(coalesce(chosen[array_position(heads, coalesce(a.head_id, a.id))], w.id) ORDER BY w.place)
        INTO sources FROM unnest(sources) WITH ORDINALITY AS w (id, place) LEFT JOIN loyalty_account a ON a.id = w.id;
        SELECT array_agg(coalesce(chosen[array_position(heads, coalesce(a.head_id, a.id))], w.id) ORDER BY w.place)
        INTO targets FROM unnest(targets) WITH ORDINALITY AS w (id, place) LEFT JOIN loyalty_account a ON a.id = w.id;
        SELECT ids || coalesce(array_agg(a.id), '{}'), rooms || coalesce(array_agg(a.balance - a.held - a.floor), '{}'),
            units || coalesce(array_agg(a.unit::text), '{}')
        INTO ids, rooms, units FROM loyalty_account a WHERE a.id = ANY(chosen);
    END IF;

    SELECT coalesce(array_agg(known_one.cause || '#' || known_one.part), '{}') INTO known FROM loyalty_transfer known_one
    JOIN unnest(causes, parts) AS w (cause, part) ON known_one.cause = w.cause AND known_one.part = w.part;

    IF array_remove(corrected, NULL) <> '{}' THEN
        -- What is taken back of one transfer is decided by one at a time, whatever accounts it goes between.
        PERFORM 1 FROM loyalty_transfer o WHERE o.id = ANY(corrected) ORDER BY o.id FOR NO KEY UPDATE;
    END IF;

    FOR i IN 1..asked LOOP
        s := array_position(ids, sources[i]);
        t := array_position(ids, targets[i]);
        IF known <> '{}' AND (causes[i] || '#' || parts[i]) = ANY(known) THEN verdict := 'known';
        ELSIF amounts[i] < 1 OR amounts[i] > 1000000000000000 THEN verdict := 'amount';
        ELSIF s IS NULL OR t IS NULL THEN verdict := 'unknown_account';
        ELSIF s = t THEN verdict := 'same_account';
        ELSIF units[s] <> units[t] THEN verdict := 'unit';
        ELSIF rooms[s] < amounts[i] THEN verdict := 'floor';
        ELSE
            verdict := 'posted';
            IF corrected[i] IS NOT NULL THEN
                SELECT o.amount - coalesce((SELECT sum(c.amount) FROM loyalty_transfer c WHERE c.corrects_id = o.id), 0)
                    - coalesce((SELECT sum(w.amount) FROM unnest(corrected[:i-1], amounts[:i-1], verdicts)
                        AS w (id, amount, verdict) WHERE w.id = o.id AND w.verdict = 'posted'), 0)
                INTO back FROM loyalty_transfer o WHERE o.id = corrected[i];
                IF back IS NULL OR back < amounts[i] THEN verdict := 'corrected'; END IF;
            END IF;
            IF verdict = 'posted' THEN
                rooms[s] := rooms[s] - amounts[i];
                rooms[t] := rooms[t] + amounts[i];
                IF i < asked THEN known := known || (causes[i] || '#' || parts[i]); END IF;
            END IF;
        END IF;
        verdicts[i] := verdict;
    END LOOP;

    IF asked = 1 AND verdict = 'posted' THEN
        -- One transfer needs no sets, which cost as much as the rest.
        INSERT INTO loyalty_transfer (source_id, target_id, amount, kind, cause, part, corrects_id, at, community, actor)
        VALUES (sources[1], targets[1], amounts[1], kinds[1], causes[1], parts[1], corrected[1], happened, communities[1], acted)
        ON CONFLICT (cause, part) DO NOTHING RETURNING loyalty_transfer.id INTO back;
        IF back IS NOT NULL THEN
            UPDATE loyalty_account a SET balance = a.balance + CASE WHEN a.id = sources[1] THEN -amounts[1] ELSE amounts[1] END
            WHERE a.id IN (sources[1], targets[1]);
            RETURN QUERY SELECT verdict, back;
            RETURN;
        END IF;
        verdicts[1] := 'known';
    ELSIF 'posted' = ANY(verdicts) THEN
        WITH posted AS (
            INSERT INTO loyalty_transfer AS n
                (source_id, target_id, amount, kind, cause, part, corrects_id, at, community, actor)
            SELECT w.source, w.target, w.amount, w.kind, w.cause, w.part, w.corrects, happened, w.community, acted
            FROM unnest(sources, targets, amounts, kinds, causes, parts, corrected, communities, verdicts)
                WITH ORDINALITY AS w (source, target, amount, kind, cause, part, corrects, community, verdict, place)
            WHERE w.verdict = 'posted' ORDER BY w.place
            ON CONFLICT (cause, part) DO NOTHING RETURNING n.source_id, n.target_id, n.amount, n.cause, n.part
        ), moved AS (
            SELECT m.id, sum(m.amount) AS amount FROM (
                SELECT source_id AS id, -amount AS amount FROM posted UNION ALL SELECT target_id, amount FROM posted
            ) m GROUP BY m.id
        ), stood AS (
            UPDATE loyalty_account a SET balance = a.balance + moved.amount FROM moved WHERE a.id = moved.id
        )
        SELECT coalesce(array_agg(p.cause || '#' || p.part), '{}') INTO done FROM posted p;
        -- Somebody else may have committed the same cause between other accounts since we looked.
        FOR i IN 1..asked LOOP
            IF verdicts[i] = 'posted' AND NOT (causes[i] || '#' || parts[i]) = ANY(done) THEN verdicts[i] := 'known'; END IF;
        END LOOP;
    END IF;

    RETURN QUERY SELECT w.verdict, n.id FROM unnest(verdicts, causes, parts) WITH ORDINALITY AS w (verdict, cause, part, place)
    LEFT JOIN loyalty_transfer n ON n.cause = w.cause AND n.part = w.part AND w.verdict IN ('posted', 'known')
    ORDER BY w.place;
END $$
"""

HOLD = """
CREATE FUNCTION loyalty_hold(
    source bigint, target bigint, quantity bigint, sort text, reason text, ceiling bigint,
    happened timestamptz, ends timestamptz
) RETURNS TABLE (outcome text, hold bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- Reserve a quantity on its way from one account to another: see liuliang.loyalty.holds.reserve.
DECLARE
    giver loyalty_account;
    taker loyalty_account;
    found bigint;
    hot bigint;
BEGIN
    IF quantity < 1 OR quantity > 1000000000000000 THEN RETURN QUERY SELECT 'amount', NULL::bigint; RETURN; END IF;
    PERFORM 1 FROM loyalty_account a WHERE a.id IN (source, target) AND a.buckets = 0 AND a.head_id IS NULL
    ORDER BY a.id FOR NO KEY UPDATE;
    SELECT h.id INTO found FROM loyalty_hold h WHERE h.cause = reason;
    IF found IS NOT NULL THEN RETURN QUERY SELECT 'known', found; RETURN; END IF;
    SELECT * INTO taker FROM loyalty_account a WHERE a.id = target;
    IF taker.balance + taker.expected + quantity > ceiling THEN RETURN QUERY SELECT 'ceiling', NULL::bigint; RETURN; END IF;
    SELECT * INTO giver FROM loyalty_account a WHERE a.id = source;
    FOREACH hot IN ARRAY ARRAY[least(source, target), greatest(source, target)] LOOP
        IF hot = source AND giver.buckets > 0 THEN
            found := loyalty_bucket(source, quantity);
            IF found IS NULL THEN RETURN QUERY SELECT 'floor', NULL::bigint; RETURN; END IF;
            SELECT * INTO giver FROM loyalty_account a WHERE a.id = found;
        ELSIF hot = target AND taker.buckets > 0 THEN
            found := loyalty_bucket(target, 0);
            SELECT * INTO taker FROM loyalty_account a WHERE a.id = found;
        END IF;
    END LOOP;
    IF giver.id IS NULL OR taker.id IS NULL THEN RETURN QUERY SELECT 'unknown_account', NULL::bigint; RETURN; END IF;
    IF giver.id = taker.id THEN RETURN QUERY SELECT 'same_account', NULL::bigint; RETURN; END IF;
    IF giver.unit <> taker.unit THEN RETURN QUERY SELECT 'unit', NULL::bigint; RETURN; END IF;
    IF giver.balance - giver.held - giver.floor < quantity THEN RETURN QUERY SELECT 'floor', NULL::bigint; RETURN; END IF;
    WITH kept AS (
        INSERT INTO loyalty_hold (source_id, target_id, amount, kind, cause, at, until)
        VALUES (giver.id, taker.id, quantity, sort, reason, happened, ends)
        ON CONFLICT (cause) DO NOTHING RETURNING id
    ), stood AS (
        UPDATE loyalty_account a SET
            held = a.held + CASE WHEN a.id = giver.id THEN quantity ELSE 0 END,
            expected = a.expected + CASE WHEN a.id = taker.id THEN quantity ELSE 0 END
        FROM kept WHERE a.id IN (giver.id, taker.id)
    )
    SELECT kept.id INTO found FROM kept;
    IF found IS NOT NULL THEN RETURN QUERY SELECT 'held', found; RETURN; END IF;
    RETURN QUERY SELECT 'known', h.id FROM loyalty_hold h WHERE h.cause = reason;
END $$
"""

CLOSE = """
CREATE FUNCTION loyalty_close(hold bigint, verdict text, happened timestamptz)
RETURNS TABLE (outcome text, transfer bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- Post, void or time out a hold, whichever comes first: see liuliang.loyalty.holds.
DECLARE
    kept loyalty_hold;
    made bigint;
BEGIN
    SELECT * INTO kept FROM loyalty_hold h WHERE h.id = hold FOR UPDATE;
    IF kept.id IS NULL THEN RETURN QUERY SELECT 'unknown', NULL::bigint; RETURN; END IF;
    IF kept.state <> 'open' THEN RETURN QUERY SELECT kept.state::text, kept.transfer_id; RETURN; END IF;
    IF verdict = 'posted' AND kept.until <= happened THEN RETURN QUERY SELECT 'late', NULL::bigint; RETURN; END IF;
    IF verdict = 'timed_out' AND kept.until > happened THEN RETURN QUERY SELECT 'early', NULL::bigint; RETURN; END IF;
    PERFORM 1 FROM loyalty_account a WHERE a.id IN (kept.source_id, kept.target_id)
    ORDER BY a.head_id NULLS FIRST, a.id FOR NO KEY UPDATE;
    IF verdict = 'posted' THEN
        INSERT INTO loyalty_transfer (source_id, target_id, amount, kind, cause, part, at)
        VALUES (kept.source_id, kept.target_id, kept.amount, kept.kind, kept.cause, 0, happened) RETURNING id INTO made;
    END IF;
    UPDATE loyalty_account a SET
        held = a.held - CASE WHEN a.id = kept.source_id THEN kept.amount ELSE 0 END,
        expected = a.expected - CASE WHEN a.id = kept.target_id THEN kept.amount ELSE 0 END,
        balance = a.balance + CASE WHEN made IS NULL THEN 0 WHEN a.id = kept.source_id THEN -kept.amount ELSE kept.amount END
    WHERE a.id IN (kept.source_id, kept.target_id);
    UPDATE loyalty_hold h SET state = verdict, closed_at = happened, transfer_id = made WHERE h.id = hold;
    RETURN QUERY SELECT 'closed', made;
END $$
"""

GUARD = """
CREATE FUNCTION loyalty_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is never changed: % on %', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', HINT = 'Correct a mistake by a transfer that takes it back.';
END $$;
CREATE TRIGGER loyalty_transfer_kept BEFORE UPDATE OR DELETE ON loyalty_transfer FOR EACH ROW EXECUTE FUNCTION loyalty_guard();
CREATE TRIGGER loyalty_lotuse_kept BEFORE UPDATE OR DELETE ON loyalty_lotuse FOR EACH ROW EXECUTE FUNCTION loyalty_guard();
CREATE TRIGGER loyalty_account_kept BEFORE DELETE ON loyalty_account FOR EACH ROW EXECUTE FUNCTION loyalty_guard();
CREATE TRIGGER loyalty_account_named BEFORE UPDATE ON loyalty_account FOR EACH ROW
WHEN ((OLD.id, OLD.unit, OLD.kind, OLD.key, OLD.member_id, OLD.head_id) IS DISTINCT FROM
    (NEW.id, NEW.unit, NEW.kind, NEW.key, NEW.member_id, NEW.head_id)) EXECUTE FUNCTION loyalty_guard()
"""

BACK = """
DROP TRIGGER loyalty_transfer_kept ON loyalty_transfer;
DROP TRIGGER loyalty_lotuse_kept ON loyalty_lotuse;
DROP TRIGGER loyalty_account_kept ON loyalty_account;
DROP TRIGGER loyalty_account_named ON loyalty_account;
DROP FUNCTION loyalty_guard, loyalty_close, loyalty_hold, loyalty_post, loyalty_taker, loyalty_spread, loyalty_bucket
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial")]
    operations = [migrations.RunSQL([BUCKET, SPREAD, TAKER, POST, HOLD, CLOSE, GUARD], BACK)]
