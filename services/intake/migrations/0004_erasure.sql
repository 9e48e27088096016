-- Filled by projections/erasure_index.py: random case ids, by the leaf at which their erasure was asked.
CREATE TABLE erasure_index (
  organisation uuid NOT NULL,
  requested_index bigint NOT NULL,
  case_id uuid NOT NULL UNIQUE,
  PRIMARY KEY (organisation, requested_index)
);
INSERT INTO projection_table (name) VALUES ('erasure_index');
