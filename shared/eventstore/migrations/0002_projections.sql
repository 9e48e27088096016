-- How far each projection of each organisation's log has come. Not part of the store proper: the
-- service writes it in the transaction that changes the projection's tables.
CREATE TABLE projection_position (
  name text PRIMARY KEY,
  position bigint NOT NULL CHECK (position >= 0)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON projection_position TO {service};

-- The last day for which a daily job was completed.
CREATE TABLE schedule (
  name text PRIMARY KEY,
  day date NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON schedule TO {service};
