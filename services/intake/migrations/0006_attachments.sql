-- Chunks of attachments, sealed by a client and encrypted once more under the case's key. No projection:
-- they are not made of events, and go with the key.
CREATE TABLE attachment (
  attachment_id uuid PRIMARY KEY,
  organisation uuid NOT NULL,
  case_id uuid NOT NULL,
  key_id uuid NOT NULL,
  -- The day of its first chunk, until it is known to be attached: what nobody attaches is removed.
  begun date
);
CREATE INDEX attachment_case ON attachment (case_id);
CREATE INDEX attachment_key ON attachment (key_id);
CREATE INDEX attachment_begun ON attachment (begun) WHERE begun IS NOT NULL;

CREATE TABLE attachment_chunk (
  attachment_id uuid NOT NULL REFERENCES attachment ON DELETE CASCADE,
  number integer NOT NULL CHECK (number >= 0),
  nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
  -- Of the chunk as the client sealed it: a hash of a ciphertext.
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  ciphertext bytea NOT NULL,
  PRIMARY KEY (attachment_id, number)
);
ALTER TABLE attachment_chunk ALTER COLUMN ciphertext SET STORAGE EXTERNAL; -- it does not compress

-- The row of a file, unless it is there, and unless its key is gone. The key's row lock lasts until the
-- caller's transaction ends: an erasure that runs meanwhile comes wholly before it or after it.
CREATE FUNCTION begin_attachment(
  attachment_id uuid, organisation uuid, case_id uuid, key_id uuid, day date
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  PERFORM 1 FROM wrapped_key AS held WHERE held.key_id = begin_attachment.key_id
    AND held.organisation = begin_attachment.organisation FOR SHARE;
  IF FOUND THEN
    INSERT INTO attachment VALUES (begin_attachment.attachment_id, begin_attachment.organisation,
        begin_attachment.case_id, begin_attachment.key_id, begin_attachment.day)
      ON CONFLICT DO NOTHING;
  END IF;
END
$$;

-- What is attached goes only with its key, in the transaction in which the key goes (erase_case).
CREATE FUNCTION attachments_go() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  DELETE FROM attachment WHERE attachment.key_id = OLD.key_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER attachments_go AFTER DELETE ON wrapped_key
  FOR EACH ROW EXECUTE FUNCTION attachments_go();
ALTER TABLE wrapped_key ENABLE ALWAYS TRIGGER attachments_go;

CREATE FUNCTION refuse_unless_begun() RETURNS trigger LANGUAGE plpgsql
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  IF OLD.begun IS NULL AND EXISTS (SELECT FROM wrapped_key WHERE wrapped_key.key_id = OLD.key_id) THEN
    RAISE EXCEPTION 'what is attached goes with its key' USING ERRCODE = '42501';
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER no_delete BEFORE DELETE ON attachment
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_begun();
-- A chunk goes with its file alone: then the file's row is gone already.
CREATE FUNCTION refuse_while_there() RETURNS trigger LANGUAGE plpgsql
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
BEGIN
  IF EXISTS (SELECT FROM attachment WHERE attachment.attachment_id = OLD.attachment_id) THEN
    RAISE EXCEPTION 'a chunk goes with its file' USING ERRCODE = '42501';
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER no_delete BEFORE DELETE ON attachment_chunk
  FOR EACH ROW EXECUTE FUNCTION refuse_while_there();
CREATE TRIGGER no_change BEFORE UPDATE ON attachment_chunk
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON attachment
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON attachment_chunk
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE attachment ENABLE ALWAYS TRIGGER no_delete, ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE attachment_chunk ENABLE ALWAYS TRIGGER no_delete, ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_truncate;
