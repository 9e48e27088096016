-- Versions of an organisation's data key: what is sealed under an older one is sealed anew, beside the
-- service that runs, and no event is touched. See docs/adr/0018-data-keys-and-their-versions.md.

-- Nothing is appended that is sealed under an older version than this one.
ALTER TABLE log ADD COLUMN key_version integer NOT NULL DEFAULT 1 CHECK (key_version >= 1);

DROP TRIGGER only_forward ON log;
CREATE TRIGGER only_forward BEFORE UPDATE ON log FOR EACH ROW
  WHEN (NEW.organisation <> OLD.organisation OR NEW.size < OLD.size OR NEW.week < OLD.week
        OR NEW.key_version < OLD.key_version)
  EXECUTE FUNCTION refuse_change();
ALTER TABLE log ENABLE ALWAYS TRIGGER only_forward;

-- The version of the data key under which bytes were sealed (shared/keys/ring.py, MAGIC); 1 for what
-- was sealed before there were versions.
CREATE FUNCTION sealed_version(sealed bytea) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
  SELECT CASE WHEN octet_length(sealed) >= 20 AND substring(sealed FROM 1 FOR 4) = '\xf1686b32'::bytea
    THEN ('x' || encode(substring(sealed FROM 5 FOR 4), 'hex'))::bit(32)::integer ELSE 1 END
$$;

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
  tracked integer;
  log_key_version integer;
  rotated boolean := false;
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
        RETURNING log.size - last + first - 1, log.week, log.key_version
        INTO base, log_week, log_key_version;
      EXIT WHEN FOUND;
      INSERT INTO log (organisation) VALUES (this_log) ON CONFLICT DO NOTHING;
    END LOOP;

    rotated := rotated OR log_key_version > 1;

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

  -- Where a data key was rotated, nothing comes in under an older version: that is soon destroyed.
  IF rotated AND EXISTS (
    SELECT 1 FROM unnest(new_key_organisations || command_organisations,
                         new_key_wrapped || command_answers) AS t(organisation, sealed)
    WHERE {service}.sealed_version(t.sealed) < (
      SELECT log.key_version FROM log WHERE log.organisation = t.organisation)
  ) THEN
    RAISE EXCEPTION 'sealed under an older data key' USING ERRCODE = 'P0H07';
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

-- From now on only `version` of the data key, or a newer one, comes in. False for a log that does not
-- exist. What an append brought before is committed when this returns.
CREATE FUNCTION raise_key_version(organisation uuid, version integer) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  UPDATE log SET key_version = greatest(log.key_version, raise_key_version.version)
    WHERE log.organisation = raise_key_version.organisation;
  RETURN FOUND;
END
$$;

-- Put newly sealed bytes in the place of what is there, where that still is what was opened. How many
-- took it: what was erased or sealed anew meanwhile stays as it is.
CREATE FUNCTION rewrap_keys(organisation uuid, key_ids uuid[], was bytea[], becomes bytea[])
  RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  changed bigint;
BEGIN
  UPDATE wrapped_key AS held SET wrapped = t.becomes
    FROM unnest(rewrap_keys.key_ids, rewrap_keys.was, rewrap_keys.becomes)
      AS t(key_id, was, becomes)
    WHERE held.key_id = t.key_id AND held.organisation = rewrap_keys.organisation
      AND held.wrapped = t.was;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END
$$;
CREATE FUNCTION rewrap_answers(organisation uuid, keys bytea[], was bytea[], becomes bytea[])
  RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  changed bigint;
BEGIN
  UPDATE idempotency AS held SET answer = t.becomes
    FROM unnest(rewrap_answers.keys, rewrap_answers.was, rewrap_answers.becomes)
      AS t(key, was, becomes)
    WHERE held.organisation = rewrap_answers.organisation AND held.key = t.key
      AND held.answer = t.was;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END
$$;

-- The walls of 0003, with one door: bytes sealed under the log's version of the data key may take the
-- place of bytes sealed under an older one. All else of the row stays, whoever asks.
CREATE FUNCTION refuse_unless_rewrapped() RETURNS trigger LANGUAGE plpgsql
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  was bytea;
  becomes bytea;
BEGIN
  IF TG_TABLE_NAME = 'wrapped_key' THEN
    was := OLD.wrapped;
    becomes := NEW.wrapped;
    NEW.wrapped := was;
  ELSE
    was := OLD.answer;
    becomes := NEW.answer;
    NEW.answer := was;
  END IF;
  IF NEW IS DISTINCT FROM OLD OR sealed_version(becomes) <= sealed_version(was)
    OR sealed_version(becomes) IS DISTINCT FROM
      (SELECT log.key_version FROM log WHERE log.organisation = OLD.organisation)
  THEN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
  END IF;
  IF TG_TABLE_NAME = 'wrapped_key' THEN
    NEW.wrapped := becomes;
  ELSE
    NEW.answer := becomes;
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER no_change ON wrapped_key;
CREATE TRIGGER no_change BEFORE UPDATE ON wrapped_key
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_rewrapped();
DROP TRIGGER no_change ON idempotency;
CREATE TRIGGER no_change BEFORE UPDATE ON idempotency
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_rewrapped();
CREATE TRIGGER no_delete BEFORE DELETE ON idempotency FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE wrapped_key ENABLE ALWAYS TRIGGER no_change;
ALTER TABLE idempotency ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_delete;
