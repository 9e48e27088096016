-- A table of a projection may say by row which roles read it. LIKE leaves row-level security behind, and
-- a rebuild would open what the table kept shut; so the copy gets it before it has a row.
CREATE FUNCTION rebuild_policies(wanted text) RETURNS void LANGUAGE plpgsql
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  relation regclass := to_regclass(format('{service}.%I', wanted));
  found record;
BEGIN
  IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation) THEN
    RETURN;
  END IF;
  EXECUTE format('ALTER TABLE {service}_rebuild.%I ENABLE ROW LEVEL SECURITY', wanted);
  FOR found IN
    SELECT policyname AS name, permissive, cmd, qual, with_check, (
      SELECT string_agg(CASE WHEN role = 'public' THEN 'PUBLIC' ELSE quote_ident(role) END, ', ')
      FROM unnest(roles) AS role) AS whom
    FROM pg_policies WHERE schemaname = '{service}' AND tablename = wanted
  LOOP
    EXECUTE format('CREATE POLICY %I ON {service}_rebuild.%I AS %s FOR %s TO %s',
        found.name, wanted, found.permissive, found.cmd, found.whom)
      -- Null, and so nothing, where there is no such part.
      || coalesce(' USING (' || found.qual || ')', '')
      || coalesce(' WITH CHECK (' || found.with_check || ')', '');
  END LOOP;
END
$$;

-- As in 0004_rebuild.sql, with the policies. Empty copies of `tables` in {service}_rebuild; what a rebuild that was killed left there goes.
-- One rebuild or audit at a time: the session holds it until it ends, also by a kill.
-- Errors: P0H05 (no projection's table, or one that cannot be copied), P0H06 (another is under way).
CREATE OR REPLACE FUNCTION rebuild_begin(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  wanted text;
  relation regclass;
  given record;
BEGIN
  IF NOT pg_try_advisory_lock(hashtextextended('{service}/rebuild', 0)) THEN
    RAISE EXCEPTION 'another rebuild or audit is under way' USING ERRCODE = 'P0H06';
  END IF;
  FOREACH wanted IN ARRAY tables LOOP
    relation := to_regclass(format('{service}.%I', wanted));
    IF relation IS NULL OR NOT EXISTS (SELECT 1 FROM projection_table WHERE name = wanted) THEN
      RAISE EXCEPTION 'no table of a projection' USING ERRCODE = 'P0H05';
    END IF;
    -- LIKE leaves these behind, and the swap would lose them unseen.
    IF EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = relation)
      OR EXISTS (SELECT 1 FROM pg_constraint
                 WHERE contype = 'f' AND relation IN (conrelid, confrelid))
      OR NOT EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'p' AND conrelid = relation)
    THEN
      RAISE EXCEPTION 'a projection has a primary key, no foreign key and no trigger'
        USING ERRCODE = 'P0H05';
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS {service}_rebuild.%I', wanted);
    EXECUTE format(
      'CREATE TABLE {service}_rebuild.%1$I (LIKE {service}.%1$I INCLUDING ALL)', wanted);
    FOR given IN
      SELECT acl.privilege_type AS privilege, acl.grantee::regrole AS role
      FROM pg_class, aclexplode(relacl) AS acl
      WHERE pg_class.oid = relation AND acl.grantee NOT IN (0, relowner)
    LOOP
      EXECUTE format('GRANT %s ON {service}_rebuild.%I TO %s', given.privilege, wanted, given.role);
    END LOOP;
    PERFORM rebuild_policies(wanted);
  END LOOP;
END
$$;
