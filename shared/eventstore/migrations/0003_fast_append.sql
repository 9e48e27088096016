-- The store at the speed of the disk, and its walls. See docs/adr/0010 and docs/adr/0011.

-- What costs on every append and protects nothing that append() does not protect by itself: a random
-- index for nonces (`hoeksteen verify` looks for one used twice), and two look-ups per event for rows
-- that this very transaction wrote.
ALTER TABLE event DROP CONSTRAINT event_key_id_nonce_key;
ALTER TABLE event DROP CONSTRAINT event_organisation_fkey;
ALTER TABLE ciphertext DROP CONSTRAINT ciphertext_organisation_leaf_index_fkey;

-- Which keys were destroyed: a few rows, looked at by every erasure and by the triggers below.
CREATE INDEX event_key_destroyed ON event (key_id) WHERE type = 'KeyDestroyed';

-- The size at which each day's checkpoint is signed, the same for every replica.
CREATE TABLE checkpoint_mark (
  organisation uuid NOT NULL,
  day date NOT NULL,
  size bigint NOT NULL CHECK (size > 0 AND size % 256 = 0),
  PRIMARY KEY (organisation, day)
);

-- The state of a long stream after one of its versions, under the stream's key. A cache: whoever
-- reads it takes it only if it opens in its place, and folds the events otherwise.
CREATE TABLE snapshot (
  stream uuid NOT NULL,
  state text NOT NULL CHECK (state ~ '^[A-Za-z][A-Za-z0-9._:-]{0,62}$'),
  organisation uuid NOT NULL,
  version bigint NOT NULL CHECK (version >= 1),
  key_id uuid NOT NULL,
  nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
  ciphertext bytea NOT NULL,
  PRIMARY KEY (stream, state)
);
ALTER TABLE snapshot ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
CREATE INDEX snapshot_key ON snapshot (key_id);

-- The record of a leaf, hoeksteen/leaf/v1 (docs/ledger.md). One expression without settings of its
-- own, so that PostgreSQL puts it into the statement that calls it. The lengths that the table checks
-- are constants here.
DROP FUNCTION append;
DROP FUNCTION leaf_record;
DROP FUNCTION prefixed;
CREATE FUNCTION leaf_record(
  organisation uuid, leaf_index bigint, stream uuid, version bigint, type text, week text,
  actor bytea, suite smallint, key_id uuid, nonce bytea, ciphertext_sha256 bytea
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
  AS $$
  SELECT '\x00000011686f656b737465656e2f6c6561662f763100000010'::bytea || uuid_send(organisation)
      || '\x00000008'::bytea || int8send(leaf_index)
      || '\x00000010'::bytea || uuid_send(stream)
      || '\x00000008'::bytea || int8send(version)
      || int4send(octet_length(type)) || convert_to(type, 'UTF8')
      || '\x00000008'::bytea || convert_to(week, 'UTF8')
      || '\x00000010'::bytea || actor
      || '\x00000001'::bytea || substring(int2send(suite) FROM 2)
      || '\x00000010'::bytea || uuid_send(key_id)
      || '\x0000000c'::bytea || nonce
      || '\x00000020'::bytea || ciphertext_sha256
$$;

-- Append a group of commands, all or nothing. Parallel arrays, one element per event, new key,
-- command, position and seen stream; events of one organisation stand together, or cost more.
-- Answers the leaf index of each event, in order.
-- An event without a ciphertext (NULL) has none to be read; its leaf holds the hash of nothing.
-- A seen stream is one on whose state a decision was made: it must have had no event since.
-- Errors: unique_violation (somebody was first), P0H01 (a gap in a stream, a foreign stream, or a
-- seen stream that went on), P0H02 (a consumer's position is not what it thought).
CREATE FUNCTION append(
  organisations uuid[], streams uuid[], versions bigint[], types text[], weeks text[],
  actors bytea[], key_ids uuid[], nonces bytea[], ciphertexts bytea[],
  new_key_ids uuid[], new_key_organisations uuid[], new_key_wrapped bytea[],
  new_key_commitments bytea[],
  command_organisations uuid[], command_keys bytea[], command_requests bytea[],
  command_answers bytea[], command_last integer[],
  consumers text[], previous_positions bigint[], next_positions bigint[],
  seen_streams uuid[] DEFAULT '{}', seen_versions bigint[] DEFAULT '{}'
) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  -- The tables grow a thousandfold under a plan that was made once, for few rows.
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
  AS $$
DECLARE
  events CONSTANT integer := coalesce(cardinality(streams), 0);
  this_log uuid;
  first integer := 1;
  last integer;
  newest text;
  base bigint;
  log_week text;
  indexes bigint[] := '{}';
  tracked integer;
BEGIN
  IF organisations[1] <> ANY (organisations) THEN
    -- In one order, so that two replicas never wait for each other in a circle.
    INSERT INTO log (organisation)
      SELECT DISTINCT o FROM unnest(organisations) AS o ORDER BY o ON CONFLICT DO NOTHING;
    PERFORM 1 FROM log WHERE log.organisation = ANY (organisations)
      ORDER BY log.organisation FOR UPDATE;
  END IF;

  -- One round for each run of events of one organisation: nearly always a single one.
  WHILE first <= events LOOP
    this_log := organisations[first];
    last := events;
    IF this_log <> ANY (organisations[first:]) THEN
      last := first;
      WHILE last < events AND organisations[last + 1] = this_log LOOP
        last := last + 1;
      END LOOP;
    END IF;

    newest := weeks[first];
    IF newest < ANY (weeks[first:last]) THEN
      SELECT max(w) INTO newest FROM unnest(weeks[first:last]) AS w;
    END IF;
    -- Takes the log's lock. A clock that runs back never takes the log's weeks back with it.
    LOOP
      UPDATE log SET size = log.size + last - first + 1, week = greatest(log.week, newest)
        WHERE log.organisation = this_log
        RETURNING log.size - last + first - 1, log.week INTO base, log_week;
      EXIT WHEN FOUND;
      INSERT INTO log (organisation) VALUES (this_log) ON CONFLICT DO NOTHING;
    END LOOP;

    INSERT INTO event
      SELECT this_log, base + place - 1, t.stream, t.version, t.type, log_week, t.actor,
             1, t.key_id, t.nonce, t.hash,
             sha256('\x00'::bytea || {service}.leaf_record(this_log, base + place - 1,
               t.stream, t.version, t.type, log_week, t.actor, 1::smallint, t.key_id, t.nonce,
               t.hash))
      FROM (
        SELECT place, stream, version, type, actor, key_id, nonce,
               sha256(coalesce(ciphertext, ''::bytea)) AS hash
        FROM unnest(streams[first:last], versions[first:last], types[first:last],
                    actors[first:last], key_ids[first:last], nonces[first:last],
                    ciphertexts[first:last]) WITH ORDINALITY
          AS u(stream, version, type, actor, key_id, nonce, ciphertext, place)
      ) AS t;
    INSERT INTO ciphertext
      SELECT this_log, base + place - 1, u.ciphertext
      FROM unnest(ciphertexts[first:last]) WITH ORDINALITY AS u(ciphertext, place)
      WHERE u.ciphertext IS NOT NULL;

    IF first = last THEN
      indexes := indexes || base;
    ELSE
      indexes := indexes || ARRAY(SELECT generate_series(base, base + last - first));
    END IF;
    first := last + 1;
  END LOOP;

  -- Subqueries for one value, because PostgreSQL never makes a join of them: a plan that was made
  -- while the table was small would go on reading all of it.
  IF 1 < ANY (versions) AND EXISTS (
    SELECT 1 FROM unnest(organisations, streams, versions) AS t(organisation, stream, version)
    WHERE t.version > 1 AND t.organisation IS DISTINCT FROM (
      SELECT before.organisation FROM event AS before
      WHERE before.stream = t.stream AND before.version = t.version - 1)
  ) THEN
    RAISE EXCEPTION 'gap in a stream' USING ERRCODE = 'P0H01';
  END IF;

  IF cardinality(seen_streams) > 0 AND EXISTS (
    SELECT 1 FROM unnest(seen_streams, seen_versions) AS t(stream, version)
    WHERE (
      SELECT since.version FROM event AS since
      WHERE since.stream = t.stream AND since.version = t.version + 1) IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'a stream has gone on' USING ERRCODE = 'P0H01';
  END IF;

  IF cardinality(new_key_ids) > 0 THEN
    INSERT INTO wrapped_key (key_id, organisation, wrapped, commitment)
      SELECT * FROM unnest(new_key_ids, new_key_organisations, new_key_wrapped, new_key_commitments);
  END IF;

  IF cardinality(command_keys) > 0 THEN
    INSERT INTO idempotency (organisation, key, request_sha256, answer, position)
      SELECT o, k, r, a, indexes[l]
      FROM unnest(command_organisations, command_keys, command_requests, command_answers,
                  command_last) AS t(o, k, r, a, l);
  END IF;

  IF cardinality(consumers) > 0 THEN
    INSERT INTO tracking (consumer, position)
      SELECT c, 0 FROM unnest(consumers) AS c ON CONFLICT DO NOTHING;
    UPDATE tracking SET position = t.next
      FROM unnest(consumers, previous_positions, next_positions) AS t(consumer, previous, next)
      WHERE tracking.consumer = t.consumer AND tracking.position = t.previous
        AND t.next > t.previous;
    GET DIAGNOSTICS tracked = ROW_COUNT;
    IF tracked <> cardinality(consumers) THEN
      RAISE EXCEPTION 'position has moved' USING ERRCODE = 'P0H02';
    END IF;
  END IF;
  RETURN indexes;
END
$$;

-- Grow a log by whole tiles of 256 entries, with blank ones, for the checkpoint of `day`; at least by
-- one entry since the last such day, and to the same size whoever asks again that day. `nonces` holds
-- 511 of 12 random bytes. Answers the size at which the checkpoint is signed, NULL for a log that
-- does not exist.
CREATE FUNCTION fill_tiles(
  organisation uuid, day date, week text, actor bytea, stream uuid, nonces bytea[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  base bigint;
  log_week text;
  marked bigint;
  target bigint;
  nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  nothing CONSTANT bytea := sha256('');
BEGIN
  SELECT log.size, log.week INTO base, log_week FROM log
    WHERE log.organisation = fill_tiles.organisation FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT mark.size INTO marked FROM checkpoint_mark AS mark
    WHERE mark.organisation = fill_tiles.organisation AND mark.day = fill_tiles.day;
  IF FOUND THEN
    RETURN marked;
  END IF;
  SELECT coalesce(max(mark.size), 0) INTO marked FROM checkpoint_mark AS mark
    WHERE mark.organisation = fill_tiles.organisation;
  target := (greatest(base, marked + 1) + 255) / 256 * 256;
  log_week := greatest(log_week, week);
  INSERT INTO event
    SELECT fill_tiles.organisation, base + n - 1, fill_tiles.stream, n, 'Blank', log_week,
           fill_tiles.actor, 1, nobody, nonces[n], nothing,
           sha256('\x00'::bytea || {service}.leaf_record(fill_tiles.organisation, base + n - 1,
             fill_tiles.stream, n, 'Blank', log_week, fill_tiles.actor, 1::smallint, nobody,
             nonces[n], nothing))
    FROM generate_series(1, target - base) AS n;
  UPDATE log SET size = target, week = log_week WHERE log.organisation = fill_tiles.organisation;
  INSERT INTO checkpoint_mark VALUES (fill_tiles.organisation, fill_tiles.day, target);
  RETURN target;
END
$$;

-- Finish what the event KeyDestroyed of a stream began: its key, everything under that key and the
-- snapshots are deleted; the leaves stay. Answers how many ciphertexts were deleted. It may be called
-- again. Errors: P0H03 when the stream has no KeyDestroyed.
CREATE FUNCTION erase_case(organisation uuid, stream uuid) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  destroyed uuid[];
  deleted bigint;
BEGIN
  -- The log's lock: no append under the key is under way meanwhile.
  PERFORM 1 FROM log WHERE log.organisation = erase_case.organisation FOR UPDATE;
  SELECT array_agg(DISTINCT event.key_id) INTO destroyed FROM event
    WHERE event.stream = erase_case.stream AND event.organisation = erase_case.organisation
      AND event.type = 'KeyDestroyed';
  IF destroyed IS NULL THEN
    RAISE EXCEPTION 'no KeyDestroyed stands in this stream' USING ERRCODE = 'P0H03';
  END IF;
  DELETE FROM snapshot WHERE snapshot.key_id = ANY (destroyed);
  -- There is no index for this: erasures are rare, and every append would pay for it.
  DELETE FROM ciphertext USING event
    WHERE event.organisation = erase_case.organisation AND event.key_id = ANY (destroyed)
      AND ciphertext.organisation = event.organisation
      AND ciphertext.leaf_index = event.leaf_index;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  DELETE FROM wrapped_key WHERE wrapped_key.key_id = ANY (destroyed);
  RETURN deleted;
END
$$;

-- Keep a stream's state. An older one than is kept already, and one under a key that is gone, is
-- not kept. `drop_snapshot` is for one that does not open.
CREATE FUNCTION keep_snapshot(
  organisation uuid, stream uuid, state text, version bigint, key_id uuid, nonce bytea,
  ciphertext bytea
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  -- The key's row lock: an erasure that runs meanwhile comes wholly before this or after it.
  PERFORM 1 FROM wrapped_key AS held WHERE held.key_id = keep_snapshot.key_id FOR SHARE;
  IF FOUND THEN
    INSERT INTO snapshot AS kept (stream, state, organisation, version, key_id, nonce, ciphertext)
      VALUES (keep_snapshot.stream, keep_snapshot.state, keep_snapshot.organisation,
              keep_snapshot.version, keep_snapshot.key_id, keep_snapshot.nonce,
              keep_snapshot.ciphertext)
      ON CONFLICT ON CONSTRAINT snapshot_pkey DO UPDATE
        SET organisation = excluded.organisation, version = excluded.version,
            key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext
        WHERE kept.version < excluded.version;
  END IF;
END
$$;
CREATE FUNCTION drop_snapshot(organisation uuid, stream uuid, state text, version bigint)
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  DELETE FROM snapshot AS kept
    WHERE kept.stream = drop_snapshot.stream AND kept.state = drop_snapshot.state
      AND kept.organisation = drop_snapshot.organisation AND kept.version = drop_snapshot.version;
END
$$;

-- Walls. ENABLE ALWAYS: session_replication_role = replica does not switch them off. What a superuser
-- can still do (switch a trigger off, drop it), the ledger shows.

-- A ciphertext or a key may go only when its destruction stands in the log. Nothing that a session can
-- set opens this.
CREATE FUNCTION refuse_unless_destroyed() RETURNS trigger LANGUAGE plpgsql
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  key uuid;
BEGIN
  IF TG_TABLE_NAME = 'wrapped_key' THEN
    key := OLD.key_id;
  ELSE
    SELECT event.key_id INTO key FROM event
      WHERE event.organisation = OLD.organisation AND event.leaf_index = OLD.leaf_index;
  END IF;
  IF EXISTS (SELECT 1 FROM event WHERE event.key_id = key AND event.type = 'KeyDestroyed') THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END
$$;
DROP TRIGGER no_delete ON ciphertext;
CREATE TRIGGER no_delete BEFORE DELETE ON ciphertext
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_destroyed();
CREATE TRIGGER no_delete BEFORE DELETE ON wrapped_key
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_destroyed();
CREATE TRIGGER no_change BEFORE UPDATE ON wrapped_key
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON idempotency
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON relay_queue
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON checkpoint_mark
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Heads and positions only move forward. The conditions stand here, not in a function: they are
-- looked at on every append.
CREATE TRIGGER only_forward BEFORE UPDATE ON log FOR EACH ROW
  WHEN (NEW.organisation <> OLD.organisation OR NEW.size < OLD.size OR NEW.week < OLD.week)
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_forward BEFORE UPDATE ON tracking FOR EACH ROW
  WHEN (NEW.consumer <> OLD.consumer OR NEW.position < OLD.position)
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_forward BEFORE UPDATE ON relay_mark FOR EACH ROW
  WHEN (NEW.organisation <> OLD.organisation OR NEW.size < OLD.size)
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON tracking FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON relay_mark FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON wrapped_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON idempotency FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tracking FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON relay_queue FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON relay_mark FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON checkpoint_mark FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE log ENABLE ALWAYS TRIGGER only_forward, ENABLE ALWAYS TRIGGER no_delete,
  ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_delete;
ALTER TABLE wrapped_key ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_delete,
  ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE idempotency ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE tracking ENABLE ALWAYS TRIGGER only_forward, ENABLE ALWAYS TRIGGER no_delete,
  ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE relay_queue ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE relay_mark ENABLE ALWAYS TRIGGER only_forward, ENABLE ALWAYS TRIGGER no_delete,
  ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE checkpoint_mark ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_truncate;

-- What an auditor needs to see that no destroyed key has come back; never the keys themselves.
GRANT SELECT (key_id, organisation) ON wrapped_key TO hoeksteen_auditor;
