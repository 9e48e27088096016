-- Filled by projections/expiry_watch.py: from which week on the key of something beside the cases is due
-- for destruction.
CREATE TABLE expiry_watch (
  organisation uuid NOT NULL,
  matter uuid PRIMARY KEY,
  look text NOT NULL
);
CREATE INDEX ON expiry_watch (organisation, look);
INSERT INTO projection_table (name) VALUES ('expiry_watch');
