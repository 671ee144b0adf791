//! What a message's thread has to tell, as the bot is told it.

use super::{Linked, text};
use serde_json::{Value, json};

fn told(delivery: &Value) -> (i64, Vec<&str>) {
    let thread = &delivery["thread"];
    let steps = thread["steps"].as_array().into_iter().flatten().map(|step| text(&step["step"]["event"]));
    (thread["told"].as_i64().unwrap(), steps.collect())
}

#[tokio::test]
async fn a_thread_is_handed_what_it_lacks_until_the_bot_says_that_it_tells_all() {
    let linked = Linked::new().await;
    linked.breach().await;
    let first = linked.due().await;
    assert_eq!(told(&first), (0, vec!["opened"]));
    // The message is shown, and its thread is not told: the next attempt has the same to tell, soon.
    let shown = |told: i64| json!({ "result": "posted", "message": "m-1", "version": first["version"], "told": told });
    linked.report(&first, shown(0)).await.ok();
    let [waiting] = &linked.listed("pending").await[..] else { panic!("one waits") };
    assert_eq!((&waiting["message"], &waiting["last_error"]), (&json!("m-1"), &json!(null)));
    let again = linked.due().await;
    assert_eq!((&again["message"], told(&again)), (&json!("m-1"), told(&first)));
    linked.posted(&again).await;
    assert_eq!(linked.listed("pending").await.len(), 0);

    // What happens since then, by name; the rest is not told again.
    linked.acknowledge(&again).await;
    let taken = linked.due().await;
    assert_eq!(told(&taken).1, ["acknowledged"]);
    assert_eq!(taken["thread"]["steps"][0]["step"]["actor_name"], "Olive Owner");
    // Given up after a while, since the message says how it is: the timeline keeps what happened.
    linked.service.database.execute("UPDATE queue_deliveries SET wanted_at = now() - interval '11 minutes'").await;
    let version = taken["version"].as_i64().unwrap();
    let owed = json!({ "result": "posted", "message": "m-1", "version": version, "told": version - 1 });
    linked.report(&taken, owed).await.ok();
    assert_eq!(linked.listed("pending").await.len(), 0);
    linked.pass_time().await;
    assert!(linked.claim(0).await.is_empty());
    linked.service.stop().await;
}
