-- The policy noisy. Filled by projections/windows.py: which grid holds in which period, which windows
-- of its measures are due when, and which are drawn.
CREATE TABLE held_grid (
  organisation uuid NOT NULL,
  period text NOT NULL,
  grid uuid NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE held_measure (
  organisation uuid NOT NULL,
  measure text NOT NULL,
  period text NOT NULL,
  grid uuid NOT NULL,
  due date NOT NULL,
  PRIMARY KEY (organisation, measure, period)
);
CREATE TABLE drawn_measure (
  organisation uuid NOT NULL,
  measure text NOT NULL,
  period text NOT NULL,
  PRIMARY KEY (organisation, measure, period)
);
-- Filled by projections/released.py, all that the answering side may read (docs/adr/0026): what is
-- released, with its place in the log. Contents are JSON, as readers get them.
CREATE TABLE released_organisation (
  organisation uuid PRIMARY KEY,
  leaf_index bigint NOT NULL,
  content text NOT NULL
);
CREATE TABLE released_grid (
  organisation uuid NOT NULL,
  period text NOT NULL,
  leaf_index bigint NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE released_draw (
  organisation uuid NOT NULL,
  measure text NOT NULL,
  period text NOT NULL,
  grid uuid NOT NULL,
  leaf_index bigint NOT NULL,
  values_drawn bigint[] NOT NULL,
  PRIMARY KEY (organisation, measure, period)
);
CREATE TABLE released_table (
  organisation uuid NOT NULL,
  period text NOT NULL,
  dimension text NOT NULL,
  leaf_index bigint NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (organisation, period, dimension)
);
INSERT INTO projection_table (name) VALUES
  ('held_grid'), ('held_measure'), ('drawn_measure'),
  ('released_organisation'), ('released_grid'), ('released_draw'), ('released_table');
