-- To whom a report's newest version was published; until now every published one went to all leaders.
ALTER TABLE report_index ADD COLUMN audiences text[] NOT NULL DEFAULT '{}';
ALTER TABLE report_index ADD COLUMN versions integer NOT NULL DEFAULT 0;
UPDATE report_index SET audiences = '{hr,board,works_council}', versions = 1 WHERE status = 'published';
