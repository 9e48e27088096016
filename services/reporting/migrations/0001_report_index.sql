-- Filled by projections/report_index.py.
CREATE TABLE report_index (
  report_id uuid PRIMARY KEY,
  organisation uuid NOT NULL,
  period text NOT NULL CHECK (period ~ '^[0-9]{4}(-H[12])?$'),
  status text NOT NULL CHECK (status IN ('drafted', 'approved', 'published')),
  UNIQUE (organisation, period)
);
