-- Filled by projections/signals.py. Who works on a signal is a pseudonym; what it says stands in its
-- events alone until it is released.
CREATE TABLE signal_index (
  signal_id uuid PRIMARY KEY,
  organisation uuid NOT NULL,
  status text NOT NULL,
  author bytea,
  reviewer bytea,
  due date NOT NULL,
  changed bigint NOT NULL
);
CREATE INDEX ON signal_index (organisation, changed DESC);
-- The day of each organisation's next tick of signals.
CREATE TABLE held_signal_tick (
  organisation uuid PRIMARY KEY,
  day date NOT NULL
);
-- Signals that were withdrawn after their release, and not told of at a tick yet.
CREATE TABLE held_withdrawal (
  signal_id uuid PRIMARY KEY,
  organisation uuid NOT NULL
);
-- All that the answering side may read of signals: what is released, with its place in the log.
-- `content` is JSON as readers get it, and goes when the signal is withdrawn.
CREATE TABLE released_signal (
  signal_id uuid PRIMARY KEY,
  organisation uuid NOT NULL,
  leaf_index bigint NOT NULL,
  week text NOT NULL,
  period text NOT NULL,
  place text NOT NULL,
  scope text[] NOT NULL,
  content text,
  withdrawn_week text,
  withdrawn_reason text
);
CREATE INDEX ON released_signal (organisation, leaf_index DESC);
INSERT INTO projection_table (name)
  VALUES ('signal_index'), ('held_signal_tick'), ('held_withdrawal'), ('released_signal');
