-- Filled by projections/party_index.py. `token` is a pseudonym (HMAC) of a token that itself is an HMAC
-- under a key that no server has.
CREATE TABLE party_index (
  organisation uuid NOT NULL,
  token bytea NOT NULL CHECK (octet_length(token) = 16),
  role text NOT NULL CHECK (role IN ('reporter', 'subject')),
  case_id uuid NOT NULL,
  PRIMARY KEY (organisation, token, role, case_id)
);
-- Without a name of its own: a rebuild makes it again under the name that PostgreSQL gives.
CREATE INDEX ON party_index (case_id);
-- Filled by projections/recovery_index.py. `requested_index` is the leaf of the request.
CREATE TABLE recovery_index (
  organisation uuid NOT NULL,
  requested_index bigint NOT NULL,
  case_id uuid NOT NULL UNIQUE,
  PRIMARY KEY (organisation, requested_index)
);
INSERT INTO projection_table (name) VALUES ('party_index'), ('recovery_index');
