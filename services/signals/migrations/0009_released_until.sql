-- Up to which entry of an organisation's log all that leaves has left: what stands before it may be
-- answered (docs/adr/0036). Written when the stream has confirmed; no projection, since no event says it.
-- It only moves forward: a stream that is lost and filled again takes nothing back from readers.
CREATE TABLE released_until (
  organisation uuid PRIMARY KEY,
  size bigint NOT NULL
);
CREATE FUNCTION refuse_to_take_back() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
  AS $$
BEGIN
  RAISE EXCEPTION 'what was answered is not taken back' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER only_forward BEFORE UPDATE ON released_until FOR EACH ROW
  WHEN (NEW.organisation <> OLD.organisation OR NEW.size < OLD.size)
  EXECUTE FUNCTION refuse_to_take_back();

-- Of tables that are made of draws every role but the service's own reads these rows alone. The service's
-- role fills them, and sees all.
ALTER TABLE released_draw ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON released_draw FOR SELECT USING (leaf_index <
  (SELECT size FROM released_until AS seen WHERE seen.organisation = released_draw.organisation));
CREATE POLICY own ON released_draw TO {service} USING (true);
ALTER TABLE released_table ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON released_table FOR SELECT USING (leaf_index <
  (SELECT size FROM released_until AS seen WHERE seen.organisation = released_table.organisation));
CREATE POLICY own ON released_table TO {service} USING (true);
ALTER TABLE released_spent ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON released_spent FOR SELECT USING (leaf_index <
  (SELECT size FROM released_until AS seen WHERE seen.organisation = released_spent.organisation));
CREATE POLICY own ON released_spent TO {service} USING (true);
ALTER TABLE released_spent_table ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON released_spent_table FOR SELECT USING (leaf_index <
  (SELECT size FROM released_until AS seen
    WHERE seen.organisation = released_spent_table.organisation));
CREATE POLICY own ON released_spent_table TO {service} USING (true);
ALTER TABLE released_signal ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON released_signal FOR SELECT USING (leaf_index <
  (SELECT size FROM released_until AS seen WHERE seen.organisation = released_signal.organisation));
CREATE POLICY own ON released_signal TO {service} USING (true);
ALTER TABLE released_pulse ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON released_pulse FOR SELECT USING (leaf_index <
  (SELECT size FROM released_until AS seen WHERE seen.organisation = released_pulse.organisation));
CREATE POLICY own ON released_pulse TO {service} USING (true);
