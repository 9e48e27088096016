-- Filled by projections/published.py: tables that others published, which readers see with the source.
-- `leaf_index` is the place of the event in the log; the content is JSON.
CREATE TABLE released_published (
  organisation uuid NOT NULL,
  leaf_index bigint NOT NULL,
  period text NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (organisation, leaf_index)
);
INSERT INTO projection_table (name) VALUES ('released_published');
