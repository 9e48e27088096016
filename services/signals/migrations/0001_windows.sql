-- Filled by projections/windows.py. Periods and days are coarse; streams are random ids.
CREATE TABLE released_window (
  organisation uuid NOT NULL,
  period text NOT NULL,
  stream uuid NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE held_window (
  organisation uuid NOT NULL,
  period text NOT NULL,
  due date NOT NULL,
  PRIMARY KEY (organisation, period)
);
CREATE TABLE held_facts (
  organisation uuid NOT NULL,
  period text NOT NULL,
  stream uuid NOT NULL UNIQUE,
  PRIMARY KEY (organisation, period, stream)
);
CREATE TABLE reached_day (
  organisation uuid PRIMARY KEY,
  day date NOT NULL
);
