-- Of a withdrawn signal nothing that a question could tell apart stays: it has no period, place and scope.
ALTER TABLE released_signal
  ALTER COLUMN period DROP NOT NULL,
  ALTER COLUMN place DROP NOT NULL,
  ALTER COLUMN scope DROP NOT NULL;
UPDATE released_signal SET period = NULL, place = NULL, scope = NULL WHERE content IS NULL;
