-- Filled by projections/matter_index.py: who finds what beside the cases. `reader` is a pseudonym (HMAC)
-- that differs by `kind`, `since_index` the leaf of the beginning, by which newest comes first.
CREATE TABLE matter_index (
  organisation uuid NOT NULL,
  kind text NOT NULL,
  reader bytea NOT NULL CHECK (octet_length(reader) = 16),
  since_index bigint NOT NULL,
  matter uuid NOT NULL,
  PRIMARY KEY (organisation, kind, reader, since_index)
);
-- Without a name of its own: a rebuild makes it again under the name that PostgreSQL gives.
CREATE INDEX ON matter_index (matter);
INSERT INTO projection_table (name) VALUES ('matter_index');
