//! The service does not serve as a role that row-level security does not bind, nor on an older schema; what it refuses is
//! named by the setting that is to be changed.

#![expect(clippy::panic, reason = "tests")]

use crate::harness::database::cluster;
use crate::harness::program::{Program, tillwatch};
use crate::harness::service::{options, try_start};
use crate::harness::{Database, PATIENCE, eventually, own_database, own_service};
use tillwatch_shared::errors::Code;

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
    for (variable, url) in [("DATABASE_URL", &database.app_url), ("DATABASE_SYSTEM_URL", &database.system_url)] {
        let elsewhere = url.replace(&format!("/{}", database.name), "/no_such_database");
        let said = refusal(&database, variable, &elsewhere);
        assert!(said.contains(&format!("{variable}: the database cannot be reached")), "{said}");
        assert!(said.contains("no_such_database"), "{said}");
        let wrong = url.replace("run%20only", "another%20run");
        let said = refusal(&database, variable, &wrong);
        assert!(said.contains(&format!("{variable}: the database cannot be reached")), "{said}");
        assert!(said.contains("password authentication failed") && !said.contains("another"), "{said}");
    }
}

#[tokio::test]
async fn an_older_schema_is_refused_and_a_newer_one_is_served() {
    let database = own_database().await;
    let service = own_service(database.clone(), 2);
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001')").await;
    try_start(options(&database, 2, false)).expect("release N runs on the schema of N+1");
    let ready = async || service.anonymous().get("/readyz").await.status;
    assert_eq!(ready().await, 200);

    let newest = "SELECT max(version) FROM __diesel_schema_migrations WHERE version < '9999'";
    database.execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = ({newest})")).await;
    let said = refusal(&database, "DATABASE_URL", &database.app_url);
    assert!(said.contains("DATABASE_URL: the schema is older") && said.contains("tillwatch migrate"), "{said}");
    // A running process, too, says that it does not fit, as soon as it asks again.
    eventually("it to notice", async || (ready().await == 503).then_some(())).await;
    let told = service.anonymous().get("/readyz").await.refused(Code::NotReady);
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("tillwatch migrate")), "{told}");
    service.stop().await;
}

/// What the program says when it is started with these settings, and that it ends by itself with exit code 1.
async fn program_says(word: &str, settings: &[(&str, &str)]) -> String {
    let mut command = tillwatch(&[word]);
    command.envs(settings.iter().copied());
    let mut program = Program::start(command);
    let ended = program.until_ended(PATIENCE).await;
    assert_eq!(ended.code(), Some(1), "{}", program.errors());
    eventually("its last words", async || Some(program.errors()).filter(|said| said.contains("tillwatch: "))).await
}

#[tokio::test]
async fn a_wrong_setting_is_refused_by_its_own_name() {
    let database = own_database().await;
    let key = "ab".repeat(32);
    let urls = [
        ("DATABASE_URL", database.app_url.as_str()),
        ("DATABASE_SYSTEM_URL", database.system_url.as_str()),
        ("SECRET_KEY", key.as_str()),
        ("PORT", "0"),
    ];
    // A name that is too long to be asked for, and an address of documentation (RFC 5737).
    let no_name = "a".repeat(70);
    for host in [no_name.as_str(), "192.0.2.1"] {
        let said = program_says("serve", &[urls.as_slice(), &[("HOST", host)]].concat()).await;
        assert!(said.contains(&format!("HOST: cannot listen on {host}")) && !said.contains("PORT:"), "{said}");
    }
    let said = program_says("serve", &[urls.as_slice(), &[("LOG", "debgu")]].concat()).await;
    assert!(said.contains("LOG: ") && said.contains("debgu"), "{said}");
    let elsewhere = database.owner_url.replace(&format!("/{}", database.name), "/no_such_database");
    let said = program_says("migrate", &[("DATABASE_OWNER_URL", &elsewhere)]).await;
    assert!(said.contains("DATABASE_OWNER_URL: ") && said.contains("no_such_database"), "{said}");
}
