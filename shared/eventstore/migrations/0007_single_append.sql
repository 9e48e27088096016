-- What an append costs when it is alone: most of it was what PostgreSQL does anew for each statement,
-- whatever it writes. See docs/adr/0011-decisions-on-memory.md.

-- A constraint is read from its text for every statement that writes to its table, and so is a trigger's
-- condition. What append() and fill_tiles() compute themselves is right by that; what append() is given
-- it looks at while it computes the leaf.
ALTER TABLE event
  DROP CONSTRAINT event_leaf_index_check,
  DROP CONSTRAINT event_version_check,
  DROP CONSTRAINT event_type_check,
  DROP CONSTRAINT event_week_check,
  DROP CONSTRAINT event_actor_check,
  DROP CONSTRAINT event_suite_check,
  DROP CONSTRAINT event_nonce_check,
  DROP CONSTRAINT event_ciphertext_sha256_check,
  DROP CONSTRAINT event_leaf_hash_check;
CREATE FUNCTION malformed_event() RETURNS bytea LANGUAGE plpgsql STABLE
  AS $$
BEGIN
  RAISE EXCEPTION 'an event has a field of the wrong form' USING ERRCODE = 'check_violation';
END
$$;

-- The head of a log moves forward, as before; by column, since an append sets two of the four.
DROP TRIGGER only_forward ON log;
CREATE TRIGGER only_forward BEFORE UPDATE OF size, week ON log FOR EACH ROW
  WHEN (NEW.size < OLD.size OR NEW.week < OLD.week)
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER same_log BEFORE UPDATE OF organisation ON log FOR EACH ROW
  WHEN (NEW.organisation <> OLD.organisation)
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER newer_key BEFORE UPDATE OF key_version ON log FOR EACH ROW
  WHEN (NEW.key_version < OLD.key_version)
  EXECUTE FUNCTION refuse_change();
ALTER TABLE log ENABLE ALWAYS TRIGGER only_forward, ENABLE ALWAYS TRIGGER same_log,
  ENABLE ALWAYS TRIGGER newer_key;

-- The record of a leaf, hoeksteen/leaf/v1 (docs/ledger.md): each field behind its length. An array goes
-- over the wire in this very form, behind 20 bytes that say what array it is.
CREATE OR REPLACE FUNCTION leaf_record(
  organisation uuid, leaf_index bigint, stream uuid, version bigint, type text, week text,
  actor bytea, suite smallint, key_id uuid, nonce bytea, ciphertext_sha256 bytea
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
  AS $$
  SELECT substring(array_send(ARRAY['hoeksteen/leaf/v1'::bytea, uuid_send(organisation),
    int8send(leaf_index), uuid_send(stream), int8send(version), convert_to(type, 'UTF8'),
    convert_to(week, 'UTF8'), actor, substring(int2send(suite) FROM 2), uuid_send(key_id), nonce,
    ciphertext_sha256]) FROM 21)
$$;

-- The hash of a leaf, or check_violation for a field that has not the form of one.
CREATE FUNCTION leaf_hash(
  organisation uuid, leaf_index bigint, stream uuid, version bigint, type text, week text,
  actor bytea, key_id uuid, nonce bytea, ciphertext_sha256 bytea
) RETURNS bytea LANGUAGE sql STABLE
  AS $$
  SELECT CASE WHEN version >= 1 AND octet_length(type) <= 63
      AND type ~ '^[A-Za-z][A-Za-z0-9._:-]*$' AND octet_length(actor) = 16
      AND octet_length(nonce) = 12
    THEN sha256('\x00'::bytea || {service}.leaf_record(organisation, leaf_index, stream, version, type,
      week, actor, 1::smallint, key_id, nonce, ciphertext_sha256))
    ELSE {service}.malformed_event() END
$$;

-- As in 0005_data_keys.sql, with two ways to write: one event, one command and one key need no arrays
-- to be made into rows.
-- Append a group of commands, all or nothing. Parallel arrays, one element per event, new key,
-- command, position and seen stream; events of one organisation stand together, or cost more.
-- Answers the leaf index of each event, in order.
-- An event without a ciphertext (NULL) has none to be read; its leaf holds the hash of nothing.
-- A seen stream is one on whose state a decision was made: it must have had no event since.
-- Errors: unique_violation (somebody was first), P0H01 (a gap in a stream, a foreign stream, or a
-- seen stream that went on), P0H02 (a consumer's position is not what it thought), P0H07 (a key or
-- an answer is sealed under a version of the data key that was replaced).
CREATE OR REPLACE FUNCTION append(
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
  hash bytea;
  tracked integer;
  log_key_version integer;
  rotated boolean := false;
BEGIN
  IF events > 1 THEN
    IF organisations[1] <> ANY (organisations) THEN
      -- In one order, so that two replicas never wait for each other in a circle.
      INSERT INTO log (organisation)
        SELECT DISTINCT o FROM unnest(organisations) AS o ORDER BY o ON CONFLICT DO NOTHING;
      PERFORM 1 FROM log WHERE log.organisation = ANY (organisations)
        ORDER BY log.organisation FOR UPDATE;
    END IF;
  END IF;

  -- One round for each run of events of one organisation: nearly always a single one.
  WHILE first <= events LOOP
    this_log := organisations[first];
    newest := weeks[first];
    last := events;
    IF first < events THEN
      IF this_log <> ANY (organisations[first:]) THEN
        last := first;
        WHILE last < events AND organisations[last + 1] = this_log LOOP
          last := last + 1;
        END LOOP;
      END IF;
      IF newest < ANY (weeks[first:last]) THEN
        SELECT max(w) INTO newest FROM unnest(weeks[first:last]) AS w;
      END IF;
    END IF;
    IF newest !~ '^[0-9]{4}-W[0-9]{2}$' THEN
      PERFORM {service}.malformed_event();
    END IF;
    -- Takes the log's lock. A clock that runs back never takes the log's weeks back with it.
    LOOP
      UPDATE log SET size = log.size + last - first + 1, week = greatest(log.week, newest)
        WHERE log.organisation = this_log
        RETURNING log.size - last + first - 1, log.week, log.key_version
        INTO base, log_week, log_key_version;
      EXIT WHEN FOUND;
      INSERT INTO log (organisation) VALUES (this_log) ON CONFLICT DO NOTHING;
    END LOOP;

    rotated := rotated OR log_key_version > 1;

    IF first = last THEN
      hash := sha256(coalesce(ciphertexts[first], ''::bytea));
      INSERT INTO event VALUES (
        this_log, base, streams[first], versions[first], types[first], log_week, actors[first], 1,
        key_ids[first], nonces[first], hash,
        {service}.leaf_hash(this_log, base, streams[first], versions[first], types[first],
          log_week, actors[first], key_ids[first], nonces[first], hash));
      IF ciphertexts[first] IS NOT NULL THEN
        INSERT INTO ciphertext VALUES (this_log, base, ciphertexts[first]);
      END IF;
      indexes := indexes || base;
    ELSE
      INSERT INTO event
        SELECT this_log, base + place - 1, t.stream, t.version, t.type, log_week, t.actor,
               1, t.key_id, t.nonce, t.hash,
               {service}.leaf_hash(this_log, base + place - 1, t.stream, t.version, t.type,
                 log_week, t.actor, t.key_id, t.nonce, t.hash)
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
      indexes := indexes || ARRAY(SELECT generate_series(base, base + last - first));
    END IF;
    first := last + 1;
  END LOOP;

  -- A condition with a query in it is one that PostgreSQL plans and runs, also where what stands before
  -- it says no: so each stands alone, behind one without. Subqueries for one value, because PostgreSQL
  -- never makes a join of them: a plan that was made while the table was small would go on reading all
  -- of it.
  IF events = 1 THEN
    IF versions[1] > 1 THEN
      IF organisations[1] IS DISTINCT FROM (
        SELECT before.organisation FROM event AS before
        WHERE before.stream = streams[1] AND before.version = versions[1] - 1)
      THEN
        RAISE EXCEPTION 'gap in a stream' USING ERRCODE = 'P0H01';
      END IF;
    END IF;
  ELSIF 1 < ANY (versions) THEN
    IF EXISTS (
      SELECT 1 FROM unnest(organisations, streams, versions) AS t(organisation, stream, version)
      WHERE t.version > 1 AND t.organisation IS DISTINCT FROM (
        SELECT before.organisation FROM event AS before
        WHERE before.stream = t.stream AND before.version = t.version - 1))
    THEN
      RAISE EXCEPTION 'gap in a stream' USING ERRCODE = 'P0H01';
    END IF;
  END IF;

  IF cardinality(seen_streams) > 0 THEN
    IF EXISTS (
      SELECT 1 FROM unnest(seen_streams, seen_versions) AS t(stream, version)
      WHERE (
        SELECT since.version FROM event AS since
        WHERE since.stream = t.stream AND since.version = t.version + 1) IS NOT NULL)
    THEN
      RAISE EXCEPTION 'a stream has gone on' USING ERRCODE = 'P0H01';
    END IF;
  END IF;

  -- Where a data key was rotated, nothing comes in under an older version: that is soon destroyed.
  IF rotated THEN
    IF EXISTS (
      SELECT 1 FROM unnest(new_key_organisations || command_organisations,
                           new_key_wrapped || command_answers) AS t(organisation, sealed)
      WHERE {service}.sealed_version(t.sealed) < (
        SELECT log.key_version FROM log WHERE log.organisation = t.organisation))
    THEN
      RAISE EXCEPTION 'sealed under an older data key' USING ERRCODE = 'P0H07';
    END IF;
  END IF;

  IF cardinality(new_key_ids) = 1 THEN
    INSERT INTO wrapped_key (key_id, organisation, wrapped, commitment) VALUES
      (new_key_ids[1], new_key_organisations[1], new_key_wrapped[1], new_key_commitments[1]);
  ELSIF cardinality(new_key_ids) > 1 THEN
    INSERT INTO wrapped_key (key_id, organisation, wrapped, commitment)
      SELECT * FROM unnest(new_key_ids, new_key_organisations, new_key_wrapped, new_key_commitments);
  END IF;

  IF cardinality(command_keys) = 1 THEN
    INSERT INTO idempotency (organisation, key, request_sha256, answer, position) VALUES
      (command_organisations[1], command_keys[1], command_requests[1], command_answers[1],
       indexes[command_last[1]]);
  ELSIF cardinality(command_keys) > 1 THEN
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

-- As in 0003_fast_append.sql, with the look at the form of what it is given.
-- Grow a log by whole tiles of 256 entries, with blank ones, for the checkpoint of `day`; at least by
-- one entry since the last such day, and to the same size whoever asks again that day. `nonces` holds
-- 511 of 12 random bytes. Answers the size at which the checkpoint is signed, NULL for a log that
-- does not exist.
CREATE OR REPLACE FUNCTION fill_tiles(
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
  IF week !~ '^[0-9]{4}-W[0-9]{2}$' THEN
    PERFORM {service}.malformed_event();
  END IF;
  log_week := greatest(log_week, week);
  INSERT INTO event
    SELECT fill_tiles.organisation, base + n - 1, fill_tiles.stream, n, 'Blank', log_week,
           fill_tiles.actor, 1, nobody, nonces[n], nothing,
           {service}.leaf_hash(fill_tiles.organisation, base + n - 1, fill_tiles.stream, n,
             'Blank', log_week, fill_tiles.actor, nobody, nonces[n], nothing)
    FROM generate_series(1, target - base) AS n;
  UPDATE log SET size = target, week = log_week WHERE log.organisation = fill_tiles.organisation;
  INSERT INTO checkpoint_mark VALUES (fill_tiles.organisation, fill_tiles.day, target);
  RETURN target;
END
$$;
