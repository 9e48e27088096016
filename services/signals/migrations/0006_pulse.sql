-- Filled by projections/pulses.py: which rounds there are, and hashes of the tokens that may answer.
CREATE TABLE pulse_round (
  organisation uuid NOT NULL,
  period text NOT NULL,
  stream uuid NOT NULL UNIQUE,
  status text NOT NULL,
  opens_on date NOT NULL,
  closes_on date NOT NULL,
  due date NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE pulse_token (
  organisation uuid NOT NULL,
  period text NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (organisation, hash, period)
);
-- What the answering side reads of pulses, as JSON: what is asked, and what is released.
CREATE TABLE released_pulse_round (
  organisation uuid NOT NULL,
  period text NOT NULL,
  leaf_index bigint NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE released_pulse (
  organisation uuid NOT NULL,
  period text NOT NULL,
  leaf_index bigint NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (organisation, period)
);
INSERT INTO projection_table (name)
  VALUES ('pulse_round'), ('pulse_token'), ('released_pulse_round'), ('released_pulse');

-- Answers of a round that is not over (pulse_box.py). No projection: they are not made of events, and
-- go when the round is closed. All sheets of a round are one block, shuffled anew with each answer and
-- encrypted under the round's key; which tokens are used stands apart. No column, order or time links
-- the two.
CREATE TABLE pulse_box (
  organisation uuid NOT NULL,
  period text NOT NULL,
  closed boolean NOT NULL,
  key_id uuid NOT NULL,
  nonce bytea NOT NULL,
  ciphertext bytea NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE pulse_used (
  organisation uuid NOT NULL,
  period text NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (organisation, period, hash)
);
