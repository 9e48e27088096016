-- Projections are rebuilt beside the ones that serve, in a schema of their own and under the same
-- names, so that the same statements fill both and indexes keep their names; then they are swapped
-- in (docs/adr/0015-rebuild-by-swap.md). A service has no right to make a table: these functions
-- do it, for what a migration has registered and for nothing else.
CREATE TABLE projection_table (
  name text PRIMARY KEY
);

CREATE SCHEMA {service}_rebuild;
GRANT USAGE ON SCHEMA {service}_rebuild TO {service};

-- Empty copies of `tables` in {service}_rebuild; what a rebuild that was killed left there goes.
-- One rebuild or audit at a time: the session holds it until it ends, also by a kill.
-- Errors: P0H05 (no projection's table, or one that cannot be copied), P0H06 (another is under way).
CREATE FUNCTION rebuild_begin(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
  END LOOP;
END
$$;

-- What the planner needs to know of the new tables, before anybody reads them.
CREATE FUNCTION rebuild_settle(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  wanted text;
BEGIN
  FOR wanted IN SELECT name FROM projection_table WHERE name = ANY (tables) LOOP
    EXECUTE format('ANALYZE {service}_rebuild.%I', wanted);
  END LOOP;
END
$$;

-- The copies take the tables' place. The caller writes the positions in the same transaction.
-- Errors: P0H05.
CREATE FUNCTION rebuild_swap(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY tables LOOP
    IF NOT EXISTS (SELECT 1 FROM projection_table WHERE name = wanted) THEN
      RAISE EXCEPTION 'no table of a projection' USING ERRCODE = 'P0H05';
    END IF;
    EXECUTE format('DROP TABLE {service}.%I', wanted);
    EXECUTE format('ALTER TABLE {service}_rebuild.%I SET SCHEMA {service}', wanted);
  END LOOP;
END
$$;

-- The copies go: an audit has compared them.
CREATE FUNCTION rebuild_end(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {service}, pg_catalog, pg_temp
  AS $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY tables LOOP
    EXECUTE format('DROP TABLE IF EXISTS {service}_rebuild.%I', wanted);
  END LOOP;
  PERFORM pg_advisory_unlock(hashtextextended('{service}/rebuild', 0));
END
$$;
