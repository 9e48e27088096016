-- Filled by projections/lagging.py: that a formal complaint came, or that absence rose, in which period, as
-- the organisation told it or took it back. `leaf_index` is the place of the event in the log.
CREATE TABLE released_lagging (
  organisation uuid NOT NULL,
  leaf_index bigint NOT NULL,
  what text NOT NULL,
  period text NOT NULL,
  happened boolean NOT NULL,
  PRIMARY KEY (organisation, leaf_index)
);
INSERT INTO projection_table (name) VALUES ('released_lagging');
