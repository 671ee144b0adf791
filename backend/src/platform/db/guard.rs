//! Start-up refusal: the service does not serve as a role that row-level security does not bind, nor on a schema
//! that is older than the program.

use super::Db;
use crate::error::{Error, Result};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl as _;

#[expect(clippy::struct_excessive_bools, reason = "the facts of one catalogue query")]
#[derive(QueryableByName)]
struct RoleFacts {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    superuser: bool,
    #[diesel(sql_type = Bool)]
    bypasses: bool,
    #[diesel(sql_type = Bool)]
    owns: bool,
    #[diesel(sql_type = Bool)]
    migrated: bool,
}

const FACTS: &str = "SELECT r.rolname::text AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypasses, \
    EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace) AS owns, \
    to_regclass('public.queue_deliveries') IS NOT NULL AS migrated \
    FROM pg_roles r WHERE r.rolname = current_user";

impl Db {
    /// Checks both roles.
    ///
    /// # Errors
    /// A sentence that names the setting and the fix, when a role is a superuser, bypasses row-level security or
    /// owns a table, or when the schema is missing.
    pub async fn check_roles(&self) -> Result<()> {
        let mut app = self.app_connection().await?;
        judge("DATABASE_URL", &diesel::sql_query(FACTS).get_result(&mut app).await?)?;
        let mut system = self.system_connection().await?;
        judge("DATABASE_SYSTEM_URL", &diesel::sql_query(FACTS).get_result(&mut system).await?)
    }

    /// Whether PostgreSQL answers and the schema is there.
    ///
    /// # Errors
    /// 503 otherwise.
    pub async fn ready(&self) -> Result<()> {
        let mut app = self.app_connection().await?;
        let facts: RoleFacts = diesel::sql_query(FACTS).get_result(&mut app).await?;
        if facts.migrated { Ok(()) } else { Err(Error::unavailable("the schema is missing")) }
    }
}

fn judge(variable: &str, facts: &RoleFacts) -> Result<()> {
    let fault = if facts.superuser {
        "is a superuser"
    } else if facts.bypasses {
        "bypasses row-level security (BYPASSRLS)"
    } else if facts.owns {
        "owns tables"
    } else if facts.migrated {
        return Ok(());
    } else {
        return Err(Error::internal(format!(
            "{variable}: the schema is missing. Run `tillwatch migrate` with DATABASE_OWNER_URL first."
        )));
    };
    Err(Error::internal(format!(
        "{variable}: the role `{}` {fault}, so tenants would not be kept apart. Refusing to serve. Use the roles \
         `tillwatch_app` and `tillwatch_system` of migrations/README.md.",
        facts.name
    )))
}
