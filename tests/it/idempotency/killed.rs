//! kill -9 at any moment between a request and its answer: whoever asks again with the same key finds one effect.

use super::{channels, post, replayed, unique};
use crate::harness::tenant::Style;
use crate::harness::{Client, Server, Tenant, eventually, own_database};
use serde_json::json;
use std::time::Duration;

/// Kills; every second one in the middle of a COMMIT, the others each a little later in the life of a request.
const KILLS: u64 = 12;
/// A commit that waits while the gate is closed. PostgreSQL ends one that has begun, whether or not its caller still lives.
const GATED_COMMIT: &str = "
    CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER pass_gate AFTER INSERT ON channels DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION pass_gate()";

#[tokio::test]
async fn a_kill_between_the_effect_and_the_answer_leaves_one_effect() {
    let mut server = Server::start(own_database().await).await;
    let database = server.database().clone();
    let name = format!("Killed {}", unique());
    let retailer = Tenant::sign_up_as(server.client(), database, Style::default(), &name).await;
    retailer.database.execute(GATED_COMMIT).await;
    for number in 0..KILLS {
        let (key, wish) = (format!("kill-{number}"), json!({ "name": format!("Channel {number}"), "kind": "store" }));
        let caller = server.client().bearing(retailer.owner.bearer());
        let committed = number % 2 == 1;
        let gate = if committed { Some(retailer.database.close_gate().await) } else { None };
        // A lost answer is the point; whether the effect was there is seen below.
        let asked = tokio::spawn(ask_once(caller.clone(), key.clone(), wish.clone()));
        if committed {
            retailer.database.waiting(1).await;
        } else {
            tokio::time::sleep(Duration::from_micros(number * 1500)).await;
        }
        server.kill();
        drop(gate);
        let answered = asked.await.expect("the asking task");
        server.until_ready().await;
        let again = eventually("an answer", async || {
            let answer = post(&caller, "/v1/channels", &key, &wish).await;
            (!matches!(answer.status, 409 | 503)).then_some(answer)
        })
        .await;
        assert_eq!(again.status, 201, "{}", again.text());
        if committed {
            assert!(!answered && replayed(&again), "the effect was there before its answer");
        }
        assert!(replayed(&again) || !answered, "what was answered was kept");
        assert_eq!(channels(&caller).await, usize::try_from(number).expect("a few") + 1, "one effect a key");
    }
}

/// Whether it was answered with a success.
async fn ask_once(caller: Client, key: String, wish: serde_json::Value) -> bool {
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let request = caller.request("POST", "/v1/channels", &headers, Some(wish.to_string().into_bytes()));
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}
