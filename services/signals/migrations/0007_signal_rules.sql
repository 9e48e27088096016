-- Organisations whose rules are to be run after a tick. Filled by projections/signals.py, for those of
-- the policy noisy.
ALTER TABLE held_signal_tick ADD COLUMN noisy boolean NOT NULL DEFAULT false;
CREATE TABLE held_rules (
  organisation uuid PRIMARY KEY,
  day date NOT NULL
);
INSERT INTO projection_table (name) VALUES ('held_rules');
