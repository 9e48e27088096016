-- Which tables may be rebuilt from events alone (shared/eventstore/migrations/0004_rebuild.sql).
INSERT INTO projection_table (name)
  VALUES ('held_window'), ('held_facts'), ('reached_day'), ('released_window');
