//! The database's own catalogue is asked whether every table keeps tenants apart, and keeps the schema ready to be
//! distributed by tenant.
//!
//! [`violations`] is the suite: a list of sentences, empty when all is well. Each of its rules is broken once here,
//! inside a transaction that is rolled back, and must notice; `isolation` runs it on a database that lost a policy.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::database::{OneText, connect};
use crate::harness::own_database;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use std::fmt::Write as _;

/// The tables of the service: no partitions, not the migrations' own table. `tenant` says whether a table has `tenant_id`,
/// `local` whether it has `for_tenant`; `mark` is the first word of its comment.
const TABLES: &str = "t AS (SELECT c.oid, c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS tenant,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'for_tenant') AS local,
    coalesce(split_part(obj_description(c.oid, 'pg_class'), ' ', 1), '') AS mark
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname <> '__diesel_schema_migrations'),
  p AS (SELECT pol.polrelid AS oid, pol.polname AS name, pol.polcmd AS cmd, pol.polpermissive AS permissive,
    (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ',') FROM unnest(pol.polroles) r) AS roles,
    pg_get_expr(pol.polqual, pol.polrelid) AS qual, pg_get_expr(pol.polwithcheck, pol.polrelid) AS checked FROM pg_policy pol),
  u AS (SELECT i.indrelid AS oid, i.indexrelid::regclass AS name, i.indisprimary AS primary_key,
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]) AS first
    FROM pg_index i WHERE i.indisunique),
  f AS (SELECT k.conrelid AS oid, k.confrelid AS target, k.conname AS name, k.confdeltype AS on_delete,
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) AS first,
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1]) AS target_first
    FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0),
  service AS (SELECT oid, rolname AS name FROM pg_roles WHERE rolname IN ('tillwatch_app', 'tillwatch_system')),
  g AS (SELECT c.oid, c.relname AS name, c.relispartition AS partition, a.privilege_type AS privilege,
    CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END AS grantee
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner)";

const TENANT_QUAL: &str = "(tenant_id = (current_setting(''app.tenant_id''::text))::uuid)";
const LOCAL_QUAL: &str = "(for_tenant = (current_setting(''app.tenant_id''::text))::uuid)";

/// Each rule is a query whose rows are the sentences of its violations; `TENANT_QUAL` and `LOCAL_QUAL` are filled in.
const RULES: &[&str] = &[
    // Tenant tables: the policy.
    "SELECT format('%s has no enabled and forced row-level security', name) FROM t WHERE tenant AND NOT forced",
    "SELECT format('%s has %s policies, not the one', t.name, count(p.oid)) FROM t LEFT JOIN p USING (oid) WHERE tenant
     GROUP BY t.name HAVING count(p.oid) <> 1",
    "SELECT format('%s has another policy than the one: %s', t.name, p) FROM t JOIN p USING (oid) WHERE tenant AND NOT
     (p.name = 'tenant' AND p.cmd = '*' AND p.permissive AND p.roles = 'public' AND p.qual = 'TENANT_QUAL' AND p.checked = 'TENANT_QUAL')",
    "SELECT format('%s: %I is not a uuid that is never null', t.name, a.attname) FROM t JOIN pg_attribute a ON a.attrelid = t.oid
     WHERE a.attname IN ('tenant_id', 'for_tenant') AND NOT (a.attnotnull AND a.atttypid = 'uuid'::regtype)",
    // Tenant tables: the keys.
    "SELECT format('%s has no primary key', t.name) FROM t WHERE NOT EXISTS (SELECT FROM u WHERE u.oid = t.oid AND u.primary_key)",
    "SELECT format('%s: the unique index %s does not begin with tenant_id', t.name, u.name) FROM t JOIN u USING (oid)
     WHERE tenant AND u.first IS DISTINCT FROM 'tenant_id'",
    "SELECT format('%s: the foreign key %s does not pair tenant with tenant', t.name, f.name) FROM t JOIN f USING (oid)
     WHERE tenant AND NOT (f.first = 'tenant_id' AND f.target_first = 'tenant_id')",
    "SELECT format('%s: the foreign key %s changes rows on delete', t.name, f.name) FROM t JOIN f USING (oid) WHERE f.on_delete <> 'a'",
    // Tables without tenant_id.
    "SELECT format('%s has no tenant_id and no mark citus:local or citus:reference', name) FROM t
     WHERE NOT tenant AND mark NOT IN ('citus:local', 'citus:reference')",
    "SELECT format('%s is marked %s and has a tenant_id', name, mark) FROM t WHERE tenant AND mark LIKE 'citus:%'",
    // Local tables lie on one node, so that they may refer to each other.
    "SELECT format('%s: a foreign key into or out of a table without tenant_id: %s', a.name, f.name) FROM f
     JOIN t a ON a.oid = f.oid JOIN t b ON b.oid = f.target
     WHERE NOT (a.tenant AND b.tenant) AND NOT (a.mark = 'citus:local' AND b.mark = 'citus:local')",
    "SELECT format('%s is local, without its policy, and the app role may %s', t.name, g.privilege) FROM t JOIN g USING (oid)
     WHERE mark = 'citus:local' AND g.grantee = 'tillwatch_app' AND g.privilege <> 'INSERT' AND NOT (local AND forced AND EXISTS
     (SELECT FROM p WHERE p.oid = t.oid AND p.name = 'tenant' AND p.cmd = '*' AND p.roles = 'tillwatch_app'
      AND p.qual = 'LOCAL_QUAL' AND p.checked = 'LOCAL_QUAL'))",
    "SELECT format('%s is local, names retailers, and the app role may add a row of another one', t.name) FROM t
     WHERE mark = 'citus:local' AND local AND has_table_privilege('tillwatch_app', t.oid, 'INSERT') AND NOT (forced AND EXISTS
     (SELECT FROM p WHERE p.oid = t.oid AND p.name = 'tenant' AND p.cmd IN ('a', '*') AND p.roles = 'tillwatch_app' AND p.checked = 'LOCAL_QUAL'))",
    // Beside it there is one exception, by docs/decisions/0080-long-jobs-and-deletion.md: the owner, for tillwatch_erase, which FORCE
    // binds too, reads the closing that allows an erasure and locks it; it changes none.
    "SELECT format('%s is local and has a policy for the app role that is not the one: %s', t.name, p) FROM t JOIN p USING (oid)
     WHERE mark = 'citus:local' AND p.roles <> 'tillwatch_system' AND p.name <> 'tenant' AND NOT (t.name = 'directory_closings'
     AND p.roles = 'tillwatch_owner' AND (p.cmd = 'r' OR (p.cmd = 'w' AND p.checked = 'false')))",
    "SELECT format('%s is shared and %s may %s', t.name, g.grantee, g.privilege) FROM t JOIN g USING (oid)
     WHERE mark = 'citus:reference' AND g.privilege <> 'SELECT'",
    // What goes around a policy, or cannot be distributed.
    "SELECT format('%s has the trigger %I', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT format('the view %s is not security_invoker', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace
     AND relkind = 'v' AND NOT coalesce(reloptions::text ~ 'security_invoker=(true|on|1)', false)",
    "SELECT format('%s is a materialised view', oid::regclass) FROM pg_class WHERE relkind = 'm' AND relnamespace = 'public'::regnamespace",
    // One exception, by docs/decisions/0080-long-jobs-and-deletion.md: what erases a retailer that is due, for the narrow role alone.
    "SELECT format('%s is SECURITY DEFINER', oid::regprocedure) FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
     AND NOT (oid::regprocedure::text = 'tillwatch_erase(uuid,integer)' AND 'search_path=pg_catalog, public, pg_temp' = ANY (proconfig)
     AND NOT has_function_privilege('tillwatch_app', oid, 'EXECUTE'))",
    "SELECT format('%s names retailers or logins, and the system role may not erase it', t.name) FROM t
     WHERE NOT tenant AND (local OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'login_id'))
     AND NOT has_table_privilege('tillwatch_system', t.oid, 'DELETE')",
    "SELECT format('%s: the policy %I has a sub-select', oid::regclass, name) FROM p WHERE concat(qual, checked) ~* '\\mselect\\M'",
    "SELECT format('the partition %s is granted to %s', name, grantee) FROM g WHERE partition",
    "SELECT format('the partition %s has partitions', oid::regclass) FROM pg_class WHERE relispartition AND relkind = 'p'",
    "SELECT format('%s.%I has a default that is computed', adrelid::regclass, a.attname) FROM pg_attrdef d JOIN pg_attribute a
     ON a.attrelid = d.adrelid AND a.attnum = d.adnum JOIN t ON t.oid = d.adrelid WHERE pg_get_expr(d.adbin, d.adrelid) LIKE '%(%'",
    "SELECT format('the type %I is an enum: its = is not leakproof', typname) FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace",
    // The roles.
    "SELECT format('%s is more than a plain role', rolname) FROM pg_roles WHERE rolname LIKE 'tillwatch%'
     AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
    "SELECT format('%s is a member of %s', member::regrole, roleid::regrole) FROM pg_auth_members WHERE member IN (SELECT oid FROM service)",
    "SELECT format('%s owns %s', s.name, d.objid) FROM pg_shdepend d JOIN service s ON s.oid = d.refobjid WHERE d.deptype = 'o'
     AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    "SELECT format('%s may create in the schema', name) FROM service WHERE has_schema_privilege(oid, 'public', 'CREATE')",
    "SELECT format('%s may %s %s', grantee, privilege, name) FROM g WHERE privilege IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')",
    "SELECT format('everybody may %s %s', privilege, name) FROM g WHERE grantee = 'public'",
    "SELECT format('the system role may %s the tenant table %s', g.privilege, t.name) FROM t JOIN g USING (oid)
     WHERE tenant AND g.grantee = 'tillwatch_system'",
    "SELECT format('%s is a history and %s may %s it', name, grantee, privilege) FROM g
     WHERE (name LIKE '%\\_events' OR name IN ('audit_entries', 'audit_seals')) AND privilege NOT IN ('SELECT', 'INSERT')",
];

/// Every way in which the database does not keep tenants apart, as sentences.
pub(crate) async fn violations(conn: &mut AsyncPgConnection) -> Vec<String> {
    let mut query = format!("WITH {TABLES} SELECT v.text FROM (SELECT ''::text AS text WHERE false");
    for rule in RULES {
        let rule = rule.replace("TENANT_QUAL", TENANT_QUAL).replace("LOCAL_QUAL", LOCAL_QUAL);
        write!(query, "\nUNION ALL ({rule})").expect("text");
    }
    query.push_str(") v ORDER BY 1");
    let rows: Vec<OneText> = diesel::sql_query(query).load(conn).await.expect("the rules are valid SQL");
    rows.into_iter().filter_map(|row| row.text).collect()
}

#[tokio::test]
async fn every_table_keeps_tenants_apart() {
    let database = own_database().await;
    assert_eq!(violations(&mut connect(&database.superuser_url).await).await, Vec::<String>::new());
}

/// What breaks a rule, and what the suite then says.
const BREACHES: &[(&str, &str)] = &[
    ("ALTER TABLE campaigns DISABLE ROW LEVEL SECURITY", "campaigns has no enabled and forced"),
    ("ALTER TABLE campaigns NO FORCE ROW LEVEL SECURITY", "campaigns has no enabled and forced"),
    ("DROP POLICY tenant ON campaigns", "campaigns has 0 policies"),
    ("CREATE POLICY more ON campaigns USING (true)", "campaigns has 2 policies"),
    ("ALTER POLICY tenant ON campaigns USING (true)", "campaigns has another policy"),
    ("ALTER POLICY tenant ON campaigns WITH CHECK (true)", "campaigns has another policy"),
    (
        "ALTER POLICY tenant ON campaigns USING (tenant_id = (SELECT current_setting('app.tenant_id')::uuid))",
        "campaigns: the policy tenant has a sub-select",
    ),
    ("CREATE TABLE forgotten (tenant_id uuid PRIMARY KEY)", "forgotten has no enabled and forced"),
    ("CREATE TABLE forgotten (tenant_id uuid)", "forgotten has no primary key"),
    ("CREATE TABLE forgotten (id uuid PRIMARY KEY)", "forgotten has no tenant_id and no mark"),
    (
        "ALTER TABLE queue_jobs ALTER for_tenant DROP NOT NULL",
        "queue_jobs: for_tenant is not a uuid that is never null",
    ),
    ("CREATE UNIQUE INDEX ON campaigns (external_key)", "does not begin with tenant_id"),
    (
        "CREATE TABLE child (tenant_id uuid, c uuid PRIMARY KEY, FOREIGN KEY (c, tenant_id) REFERENCES campaigns (campaign_id, tenant_id))",
        "does not pair tenant with tenant",
    ),
    (
        "ALTER TABLE alerts ADD FOREIGN KEY (tenant_id, acknowledged_by) REFERENCES staff ON DELETE SET NULL",
        "changes rows on delete",
    ),
    (
        "ALTER TABLE queue_jobs ADD FOREIGN KEY (for_tenant) REFERENCES tenants",
        "into or out of a table without tenant_id",
    ),
    ("COMMENT ON TABLE campaigns IS 'citus:local no'", "campaigns is marked citus:local and has a tenant_id"),
    (
        "GRANT SELECT ON queue_jobs TO tillwatch_app",
        "queue_jobs is local, without its policy, and the app role may SELECT",
    ),
    (
        "DROP POLICY tenant ON queue_deliveries",
        "queue_deliveries is local, without its policy, and the app role may SELECT",
    ),
    ("ALTER TABLE queue_deliveries NO FORCE ROW LEVEL SECURITY", "queue_deliveries is local, without its policy"),
    (
        "ALTER TABLE directory_closings NO FORCE ROW LEVEL SECURITY",
        "directory_closings is local, names retailers, and the app role may add a row of another one",
    ),
    (
        "ALTER POLICY tenant ON queue_jobs WITH CHECK (true)",
        "queue_jobs is local, names retailers, and the app role may add a row of another one",
    ),
    (
        "ALTER POLICY erase_locks ON directory_closings WITH CHECK (true)",
        "directory_closings is local and has a policy for the app role that is not the one",
    ),
    (
        "CREATE POLICY more ON queue_deliveries TO tillwatch_app USING (true)",
        "queue_deliveries is local and has a policy for the app role that is not the one",
    ),
    (
        "CREATE TABLE codes (code text PRIMARY KEY); COMMENT ON TABLE codes IS 'citus:reference x'; GRANT UPDATE ON codes TO tillwatch_app",
        "codes is shared and tillwatch_app may UPDATE",
    ),
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
         CREATE TRIGGER touch BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION f()",
        "campaigns has the trigger touch",
    ),
    ("CREATE VIEW v AS SELECT * FROM campaigns", "the view v is not security_invoker"),
    ("CREATE MATERIALIZED VIEW v AS SELECT * FROM campaigns", "v is a materialised view"),
    ("CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'", "f() is SECURITY DEFINER"),
    (
        "GRANT EXECUTE ON FUNCTION tillwatch_erase(uuid, integer) TO tillwatch_app",
        "tillwatch_erase(uuid,integer) is SECURITY DEFINER",
    ),
    ("REVOKE DELETE ON queue_jobs FROM tillwatch_system", "queue_jobs names retailers or logins"),
    ("GRANT SELECT ON samples_rest TO tillwatch_app", "the partition samples_rest is granted to tillwatch_app"),
    (
        "CREATE TABLE samples_2099_01 PARTITION OF samples FOR VALUES FROM ('2099-01-01') TO ('2099-02-01') PARTITION BY RANGE (at)",
        "the partition samples_2099_01 has partitions",
    ),
    ("ALTER TABLE campaigns ALTER created_at SET DEFAULT now()", "campaigns.created_at has a default that is computed"),
    ("CREATE TYPE mood AS ENUM ('good')", "the type mood is an enum"),
    ("ALTER ROLE tillwatch_app BYPASSRLS", "tillwatch_app is more than a plain role"),
    ("GRANT tillwatch_owner TO tillwatch_system", "tillwatch_system is a member of tillwatch_owner"),
    ("ALTER TABLE rules OWNER TO tillwatch_app", "tillwatch_app owns"),
    ("GRANT CREATE ON SCHEMA public TO tillwatch_app", "tillwatch_app may create in the schema"),
    ("GRANT TRUNCATE ON campaigns TO tillwatch_app", "tillwatch_app may TRUNCATE campaigns"),
    ("GRANT SELECT ON campaigns TO PUBLIC", "everybody may SELECT campaigns"),
    ("GRANT SELECT ON campaigns TO tillwatch_system", "the system role may SELECT the tenant table campaigns"),
    ("GRANT UPDATE ON audit_entries TO tillwatch_app", "audit_entries is a history and tillwatch_app may UPDATE it"),
];

#[tokio::test]
async fn each_rule_notices_its_breach() {
    let database = own_database().await;
    let mut conn = connect(&database.superuser_url).await;
    for (breach, said) in BREACHES {
        conn.batch_execute(&format!("BEGIN; {breach}")).await.unwrap_or_else(|error| panic!("{breach}: {error}"));
        let found = violations(&mut conn).await;
        conn.batch_execute("ROLLBACK").await.expect("ROLLBACK");
        assert!(found.iter().any(|sentence| sentence.contains(said)), "{breach} is not noticed: {found:#?}");
    }
    assert_eq!(violations(&mut conn).await, Vec::<String>::new(), "what was broken is mended");
}

/// What a statement of the app role says, in a transaction of its own that is rolled back.
async fn said(conn: &mut AsyncPgConnection, statements: &str) -> String {
    let outcome = conn.batch_execute(&format!("BEGIN; {statements}")).await;
    conn.batch_execute("ROLLBACK").await.expect("ROLLBACK");
    outcome.map_or_else(|error| error.to_string(), |()| "done".to_owned())
}

#[tokio::test]
async fn without_a_tenant_nothing_can_be_asked_and_anothers_row_cannot_be_made() {
    const ONE: &str = "00000000-0000-7000-8000-000000000001";
    const OTHER: &str = "00000000-0000-7000-8000-000000000002";
    let database = &own_database().await;
    for tenant in [ONE, OTHER] {
        let insert = format!("INSERT INTO tenants VALUES ('{tenant}', 'A', 'en', 'UTC', 'USD', now())");
        database.execute(&insert).await;
    }
    let login =
        "INSERT INTO directory_logins VALUES ('00000000-0000-7000-8000-000000000003', 'a@b.example', 'x', now())";
    database.execute(login).await;
    let mut app = connect(&database.app_url).await;
    // Never set: an error, not an empty answer.
    assert!(said(&mut app, "SELECT * FROM tenants").await.contains("app.tenant_id"));
    assert_eq!(said(&mut app, &format!("SET LOCAL app.tenant_id = '{ONE}'; SELECT * FROM tenants")).await, "done");
    // Set by an earlier transaction: gone, and an error still.
    assert!(said(&mut app, "SELECT * FROM tenants").await.contains("invalid input syntax for type uuid"));
    let channel = |tenant: &str| {
        format!(
            "SET LOCAL app.tenant_id = '{ONE}'; INSERT INTO channels VALUES ('{tenant}', '{ONE}', 'A', NULL, 'store', \
             false, 'public', 'active', NULL, now(), now(), 1)"
        )
    };
    assert_eq!(said(&mut app, &channel(ONE)).await, "done");
    assert!(said(&mut app, &channel(OTHER)).await.contains("violates row-level security policy"));
    let moved = format!("{}; UPDATE channels SET tenant_id = '{OTHER}'", channel(ONE));
    assert!(said(&mut app, &moved).await.contains("violates row-level security policy"));
    // What it adds to the local tables is its own retailer's: a closing of another one would have it erased.
    let added = |tenant: &str, row: &str| {
        format!("SET LOCAL app.tenant_id = '{ONE}'; INSERT INTO {}", row.replace("TENANT", &format!("'{tenant}'")))
    };
    for row in [
        "directory_closings (erasure_id, for_tenant, name_hash, state_before, asked_at, closes_at, counts) \
         VALUES (gen_random_uuid(), TENANT, sha256('a'), 'active', now(), now(), '{}')",
        "queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
         VALUES (gen_random_uuid(), TENANT, 'judge', '{}', 'r', 'ready', now(), now()) ON CONFLICT DO NOTHING",
        "directory_credentials (hash, kind, for_tenant, subject_id, expires_at) \
         VALUES (sha256('a'), 'api_token', TENANT, gen_random_uuid(), now())",
        "directory_staff (login_id, for_tenant, staff_id) VALUES ('00000000-0000-7000-8000-000000000003', TENANT, gen_random_uuid())",
        "directory_tenants (for_tenant, created_at) VALUES (TENANT, now())",
        "directory_chat_servers (transport, server_ref, for_tenant) VALUES ('discord', 's', TENANT)",
        "directory_links (hash, kind, for_tenant, subject_id, expires_at) \
         VALUES (sha256('a'), 'invitation', TENANT, gen_random_uuid(), now())",
    ] {
        assert_eq!(said(&mut app, &added(ONE, row)).await, "done", "{row}");
        assert!(said(&mut app, &added(OTHER, row)).await.contains("violates row-level security policy"), "{row}");
    }
    // The floor under the directory: the app role adds and never reads.
    assert!(said(&mut app, "SELECT * FROM directory_logins").await.contains("permission denied"));
    let mut system = connect(&database.system_url).await;
    let read = format!("SET LOCAL app.tenant_id = '{ONE}'; SELECT * FROM tenants");
    assert!(said(&mut system, &read).await.contains("permission denied"));
}
