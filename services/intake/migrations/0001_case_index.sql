-- Filled by projections/case_index.py. `adviser` is a pseudonym (HMAC), `opened_index` the leaf of
-- the opening, by which newest comes first.
CREATE TABLE case_index (
  organisation uuid NOT NULL,
  adviser bytea NOT NULL CHECK (octet_length(adviser) = 16),
  opened_index bigint NOT NULL,
  case_id uuid NOT NULL UNIQUE,
  PRIMARY KEY (organisation, adviser, opened_index)
);
