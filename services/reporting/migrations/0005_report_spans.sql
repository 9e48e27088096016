-- A report may be of a span, as ISO 8601 writes it.
ALTER TABLE report_index DROP CONSTRAINT report_index_period_check;
ALTER TABLE report_index ADD CONSTRAINT report_index_period_check CHECK
  (period ~ '^[0-9]{4}(-H[12])?$' OR period ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}$');
