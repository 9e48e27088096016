-- Filled by projections/kept_tables.py: where each released table stands in the log.
CREATE TABLE kept_table (
  organisation uuid NOT NULL,
  period text NOT NULL CHECK (period ~ '^[0-9]{4}(-H[12]|-Q[1-4])?$'),
  dimension text NOT NULL,
  stream uuid NOT NULL,
  version integer NOT NULL,
  PRIMARY KEY (organisation, period, dimension)
);
INSERT INTO projection_table (name) VALUES ('kept_table');
