-- Filled by projections/spent.py, read by the answering side: each window that was drawn or is closed,
-- and what its draw spent (null: it is closed, and spent nothing); and the tables that are made of it.
-- `grid` is null for a pulse, and for what is closed by another grid.
CREATE TABLE released_spent (
  organisation uuid NOT NULL,
  measure text NOT NULL,
  period text NOT NULL,
  leaf_index bigint NOT NULL,
  grid uuid,
  adopted boolean NOT NULL,
  epsilon double precision,
  PRIMARY KEY (organisation, measure, period)
);
CREATE TABLE released_spent_table (
  organisation uuid NOT NULL,
  measure text NOT NULL,
  period text NOT NULL,
  dimension text NOT NULL,
  leaf_index bigint NOT NULL,
  PRIMARY KEY (organisation, measure, period, dimension)
);
INSERT INTO projection_table (name) VALUES ('released_spent'), ('released_spent_table');
