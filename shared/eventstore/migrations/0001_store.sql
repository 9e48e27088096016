-- The event store and audit log of one service, in its own schema ({service}).
-- Services may read these tables and call the functions; nothing else. Every change goes through
-- append(), which writes events, leaves, keys, idempotency keys and consumer positions in one
-- transaction.

-- The head of each organisation's log. Its row lock puts an organisation's appends in one order.
CREATE TABLE log (
  organisation uuid PRIMARY KEY,
  size bigint NOT NULL DEFAULT 0,
  week text NOT NULL DEFAULT '0000-W00'
);

-- One leaf per event: what is in clear, and the hash of what is not.
CREATE TABLE event (
  organisation uuid NOT NULL REFERENCES log,
  leaf_index bigint NOT NULL CHECK (leaf_index >= 0),
  stream uuid NOT NULL,
  version bigint NOT NULL CHECK (version >= 1),
  type text NOT NULL CHECK (type ~ '^[A-Za-z][A-Za-z0-9._:-]{0,62}$'),
  week text NOT NULL CHECK (week ~ '^[0-9]{4}-W[0-9]{2}$'),
  actor bytea NOT NULL CHECK (octet_length(actor) = 16),
  suite smallint NOT NULL CHECK (suite = 1),
  key_id uuid NOT NULL,
  nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
  ciphertext_sha256 bytea NOT NULL CHECK (octet_length(ciphertext_sha256) = 32),
  leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
  PRIMARY KEY (organisation, leaf_index),
  UNIQUE (stream, version),
  UNIQUE (key_id, nonce)
);

-- Apart from the leaf, so that it can be erased while the leaf stays.
CREATE TABLE ciphertext (
  organisation uuid NOT NULL,
  leaf_index bigint NOT NULL,
  ciphertext bytea NOT NULL,
  PRIMARY KEY (organisation, leaf_index),
  FOREIGN KEY (organisation, leaf_index) REFERENCES event
);
ALTER TABLE ciphertext ALTER COLUMN ciphertext SET STORAGE EXTERNAL; -- ciphertext does not compress

-- Case keys, wrapped by the organisation's key; the commitment tells a wrong key from a right one.
CREATE TABLE wrapped_key (
  key_id uuid PRIMARY KEY,
  organisation uuid NOT NULL,
  wrapped bytea NOT NULL,
  commitment bytea NOT NULL CHECK (octet_length(commitment) = 32)
);

-- The first answer to each command. `key` is a hash of actor and idempotency key; `answer` is sealed.
-- `request_sha256` is salted, and the salt sealed with the answer: it can be compared, not guessed.
CREATE TABLE idempotency (
  organisation uuid NOT NULL,
  key bytea NOT NULL CHECK (octet_length(key) = 32),
  request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),
  answer bytea NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (organisation, key)
);

-- How far a consumer of a stream, or a projection of a log, has come.
CREATE TABLE tracking (
  consumer text PRIMARY KEY,
  position bigint NOT NULL CHECK (position >= 0)
);

-- What the relay publishes, in the order of publication (shuffled for facts): position is the
-- sequence of the message in the service's stream.
CREATE TABLE relay_queue (
  position bigint PRIMARY KEY CHECK (position >= 1),
  organisation uuid NOT NULL,
  leaf_index bigint NOT NULL,
  UNIQUE (organisation, leaf_index),
  FOREIGN KEY (organisation, leaf_index) REFERENCES event
);
CREATE TABLE relay_mark (
  organisation uuid PRIMARY KEY,
  size bigint NOT NULL
);

CREATE FUNCTION prefixed(field bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT int4send(octet_length(field)) || field $$;

-- The record of a leaf, hoeksteen/leaf/v1 (docs/ledger.md).
CREATE FUNCTION leaf_record(
  organisation uuid, leaf_index bigint, stream uuid, version bigint, type text, week text,
  actor bytea, suite smallint, key_id uuid, nonce bytea, ciphertext_sha256 bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = {service}, pg_catalog
  AS $$
  SELECT prefixed('hoeksteen/leaf/v1'::bytea) || prefixed(uuid_send(organisation))
      || prefixed(int8send(leaf_index)) || prefixed(uuid_send(stream))
      || prefixed(int8send(version)) || prefixed(convert_to(type, 'UTF8'))
      || prefixed(convert_to(week, 'UTF8')) || prefixed(actor)
      || prefixed(substring(int2send(suite) FROM 2)) || prefixed(uuid_send(key_id))
      || prefixed(nonce) || prefixed(ciphertext_sha256)
$$;

-- Append a group of commands, all or nothing. Parallel arrays, one element per event, new key,
-- command and position. Answers the leaf index of each event, in order.
-- Errors: unique_violation (somebody was first), P0H01 (a gap in a stream or a foreign stream),
-- P0H02 (a consumer's position is not what it thought).
CREATE FUNCTION append(
  organisations uuid[], streams uuid[], versions bigint[], types text[], weeks text[],
  actors bytea[], key_ids uuid[], nonces bytea[], ciphertexts bytea[],
  new_key_ids uuid[], new_key_organisations uuid[], new_key_wrapped bytea[],
  new_key_commitments bytea[],
  command_organisations uuid[], command_keys bytea[], command_requests bytea[],
  command_answers bytea[], command_last integer[],
  consumers text[], previous_positions bigint[], next_positions bigint[]
) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  indexes bigint[] := '{}';
  tracked integer;
BEGIN
  IF cardinality(streams) > 0 THEN
    INSERT INTO log (organisation)
      SELECT DISTINCT o FROM unnest(organisations) AS o ORDER BY o ON CONFLICT DO NOTHING;
    PERFORM 1 FROM log WHERE organisation = ANY (organisations) ORDER BY organisation FOR UPDATE;

    INSERT INTO wrapped_key (key_id, organisation, wrapped, commitment)
      SELECT * FROM unnest(new_key_ids, new_key_organisations, new_key_wrapped, new_key_commitments);

    WITH incoming AS (
      SELECT t.ordinality, t.organisation, t.stream, t.version, t.type, t.actor, t.key_id, t.nonce,
             t.ciphertext, sha256(t.ciphertext) AS ciphertext_sha256,
             log.size + row_number() OVER same_log - 1 AS leaf_index,
             -- a clock that runs back never takes the log's weeks back with it
             greatest(log.week, max(t.week) OVER same_log) AS week
      FROM unnest(organisations, streams, versions, types, weeks, actors, key_ids, nonces,
                  ciphertexts) WITH ORDINALITY
        AS t(organisation, stream, version, type, week, actor, key_id, nonce, ciphertext,
             ordinality)
      JOIN log USING (organisation)
      WINDOW same_log AS (PARTITION BY t.organisation ORDER BY t.ordinality)
    ), leaves AS (
      INSERT INTO event
      SELECT organisation, leaf_index, stream, version, type, week, actor, 1, key_id, nonce,
             ciphertext_sha256,
             sha256('\x00'::bytea || leaf_record(organisation, leaf_index, stream, version, type,
               week, actor, 1::smallint, key_id, nonce, ciphertext_sha256))
      FROM incoming ORDER BY ordinality
      RETURNING organisation, leaf_index
    ), bodies AS (
      INSERT INTO ciphertext SELECT organisation, leaf_index, ciphertext FROM incoming
    ), heads AS (
      UPDATE log SET size = log.size + grown.n, week = grown.week
      FROM (SELECT organisation, count(*) AS n, max(week) AS week FROM incoming
            GROUP BY organisation) AS grown
      WHERE log.organisation = grown.organisation
    )
    SELECT array_agg(leaf_index ORDER BY ordinality) INTO indexes FROM incoming;

    IF EXISTS (
      SELECT 1 FROM unnest(organisations, streams, versions) AS t(organisation, stream, version)
      WHERE t.version > 1 AND NOT EXISTS (
        SELECT 1 FROM event AS before WHERE before.stream = t.stream
          AND before.version = t.version - 1 AND before.organisation = t.organisation)
    ) THEN
      RAISE EXCEPTION 'gap in a stream' USING ERRCODE = 'P0H01';
    END IF;
  END IF;

  INSERT INTO idempotency (organisation, key, request_sha256, answer, position)
    SELECT o, k, r, a, indexes[l]
    FROM unnest(command_organisations, command_keys, command_requests, command_answers,
                command_last) AS t(o, k, r, a, l);

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

-- Give events their place in the service's stream. `marks` says up to which size each
-- organisation's log is queued afterwards; `before` is what it must be now (0: never queued).
-- Errors: P0H02 when another relay was here first.
CREATE FUNCTION enqueue(
  organisations uuid[], indexes bigint[], mark_organisations uuid[], before bigint[], marks bigint[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  head bigint;
  moved integer;
BEGIN
  LOCK TABLE relay_queue IN SHARE ROW EXCLUSIVE MODE; -- one relay at a time
  INSERT INTO relay_mark (organisation, size)
    SELECT o, 0 FROM unnest(mark_organisations) AS o ON CONFLICT DO NOTHING;
  UPDATE relay_mark SET size = t.after
    FROM unnest(mark_organisations, before, marks) AS t(organisation, before, after)
    WHERE relay_mark.organisation = t.organisation AND relay_mark.size = t.before;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved <> cardinality(mark_organisations) THEN
    RAISE EXCEPTION 'another relay was first' USING ERRCODE = 'P0H02';
  END IF;
  SELECT coalesce(max(position), 0) INTO head FROM relay_queue;
  INSERT INTO relay_queue (position, organisation, leaf_index)
    SELECT head + ordinality, organisation, leaf_index
    FROM unnest(organisations, indexes) WITH ORDINALITY AS t(organisation, leaf_index, ordinality);
  RETURN head + cardinality(organisations);
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
  AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END
$$;

-- ENABLE ALWAYS: session_replication_role = replica does not switch them off. What a superuser can
-- still do, the ledger shows.
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE ON ciphertext FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON ciphertext FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ciphertext FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE event ENABLE ALWAYS TRIGGER no_change;
ALTER TABLE event ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_change;
ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_delete;
ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_truncate;

REVOKE ALL ON FUNCTION append, enqueue FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append, enqueue TO {service};
