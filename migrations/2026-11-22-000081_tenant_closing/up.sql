-- The end of a retailer: closing, erasure, and the certificate that is left.

CREATE TABLE directory_closings (
    -- Unguessable: whoever closed the retailer reads with it what became of it.
    erasure_id uuid PRIMARY KEY,
    for_tenant uuid NOT NULL,
    name_hash bytea NOT NULL CHECK (length(name_hash) = 32),
    state_before text NOT NULL,
    asked_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    kept_open_at timestamptz,
    -- Rows erased so far, by table.
    counts jsonb NOT NULL
);
COMMENT ON TABLE directory_closings IS 'citus:local Which retailers are being closed, and from when on they may be erased.';
CREATE UNIQUE INDEX directory_closings_open ON directory_closings (for_tenant) WHERE kept_open_at IS NULL;
CREATE INDEX directory_closings_due ON directory_closings (closes_at) WHERE kept_open_at IS NULL;
GRANT INSERT ON directory_closings TO tillwatch_app;
GRANT SELECT, UPDATE, DELETE ON directory_closings TO tillwatch_system;

CREATE TABLE directory_erasures (
    erasure_id uuid PRIMARY KEY,
    certificate text NOT NULL,
    -- The public key that verifies it, since published keys are rotated.
    key jsonb NOT NULL,
    erased_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_erasures IS 'citus:local Signed certificates of erasure, without personal data.';
GRANT SELECT, INSERT ON directory_erasures TO tillwatch_system;

-- Removes up to `most` rows of a retailer that is due to be erased, from the tables that refer to others before the
-- ones that are referred to; returns how many of each table. Nothing when nothing is left.
--
-- SECURITY DEFINER, by docs/decisions/0080-long-jobs-and-deletion.md: no serving role may delete histories, and none
-- shall. It does nothing without a row in directory_closings that says that this retailer is due.
CREATE FUNCTION tillwatch_erase(tenant uuid, most integer) RETURNS jsonb LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    victim record;
    removed bigint;
    erased jsonb := '{}';
BEGIN
    PERFORM FROM public.directory_closings
        WHERE for_tenant = tenant AND kept_open_at IS NULL AND closes_at <= now() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'retailer % is not due to be erased', tenant;
    END IF;
    -- The owner is under the policies too.
    PERFORM set_config('app.tenant_id', tenant::text, true);
    FOR victim IN
        WITH RECURSIVE root AS (
            SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ), referring AS (
            SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
        ), level AS (
            SELECT oid, 0 AS depth FROM root
            UNION SELECT r.confrelid, l.depth + 1 FROM level l JOIN referring r ON r.conrelid = l.oid
            WHERE r.confrelid <> r.conrelid AND l.depth < 32
        )
        SELECT t.relname AS name, c.oid::regclass AS place,
            EXISTS (SELECT FROM referring r WHERE r.conrelid = t.oid AND r.confrelid = t.oid) AS refers_to_itself
        FROM (SELECT oid, max(depth) AS depth FROM level GROUP BY oid) l
        JOIN pg_class t ON t.oid = l.oid
        JOIN pg_class c ON c.relkind = 'r' AND (c.oid = t.oid OR (c.relispartition AND pg_partition_root(c.oid) = t.oid))
        ORDER BY l.depth, t.relname, c.relname
    LOOP
        -- What refers to itself goes in one statement: no part of it could go first.
        EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE tenant_id = $1 LIMIT $2))',
            victim.place, victim.place) USING tenant, CASE WHEN victim.refers_to_itself THEN NULL ELSE most END;
        GET DIAGNOSTICS removed = ROW_COUNT;
        IF removed > 0 THEN
            erased := jsonb_set(erased, ARRAY[victim.name::text],
                to_jsonb(coalesce((erased ->> victim.name)::bigint, 0) + removed));
            most := most - removed;
        END IF;
        EXIT WHEN most <= 0;
    END LOOP;
    -- As after any transaction: a query without a retailer is an error.
    PERFORM set_config('app.tenant_id', '', true);
    RETURN erased;
END $$;
REVOKE ALL ON FUNCTION tillwatch_erase(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tillwatch_erase(uuid, integer) TO tillwatch_system;

-- The local tables are erased by the narrow role itself: those that name a retailer, and those of a login without a
-- place.
DO $$
DECLARE
    place regclass;
BEGIN
    FOR place IN
        SELECT DISTINCT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE a.attname IN ('for_tenant', 'login_id') AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'tenant_id')
    LOOP
        EXECUTE format('GRANT SELECT, DELETE ON %s TO tillwatch_system', place);
    END LOOP;
END $$;
