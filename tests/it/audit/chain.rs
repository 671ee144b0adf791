//! The chain of seals, and each way to break it.

use super::{busy_retailer, entries, run, seal_all, seal_until, verdict};
use crate::harness::tenant::Style;
use crate::harness::{Tenant, eventually, own_database, own_service};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tillwatch_backend::app::App;
use tillwatch_backend::identity::audit::sealing;
use tillwatch_shared::ids::{AuditId, TenantId};
use uuid::Uuid;

/// The id of an entry that was made at this time.
fn id_of(at: DateTime<Utc>, n: u64) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap();
    Uuid::from_u128((millis << 80) | (0x7 << 76) | (0x8 << 60) | u128::from(n))
}

/// The statement that puts an entry of this time into the log.
fn insertion(retailer: &Tenant, id: Uuid, at: DateTime<Utc>) -> String {
    format!(
        "INSERT INTO audit_entries (tenant_id, audit_id, at, actor_kind, via, action, request_id) \
         VALUES ('{}', '{id}', '{}', 'system', 'job', 'test.late', 'late')",
        retailer.id.0,
        at.to_rfc3339()
    )
}

fn kind(verdict: &Value) -> &str {
    verdict["fault"]["kind"].as_str().unwrap_or("intact")
}

#[tokio::test]
async fn an_entry_that_was_edited_in_the_database_is_named_by_the_command() {
    let (service, retailer) = busy_retailer().await;
    let other = Tenant::sign_up_at(&service, Style::default()).await;
    seal_all(&service, &retailer).await;
    seal_all(&service, &other).await;
    let (code, said, errors) = run(&service.database, &["audit", "verify"]).await;
    assert_eq!(code, 0, "{said}{errors}");
    assert_eq!(said.lines().filter(|line| line.contains("intact: seals 1, head")).count(), 2, "{said}");

    let edited = entries(&retailer).await[1];
    let edit = format!("UPDATE audit_entries SET action = 'channel.archived' WHERE audit_id = '{}'", edited.0);
    service.database.execute(&edit).await;
    let (code, said, errors) = run(&service.database, &["audit", "verify"]).await;
    assert_eq!(code, 1, "{said}{errors}");
    let line = said.lines().find(|line| line.contains("broken")).unwrap();
    assert!(line.contains(&retailer.id.to_string()) && line.contains("entry_changed"), "{line}");
    assert!(line.contains(&edited.to_string()), "it names the entry: {line}");
    assert!(errors.contains("1 of 2 audit logs"), "{errors}");
    // Nobody's log is not good, and one that lost everything is none.
    let nobody = TenantId::new().to_string();
    let (code, said, errors) = run(&service.database, &["audit", "verify", "--tenant", &nobody]).await;
    assert!(code == 1 && errors.contains("no retailer"), "{said}{errors}");
    // The other retailer's log alone is good, and the API says the same as the command.
    let (code, said, errors) = run(&service.database, &["audit", "verify", "--tenant", &other.id.to_string()]).await;
    assert_eq!(code, 0, "{said}{errors}");
    let said = verdict(&retailer).await;
    assert_eq!((kind(&said), &said["fault"]["entry"]), ("entry_changed", &json!(edited)));
    assert_eq!((&said["intact"], &said["verified_through"]), (&json!(false), &json!(0)));
    assert_eq!(verdict(&other).await["intact"], true);
}

#[tokio::test]
async fn every_column_of_an_entry_is_sealed() {
    let (service, retailer) = busy_retailer().await;
    let campaign = retailer.active_campaign("Coupons").await;
    let reason = json!({ "reason": "It costs too much" });
    retailer.owner.post(&format!("/v1/campaigns/{campaign}/pause"), reason).await.ok();
    seal_all(&service, &retailer).await;
    let paused = retailer.audited().await.into_iter().find(|e| e["action"] == "campaign.paused").unwrap();
    let id: AuditId = paused["id"].as_str().unwrap().parse().unwrap();
    for change in [
        "at = at + interval '1 microsecond'",
        "actor_kind = 'system'",
        "actor_id = NULL",
        "via = 'console/x/y'",
        "action = 'campaign.resumed'",
        "object = NULL",
        "reason = 'Because'",
        "before = '{}'",
        "after = after || '{\"note\": 1.0}'",
        "request_id = 'another'",
    ] {
        let row = format!("WHERE tenant_id = '{}' AND audit_id = '{}'", retailer.id.0, id.0);
        let keep = format!("CREATE TABLE kept AS SELECT * FROM audit_entries {row}");
        service.database.execute(&format!("{keep}; UPDATE audit_entries SET {change} {row}")).await;
        let said = verdict(&retailer).await;
        assert_eq!((kind(&said), &said["fault"]["entry"]), ("entry_changed", &json!(id)), "{change}");
        let restore =
            format!("DELETE FROM audit_entries {row}; INSERT INTO audit_entries SELECT * FROM kept; DROP TABLE kept");
        service.database.execute(&restore).await;
        assert_eq!(verdict(&retailer).await["intact"], true, "{change}");
    }
}

#[tokio::test]
async fn what_is_removed_added_or_cut_off_is_found() {
    let (service, retailer) = busy_retailer().await;
    seal_all(&service, &retailer).await;
    retailer.channel("East Street").await;
    seal_all(&service, &retailer).await;
    let head = verdict(&retailer).await["head"]["hash"].as_str().unwrap().to_owned();
    let tenant = retailer.id.0;
    let first = entries(&retailer).await[0];
    let old = Utc::now() - TimeDelta::hours(3);
    let added = id_of(old, 1);
    let breaches = [
        ("entry_missing", format!("DELETE FROM audit_entries WHERE audit_id = '{}'", first.0)),
        ("entry_added", insertion(&retailer, added, old)),
        ("seal_missing", format!("DELETE FROM audit_seals WHERE tenant_id = '{tenant}' AND number = 1")),
        (
            "seal_changed",
            format!("UPDATE audit_seals SET sealed_at = now() WHERE tenant_id = '{tenant}' AND number = 1"),
        ),
        (
            "seal_changed",
            format!(
                "UPDATE audit_seals SET hashes = overlay(hashes placing '\\x0000000000000000' from 1) WHERE tenant_id = '{tenant}' AND number = 2"
            ),
        ),
        (
            "seal_forged",
            format!(
                "UPDATE audit_seals SET signature = overlay(signature placing '\\x00ff00ff00ff00ff' from 1) WHERE tenant_id = '{tenant}' AND number = 2"
            ),
        ),
        (
            "seal_forged",
            format!("UPDATE audit_seals SET key_id = 'another' WHERE tenant_id = '{tenant}' AND number = 2"),
        ),
    ];
    let tables = ["audit_entries", "audit_seals"];
    let keep: Vec<String> = tables.iter().map(|t| format!("CREATE TABLE kept_{t} AS SELECT * FROM {t}")).collect();
    service.database.execute(&keep.join(";")).await;
    let restore: Vec<String> =
        tables.iter().map(|t| format!("DELETE FROM {t}; INSERT INTO {t} SELECT * FROM kept_{t}")).collect();
    for (wanted, breach) in breaches {
        service.database.execute(&breach).await;
        assert_eq!(kind(&verdict(&retailer).await), wanted, "{breach}");
        service.database.execute(&restore.join(";")).await;
        assert_eq!(kind(&verdict(&retailer).await), "intact", "after {breach}");
    }
    // The newest seal is cut off, and made anew by the worker: only the head that was noted tells.
    let expecting = ["audit", "verify", "--tenant", &retailer.id.to_string(), "--expect-head", &head];
    let (code, said, errors) = run(&service.database, &expecting).await;
    assert_eq!(code, 0, "{said}{errors}");
    service.database.execute(&format!("DELETE FROM audit_seals WHERE tenant_id = '{tenant}' AND number = 2")).await;
    seal_all(&service, &retailer).await;
    assert_eq!(kind(&verdict(&retailer).await), "intact");
    let (code, said, _) = run(&service.database, &expecting).await;
    assert!(code == 1 && said.contains("head_lost") && said.contains(&head), "{said}");
    let (code, _, errors) = run(&service.database, &["audit", "verify", "--expect-head", &head]).await;
    assert!(code != 0 && errors.contains("--tenant"), "{errors}");
}

#[tokio::test]
async fn what_should_have_been_sealed_long_ago_is_no_good_log() {
    let (service, retailer) = busy_retailer().await;
    let verify = async || run(&service.database, &["audit", "verify", "--tenant", &retailer.id.to_string()]).await;
    let (code, said, errors) = verify().await;
    assert!(code == 0 && said.contains("seals 0, head none"), "young entries wait: {said}{errors}");
    let (tenant, old) = (retailer.id.0, Utc::now() - TimeDelta::minutes(30));
    service.database.execute(&insertion(&retailer, id_of(old, 1), old)).await;
    let (code, said, _) = verify().await;
    assert!(code == 1 && said.contains("nothing was sealed since"), "{said}");
    // Every row of it is gone.
    let gone = format!(
        "DELETE FROM audit_entries WHERE tenant_id = '{tenant}'; \
         UPDATE tenants SET created_at = now() - interval '1 day' WHERE tenant_id = '{tenant}'"
    );
    service.database.execute(&gone).await;
    let (code, said, _) = verify().await;
    assert!(code == 1 && said.contains("nothing was sealed since"), "{said}");
    // Whoever reads the first lines only has enough.
    let program = crate::harness::program::tillwatch(&[]).get_program().to_owned();
    let mut piped = std::process::Command::new("sh");
    piped.args(["-c", r#""$0" tenant list | true"#]).arg(program);
    piped.env("DATABASE_URL", &service.database.app_url).env("DATABASE_SYSTEM_URL", &service.database.system_url);
    piped.env("SECRET_KEY", tillwatch_backend::platform::hex::hex(&crate::harness::service::SECRET));
    let ended = tokio::task::spawn_blocking(move || piped.output().unwrap()).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[tokio::test]
async fn nothing_is_tied_to_a_seal_of_somebody_else() {
    let (service, retailer) = busy_retailer().await;
    seal_all(&service, &retailer).await;
    let forge =
        format!("UPDATE audit_seals SET hash = decode(repeat('ab', 32), 'hex') WHERE tenant_id = '{}'", retailer.id.0);
    service.database.execute(&forge).await;
    retailer.channel("East Street").await;
    let app = App::new(service.inside()).unwrap();
    let refused = sealing::seal(&app, retailer.id, Utc::now() + TimeDelta::seconds(5)).await.unwrap_err();
    assert!(refused.to_string().contains("not signed by this service's key"), "{refused}");
    assert_eq!(kind(&verdict(&retailer).await), "seal_changed");
}

#[tokio::test]
async fn an_entry_that_was_committed_late_is_in_the_next_seal() {
    let (service, retailer) = busy_retailer().await;
    seal_all(&service, &retailer).await;
    let at = Utc::now() - TimeDelta::minutes(2);
    let late = id_of(at, 7);
    service.database.execute(&insertion(&retailer, late, at)).await;
    assert_eq!(kind(&verdict(&retailer).await), "intact", "it waits for its seal");
    retailer.channel("East Street").await;
    assert_eq!(seal_all(&service, &retailer).await, 1);
    let held = format!("SELECT number FROM audit_seals WHERE '{late}' = ANY(entries)");
    assert_eq!(service.database.texts(&held).await, ["2"]);
    assert_eq!(kind(&verdict(&retailer).await), "intact");
    assert_eq!(seal_all(&service, &retailer).await, 0, "nothing is sealed twice");
    // An entry that bears another time than it was made at.
    let now = Utc::now();
    service.database.execute(&insertion(&retailer, id_of(now, 8), now - TimeDelta::days(3))).await;
    seal_all(&service, &retailer).await;
    assert_eq!(kind(&verdict(&retailer).await), "entry_time");
}

#[tokio::test]
async fn young_entries_wait_and_many_sealers_make_one_chain() {
    let (service, retailer) = busy_retailer().await;
    assert_eq!(seal_until(&service, &retailer, Utc::now() - sealing::MARGIN).await, 0);
    let said = verdict(&retailer).await;
    assert_eq!((&said["head"], &said["intact"]), (&Value::Null, &json!(true)));
    assert_eq!(said["unsealed"], entries(&retailer).await.len());
    // Eleven thousand entries, sealed by four at once.
    let tenant = retailer.id.0;
    let base = (Utc::now() - TimeDelta::hours(1)).timestamp_millis();
    service
        .database
        .execute(&format!(
            "INSERT INTO audit_entries (tenant_id, audit_id, at, actor_kind, via, action, request_id, after) \
             SELECT '{tenant}', (lpad(to_hex({base}::bigint + n / 10), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, \
                 to_timestamp(({base}::bigint + n / 10) / 1000.0), 'system', 'job', 'test.many', 'many', jsonb_build_object('n', n * 1.10) \
             FROM generate_series(1, 11000) n"
        ))
        .await;
    let seal = async || seal_all(&service, &retailer).await;
    let made = tokio::join!(seal(), seal(), seal(), seal());
    let made = made.0 + made.1 + made.2 + made.3;
    let sealed =
        service.database.texts(&format!("SELECT unnest(entries) FROM audit_seals WHERE tenant_id = '{tenant}'")).await;
    let distinct: BTreeSet<&String> = sealed.iter().collect();
    let all =
        service.database.number(&format!("SELECT count(*) FROM audit_entries WHERE tenant_id = '{tenant}'")).await;
    assert_eq!((sealed.len(), distinct.len()), (usize::try_from(all).unwrap(), sealed.len()), "each once");
    assert_eq!(made, 12);
    // Verified in parts, each of which says where the next begins.
    let first = verdict(&retailer).await;
    assert_eq!((&first["verified_through"], &first["next"]), (&json!(10), &json!(10)));
    let last = retailer.owner.get("/v1/audit-entries/verification?after=10").await.ok();
    assert_eq!((&last["verified_through"], &last["next"], &last["intact"]), (&json!(12), &Value::Null, &json!(true)));
    retailer
        .owner
        .get("/v1/audit-entries/verification?after=99")
        .await
        .refused(tillwatch_shared::errors::Code::ValidationFailed);
    retailer
        .owner
        .get("/v1/audit-entries/verification?after=0")
        .await
        .refused(tillwatch_shared::errors::Code::ValidationFailed);
}

#[tokio::test]
async fn the_worker_seals_by_itself() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    // What is old enough is sealed in the next round; an hour old, so that no clock matters.
    let old = Utc::now() - TimeDelta::hours(1);
    service.database.execute(&insertion(&retailer, id_of(old, 1), old)).await;
    eventually("a seal", async || verdict(&retailer).await["head"]["number"].is_number().then_some(())).await;
}
