-- Filled by projections/term_watch.py: which terms run in which case, in weeks. `look` is the week from
-- which whoever watches has to look at it; none: it is paused, or the coordinator was told.
CREATE TABLE term_watch (
  organisation uuid NOT NULL,
  case_id uuid NOT NULL,
  term text NOT NULL,
  look text,
  due text NOT NULL,
  escalated boolean NOT NULL,
  PRIMARY KEY (case_id, term)
);
CREATE INDEX ON term_watch (organisation, look);
INSERT INTO projection_table (name) VALUES ('term_watch');
