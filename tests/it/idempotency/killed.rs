//! kill -9 at any moment between a request and its answer: whoever asks again with the same key finds one effect.

use super::{channels, post, replayed, unique};
use crate::harness::tenant::Style;
use crate::harness::{Client, Tenant, eventually, own_database};
use crate::kill::Server;
use serde_json::json;
use std::time::Duration;

/// Kills; every second one a little later in the life of a request than the one before, the others as soon as the effect
/// is there, however long that takes.
const KILLS: u64 = 12;

#[tokio::test]
async fn a_kill_between_the_effect_and_the_answer_leaves_one_effect() {
    let mut server = Server::start(own_database().await).await;
    let database = server.database().clone();
    let name = format!("Killed {}", unique());
    let retailer = Tenant::sign_up_as(server.client(), database, Style::default(), &name).await;
    let mut shown_again = 0;
    for number in 0..KILLS {
        let (key, wish) = (format!("kill-{number}"), json!({ "name": format!("Channel {number}"), "kind": "store" }));
        let caller = server.client().bearing(retailer.owner.bearer());
        // A lost answer is the point; whether the effect was there is seen below.
        let asked = tokio::spawn(ask_once(caller.clone(), key.clone(), wish.clone()));
        if number % 2 == 0 {
            tokio::time::sleep(Duration::from_micros(number * 1500)).await;
        } else {
            let made = format!("SELECT count(*) FROM channels WHERE name = 'Channel {number}'");
            eventually("the effect", async || (retailer.database.number(&made).await > 0).then_some(())).await;
        }
        server.kill();
        let answered = asked.await.expect("the asking task");
        server.until_ready().await;
        let again = eventually("an answer", async || {
            let answer = post(&caller, "/v1/channels", &key, &wish).await;
            (!matches!(answer.status, 409 | 503)).then_some(answer)
        })
        .await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert!(replayed(&again) || !answered, "what was answered was kept");
        shown_again += u64::from(replayed(&again));
        assert_eq!(channels(&caller).await, usize::try_from(number).expect("a few") + 1, "one effect a key");
    }
    assert!(shown_again >= KILLS / 2, "every second kill came after its effect");
}

/// Whether it was answered with a success.
async fn ask_once(caller: Client, key: String, wish: serde_json::Value) -> bool {
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let request = caller.request("POST", "/v1/channels", &headers, Some(wish.to_string().into_bytes()));
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}
