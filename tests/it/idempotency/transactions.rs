//! What is committed when a request fails on its way: all that the answer told, or nothing.

use crate::harness::service::own_service;
use crate::harness::tenant::Style;
use crate::harness::{OwnService, Tenant, own_database};
use chrono::Utc;
use diesel_async::SimpleAsyncConnection as _;
use tillwatch_backend::app::App;
use tillwatch_backend::error::{Error, Result};
use tillwatch_backend::platform::db::Tx;
use tillwatch_backend::platform::db::once::{Begun, Kept, Key, Once};
use tillwatch_backend::platform::http::who::Who;
use tillwatch_shared::errors::Code;

/// A service, a retailer of it, and what a handler has.
async fn inside() -> (OwnService, Tenant, App, Who) {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let app = App::new(service.inside()).unwrap();
    let who = Who::system(retailer.id, "test", "transactions");
    (service, retailer, app, who)
}

/// Gives the retailer another name, as a step of a handler's.
async fn rename(tx: &mut Tx, name: &str) -> Result<()> {
    Ok(tx.batch_execute(&format!("UPDATE tenants SET name = '{name}'")).await?)
}

async fn name(retailer: &Tenant) -> String {
    let query = format!("SELECT name FROM tenants WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.texts(&query).await.remove(0)
}

#[tokio::test]
async fn a_transaction_that_failed_is_never_told_as_done() {
    let (service, retailer, app, who) = inside().await;
    let passed_over = app.db.write(&who, async |tx| {
        rename(tx, "Half").await?;
        // A failure that nobody looks at.
        let _ = tx.batch_execute("SELECT 1 / 0").await;
        Ok(())
    });
    assert_eq!(passed_over.await.unwrap_err().code, Code::Internal);
    assert_eq!(name(&retailer).await, retailer.name);
    // What was rolled back to a savepoint is mended.
    let mended = app.db.write(&who, async |tx| {
        rename(tx, "Whole").await?;
        tx.batch_execute("SAVEPOINT here").await?;
        let _ = tx.batch_execute("SELECT 1 / 0").await;
        Ok(tx.batch_execute("ROLLBACK TO here").await?)
    });
    mended.await.unwrap();
    assert_eq!(name(&retailer).await, "Whole");
    service.stop().await;
}

async fn begun(app: &App, who: &Who) -> Once {
    let key = Key { key: [1; 32], request: [2; 32] };
    match app.db.once(who, key, Utc::now()).await.unwrap() {
        Begun::First(once) => once,
        Begun::Again(kept) => panic!("it was done: {kept:?}"),
    }
}

#[tokio::test]
async fn a_request_that_failed_on_its_way_leaves_nothing_and_a_refused_one_what_it_wrote() {
    let (service, retailer, app, mut who) = inside().await;
    // Its first step succeeds, and then the service is too busy for the second.
    let once = begun(&app, &who).await;
    who.once = Some(once.clone());
    app.db.write(&who, async |tx| rename(tx, "First step").await).await.unwrap();
    who.once = None;
    once.roll_back().await;
    // The key is free again.
    let once = begun(&app, &who).await;
    assert_eq!(name(&retailer).await, retailer.name);
    who.once = Some(once.clone());
    app.db.write(&who, async |tx| rename(tx, "Written of a refusal").await).await.unwrap();
    who.once = None;
    assert!(once.keep(&who, None).await.unwrap());
    assert_eq!(name(&retailer).await, "Written of a refusal");
    // And again; now a step fails, and nothing can be kept.
    let once = begun(&app, &who).await;
    who.once = Some(once.clone());
    let failed = app.db.write(&who, async |tx| {
        rename(tx, "Never").await?;
        Err::<(), _>(Error::conflict("no"))
    });
    assert_eq!(failed.await.unwrap_err().code, Code::StateConflict);
    who.once = None;
    let kept = Kept { status: 200, headers: std::collections::BTreeMap::new(), body: Vec::new() };
    assert!(!once.keep(&who, Some(&kept)).await.unwrap());
    assert_eq!(name(&retailer).await, "Written of a refusal");
    service.stop().await;
}

/// How many statements of the present connection begin so.
#[derive(diesel::QueryableByName)]
struct Prepared {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

#[tokio::test]
async fn a_statement_is_prepared_once_unless_its_text_lists_its_rows() {
    use diesel::ExpressionMethods as _;
    use diesel_async::RunQueryDsl as _;
    use tillwatch_backend::platform::db::schema::tenants;
    let (service, retailer, app, who) = inside().await;
    let counted = app.db.write(&who, async |tx| {
        for name in ["First", "Second"] {
            diesel::update(tenants::table).set(tenants::name.eq(name)).execute(tx).await?;
            diesel::sql_query("UPDATE tenants SET name = name || $1")
                .bind::<diesel::sql_types::Text, _>("!")
                .execute(tx)
                .await?;
        }
        let mut counts = Vec::new();
        for begins in ["UPDATE \"tenants\" SET", "UPDATE tenants SET"] {
            let count = "SELECT count(*) AS count FROM pg_prepared_statements WHERE starts_with(statement, $1)";
            let query = diesel::sql_query(count).bind::<diesel::sql_types::Text, _>(begins);
            counts.push(query.get_result::<Prepared>(tx).await?.count);
        }
        Ok(counts)
    });
    // What is not kept is closed again behind its use.
    assert_eq!(counted.await.unwrap(), [1, 1]);
    assert_eq!(name(&retailer).await, "Second!");
    service.stop().await;
}
