//! The service does not serve as a role that row-level security does not bind.

#![expect(clippy::panic, reason = "tests")]

use crate::harness::database::cluster;
use crate::harness::service::{options, try_start};
use crate::harness::{Database, own_database};

/// What starting says when the named address is replaced.
fn refusal(database: &Database, variable: &str, url: &str) -> String {
    let mut options = options(database, 2, false);
    match variable {
        "DATABASE_URL" => url.clone_into(&mut options.db.app_url),
        _ => url.clone_into(&mut options.db.system_url),
    }
    let Err(error) = try_start(options) else { panic!("it served with {variable} = {url}") };
    error.to_string()
}

#[tokio::test]
async fn a_superuser_an_owner_and_a_bypassing_role_are_refused_by_the_name_of_their_setting() {
    let database = own_database().await;
    database
        .execute(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'it_bypasses') THEN \
             CREATE ROLE it_bypasses LOGIN BYPASSRLS PASSWORD 'for this run only' IN ROLE tillwatch_app; END IF; END $$",
        )
        .await;
    let bypasses = cluster().address("it_bypasses", &database.name);
    for variable in ["DATABASE_URL", "DATABASE_SYSTEM_URL"] {
        for (url, fault) in [
            (&database.superuser_url, "is a superuser"),
            (&database.owner_url, "owns tables"),
            (&bypasses, "BYPASSRLS"),
        ] {
            let said = refusal(&database, variable, url);
            assert!(said.contains(&format!("{variable}:")) && said.contains(fault), "{said}");
            assert!(said.contains("Refusing to serve") && !said.contains("for this run only"), "{said}");
        }
    }
    try_start(options(&database, 2, false)).expect("the two roles of migrations/README.md are served");
}

#[tokio::test]
async fn a_database_without_the_schema_is_refused_with_the_way_out() {
    let empty = cluster().empty_database().await;
    let said = refusal(&empty, "DATABASE_URL", &empty.app_url);
    assert!(said.contains("DATABASE_URL: the schema is missing") && said.contains("tillwatch migrate"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_so() {
    let database = own_database().await;
    let elsewhere = database.app_url.replace(&format!("/{}", database.name), "/no_such_database");
    let said = refusal(&database, "DATABASE_URL", &elsewhere);
    assert!(said.contains("database cannot be reached") && said.contains("no_such_database"), "{said}");
}
