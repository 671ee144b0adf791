//! Nobody sees or changes another retailer's things: every operation of the OpenAPI document, asked by the retailer's
//! own admin, by another retailer's admin and by nobody.
//!
//! Cast: [`seed`] (a retailer with a row in every table and its own marks in every name), [`cases`] (how each operation
//! is asked about that retailer's objects), [`calls`] (asking, and judging the answers), [`probes`] (asking the database
//! itself, as the service's role, without any filter), [`narrowed`] (the retailer's own people and tokens, narrowed to a
//! channel), [`canaries`] (the same questions by whoever must learn nothing, and a look into the log, Redis and the
//! chat). All of them give lists of sentences, empty when all is well, so
//! that a test can break the database and see that they notice.
//! A new operation needs a line in [`cases`]; the suite names it.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod calls;
mod canaries;
mod cases;
mod narrowed;
pub(crate) mod probes;
pub(crate) mod seed;

use crate::harness::database::connect;
use crate::harness::{own_database, own_service};
use crate::rls_catalogue;
use probes::{probe, tenant_tables};
use seed::{Other, Seeded};

#[tokio::test]
async fn no_operation_shows_or_changes_anothers_objects() {
    let service = own_service(own_database().await, 4);
    let (mine, other) = (Seeded::at(&service).await, Other::at(&service).await);
    let tables = tenant_tables(&service.database).await;
    assert_eq!(probe(&service.database, &tables, &mine, &other).await, Vec::<String>::new());
    assert_eq!(calls::suite(&mine, &other).await, Vec::<String>::new());
    // An operation that is new is missed by its name.
    let mut document = calls::document();
    document["paths"]["/v1/inventions"] = serde_json::json!({ "post": { "operationId": "inventions_make" } });
    let missing = calls::missing(&document, &mine);
    assert!(missing.len() == 1 && missing[0].contains("inventions_make"), "{missing:?}");
}

#[tokio::test]
async fn every_post_that_is_sent_again_is_done_once() {
    let service = own_service(own_database().await, 4);
    let mine = Seeded::at(&service).await;
    let (wrong, shown_again) = calls::repeated(&mine).await;
    assert_eq!(wrong, Vec::<String>::new());
    assert!(shown_again >= 10, "only {shown_again} were shown again");
}

#[tokio::test]
async fn every_operation_that_changes_something_leaves_an_audit_entry_of_its_request() {
    let service = own_service(own_database().await, 4);
    let mine = Seeded::at(&service).await;
    assert_eq!(calls::unaudited(&mine).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_table_that_lost_its_policy_turns_the_suite_red() {
    let service = own_service(own_database().await, 4);
    let database = &service.database;
    let (mine, other) = (Seeded::at(&service).await, Other::at(&service).await);
    for table in tenant_tables(database).await {
        let name = &table.name;
        if table.column != "tenant_id" {
            continue;
        }
        let lose = format!(
            "DROP POLICY tenant ON {name}; ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"
        );
        database.execute_as_owner(&lose).await;
        let catalogue = rls_catalogue::violations(&mut connect(&database.superuser_url).await).await;
        assert!(catalogue.iter().any(|said| said.starts_with(&format!("{name} has"))), "{name}: {catalogue:?}");
        let probed = probe(database, std::slice::from_ref(&table), &mine, &other).await;
        assert!(probed.iter().any(|said| said.starts_with(&format!("{name} shows"))), "{name}: {probed:?}");
        assert!(probed.iter().any(|said| said.contains("without a tenant")), "{name}: {probed:?}");
        database.execute_as_owner(&format!("SELECT tillwatch_isolate('{name}')")).await;
    }
    let tables = tenant_tables(database).await;
    assert_eq!(
        probe(database, &tables, &mine, &other).await,
        Vec::<String>::new(),
        "with its policies back it is well"
    );
}

#[tokio::test]
async fn without_any_policy_the_services_own_filters_still_hold() {
    let service = own_service(own_database().await, 4);
    let (mine, other) = (Seeded::at(&service).await, Other::at(&service).await);
    for table in tenant_tables(&service.database).await {
        service.database.execute_as_owner(&format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", table.name)).await;
    }
    assert_eq!(calls::suite(&mine, &other).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_bot_cannot_carry_a_code_to_another_retailers_server() {
    let service = own_service(own_database().await, 4);
    let (mine, other) = (Seeded::at(&service).await, Other::at(&service).await);
    other.tenant.link(&other.tenant.owner, "their-server", "their-user").await;
    let bot = mine.tenant.bot().await;
    let redeem = |code: &str, server: &str| serde_json::json!({ "code": code, "transport": "discord", "server": server, "channel": "c", "user": "u9" });
    let before = probes::fingerprint(&service.database, &mine.tenant).await;
    let answer = bot.post("/v1/chat-links/redeem", redeem(&mine.link_code, "their-server")).await;
    assert!(!answer.text().contains(&mine.mark), "{}", answer.text());
    answer.refused(tillwatch_shared::errors::Code::StateConflict);
    assert_eq!(probes::fingerprint(&service.database, &mine.tenant).await, before, "the code was not used up");
    // A chat user of the other retailer's server is the other retailer's staff, whatever the user calls themselves.
    let stranger = bot.on_behalf_of("discord/their-server/their-user");
    assert_eq!(stranger.get("/v1/me").await.ok()["tenant"]["name"], other.tenant.name);
    let path = format!("/v1/campaigns/{}", mine.id("campaign"));
    stranger.get(&path).await.refused(tillwatch_shared::errors::Code::NotFound);
    for nobody in ["discord/their-server/u9", "discord/no-server/their-user", "console/their-server/their-user"] {
        let code = tillwatch_shared::errors::Code::ChatUserNotLinked;
        bot.on_behalf_of(nobody).get("/v1/me").await.refused(code);
    }
}
