//! Of several replicas of the bot one holds the gateway session of their account: told as the replicas see it.

use crate::harness::{Answer, Client, Tenant, own_database, own_service};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

async fn acquire(bot: &Client, account: &str, holder: &str) -> Value {
    bot.post("/v1/gateway-leases/acquire", json!({ "account": account, "holder": holder })).await.ok()
}

async fn release(bot: &Client, holder: &str, fence: i64) -> bool {
    let body = json!({ "account": "discord-1", "holder": holder, "fence": fence });
    bot.post("/v1/gateway-leases/release", body).await.ok()["changed"] == true
}

#[tokio::test]
async fn one_replica_holds_the_gateway_until_it_gives_it_back_or_falls_silent() {
    let service = own_service(own_database().await, 4);
    let tenant = Tenant::sign_up_at(&service, crate::harness::tenant::Style::default()).await;
    let bot = tenant.bot().await;

    let first = acquire(&bot, "discord-1", "one").await;
    assert_eq!((&first["held"], &first["fence"]), (&json!(true), &json!(1)));
    let left = first["expires_in_ms"].as_u64().expect("a number");
    assert!((1..=6_000).contains(&left), "six seconds from when it was asked: {left}");
    // Asking again keeps it, under the same number; another account is another matter.
    assert_eq!(acquire(&bot, "discord-1", "one").await["fence"], 1);
    assert_eq!(acquire(&bot, "discord-2", "two").await["held"], true);

    let second = acquire(&bot, "discord-1", "two").await;
    assert_eq!((&second["held"], &second["fence"]), (&json!(false), &json!(1)));
    assert!(second["expires_in_ms"].as_u64().is_some_and(|left| left <= 6_000), "how long it has to wait: {second}");

    // Only its holder gives it back, and only the time in office that it means.
    assert!(!release(&bot, "two", 1).await && !release(&bot, "one", 7).await);
    assert!(release(&bot, "one", 1).await);
    assert!(!release(&bot, "one", 1).await, "once");
    let taken = acquire(&bot, "discord-1", "two").await;
    assert_eq!((&taken["held"], &taken["fence"]), (&json!(true), &json!(2)));

    // A holder that falls silent loses it by the database's clock; when it comes back it is told so.
    service.database.execute("UPDATE directory_gateway_leases SET expires_at = now() - interval '1 second'").await;
    assert_eq!(acquire(&bot, "discord-1", "two").await["fence"], 3, "had lapsed: a new time in office");
    service.database.execute("UPDATE directory_gateway_leases SET expires_at = now() - interval '1 second'").await;
    assert_eq!(acquire(&bot, "discord-1", "one").await["fence"], 4);
    assert_eq!(acquire(&bot, "discord-1", "two").await["held"], false);
    assert!(!release(&bot, "two", 3).await, "a late word of an earlier holder touches nothing");
}

#[tokio::test]
async fn of_replicas_that_ask_at_once_one_gets_it() {
    let service = own_service(own_database().await, 6);
    let tenant = Tenant::sign_up_at(&service, crate::harness::tenant::Style::default()).await;
    let bot = tenant.bot().await;
    for round in 0..3 {
        let holders: Vec<String> = (0..20).map(|n| format!("{round}-{n}")).collect();
        let account = format!("discord-{round}");
        let answers = join_all(holders.iter().map(|holder| acquire(&bot, &account, holder))).await;
        let held = answers.iter().filter(|answer| answer["held"] == true).count();
        assert_eq!(held, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer["fence"] == 1), "{answers:?}");
    }
}

#[tokio::test]
async fn who_is_no_bot_or_names_nobody_is_refused() {
    let service = own_service(own_database().await, 4);
    let tenant = Tenant::sign_up_at(&service, crate::harness::tenant::Style::default()).await;
    let wish = json!({ "account": "discord-1", "holder": "theirs" });
    tenant.owner.post("/v1/gateway-leases/acquire", wish).await.refused(Code::PermissionDenied);
    let bot = tenant.bot().await;
    let pointers = |answer: Answer| -> Vec<String> {
        let problem = answer.refused(Code::ValidationFailed);
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let wish = json!({ "account": "\u{7}", "holder": "租".repeat(65), "fence": 0 });
    let refused = bot.post("/v1/gateway-leases/release", wish).await;
    assert_eq!(pointers(refused), ["/account", "/holder", "/fence"]);
    let refused = bot.post("/v1/gateway-leases/acquire", json!({ "account": "a", "holder": "b", "fence": 1 })).await;
    refused.refused(Code::ValidationFailed);
}
