//! Start-up refusal: the service does not serve as a role that row-level security does not bind, nor on a schema
//! that is older than the program, nor where the database's messages are not English: the library hands on some of
//! them without their SQLSTATE, and what was meant is told by the words (`error.rs`, [`super::once`]). Only an
//! administrator may set that language, so the service cannot set it itself.

use super::{Db, migrate};
use crate::error::{Error, Result};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use tillwatch_shared::errors::Code;

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
    #[diesel(sql_type = Text)]
    language: String,
}

#[derive(QueryableByName)]
struct Missing {
    #[diesel(sql_type = BigInt)]
    missing: i64,
}

/// How many of the given migrations were not run.
const MISSING: &str = "SELECT count(*) AS missing FROM unnest($1) AS known (version) \
    WHERE NOT EXISTS (SELECT FROM public.__diesel_schema_migrations m WHERE m.version = known.version)";

const FACTS: &str = "SELECT r.rolname::text AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypasses, \
    current_setting('lc_messages') AS language, \
    EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace) AS owns, \
    coalesce(has_table_privilege(to_regclass('public.__diesel_schema_migrations'), 'SELECT'), false) AS migrated \
    FROM pg_roles r WHERE r.rolname = current_user";

impl Db {
    /// Checks both roles and the schema.
    ///
    /// # Errors
    /// A sentence that names the setting and the fix, when the database cannot be reached, a role is a superuser,
    /// bypasses row-level security or owns a table, or when the schema is older than the program.
    pub async fn check_roles(&self) -> Result<()> {
        let unreachable = |variable: &'static str| move |error| unreachable(variable, &error);
        let mut app = self.app_connection().await.map_err(unreachable("DATABASE_URL"))?;
        check("DATABASE_URL", &mut app).await?;
        let mut system = self.system_connection().await.map_err(unreachable("DATABASE_SYSTEM_URL"))?;
        check("DATABASE_SYSTEM_URL", &mut system).await
    }

    /// Whether PostgreSQL answers and its schema is not older than the program.
    ///
    /// # Errors
    /// 503 otherwise.
    pub async fn ready(&self) -> Result<()> {
        let mut app = self.app_connection().await?;
        let facts: RoleFacts = diesel::sql_query(FACTS).get_result(&mut app).await?;
        if facts.migrated && up_to_date(&mut app).await? {
            Ok(())
        } else {
            Err(Error::new(
                Code::NotReady,
                "The schema is missing or older than this program. Run `tillwatch migrate`.",
            ))
        }
    }
}

/// Whether every migration of the program was run. There may be newer ones: a release runs on the next one's schema.
async fn up_to_date(conn: &mut AsyncPgConnection) -> Result<bool> {
    let query = diesel::sql_query(MISSING).bind::<Array<Text>, _>(migrate::versions()?);
    Ok(query.get_result::<Missing>(conn).await?.missing == 0)
}

async fn check(variable: &str, conn: &mut AsyncPgConnection) -> Result<()> {
    let facts: RoleFacts = diesel::sql_query(FACTS).get_result(conn).await?;
    judge(variable, &facts)?;
    if up_to_date(conn).await? {
        return Ok(());
    }
    Err(Error::internal(format!(
        "{variable}: the schema is older than this program. Run `tillwatch migrate` with DATABASE_OWNER_URL first."
    )))
}

fn unreachable(variable: &str, error: &Error) -> Error {
    let cause = error.cause.as_deref().unwrap_or(&error.detail);
    Error::new(Code::DatabaseUnavailable, format!("{variable}: the database cannot be reached: {cause}"))
}

fn judge(variable: &str, facts: &RoleFacts) -> Result<()> {
    let fault = if facts.superuser {
        "is a superuser"
    } else if facts.bypasses {
        "bypasses row-level security (BYPASSRLS)"
    } else if facts.owns {
        "owns tables"
    } else if facts.migrated {
        return speaks(variable, facts);
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

/// `Ok` when the role is told of errors in English.
fn speaks(variable: &str, facts: &RoleFacts) -> Result<()> {
    let language = facts.language.to_ascii_lowercase();
    // Nothing at all is the program's own language.
    if ["", "c", "posix"].contains(&language.as_str()) || language.starts_with("c.") || language.starts_with("en") {
        return Ok(());
    }
    Err(Error::internal(format!(
        "{variable}: the database's messages are not in English (lc_messages is `{}`), so that this program would \
         mistake some of them. As its administrator: ALTER ROLE {} SET lc_messages = 'C';",
        facts.language, facts.name
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_speaks_another_language_is_refused_with_the_way_out() {
        let judged = |language: &str| {
            let name = "tillwatch_app".to_owned();
            let language = language.to_owned();
            judge(
                "DATABASE_URL",
                &RoleFacts { name, superuser: false, bypasses: false, owns: false, migrated: true, language },
            )
        };
        for fine in ["C", "POSIX", "C.UTF-8", "en_US.utf8", "en_GB", "English_United States.1252", ""] {
            judged(fine).unwrap();
        }
        for wrong in ["zh_CN.UTF-8", "de_DE", "ca_ES"] {
            let said = judged(wrong).unwrap_err().cause.unwrap();
            assert!(said.starts_with("DATABASE_URL: ") && said.contains(wrong), "{said}");
            assert!(said.contains("ALTER ROLE tillwatch_app SET lc_messages = 'C'"), "{said}");
        }
    }
}
