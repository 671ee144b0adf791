//! A copy of the log that is verified without the service.

use super::{busy_retailer, entries, run, seal_all, verdict};
use crate::harness::tenant::text;
use crate::harness::{Database, Tenant};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read as _;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

const SINCE: &str = "/v1/audit-entries/export?from=2026-01-01T00:00:00Z";

/// What `verify-file` says of this text, with a public key if one is given.
async fn verified(database: &Database, file: &str, key: Option<&str>) -> (i32, String) {
    let path = std::env::temp_dir().join(format!("audit-{}.ndjson", uuid::Uuid::now_v7()));
    std::fs::write(&path, file).unwrap();
    let mut args = vec!["audit", "verify-file", path.to_str().unwrap()];
    args.extend(key.map(|_| "--public-key"));
    args.extend(key);
    let (code, said, errors) = run(database, &args).await;
    std::fs::remove_file(&path).unwrap();
    (code, said + &errors)
}

#[tokio::test]
async fn an_export_is_verified_without_the_service_and_its_breaches_are_named() {
    let (service, retailer) = busy_retailer().await;
    seal_all(&service, &retailer).await;
    retailer.channel("East Street").await;
    let known = entries(&retailer).await;
    let answer = retailer.owner.get(SINCE).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"), "{}", answer.text());
    let file = answer.text();
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| text(&line["kind"])).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("export", "end"));
    let of = |kind: &str| kinds.iter().filter(|one| **one == kind).count();
    // The export is an entry itself, a younger one than those that it holds.
    assert_eq!((of("entry"), of("seal")), (known.len(), 1));
    let end = lines.last().unwrap();
    assert_eq!((&end["complete"], &end["next"]), (&json!(true), &Value::Null));
    let newest = &retailer.audited().await[0];
    assert_eq!((text(&newest["action"]), &newest["after"]["from"]), ("audit.exported", &json!("2026-01-01T00:00:00Z")));

    let database = &service.database;
    let key = text(&verdict(&retailer).await["keys"][0]["public_key"]).to_owned();
    let (code, said) = verified(database, &file, Some(&key)).await;
    assert!(code == 0 && said.contains("intact") && said.contains("unsealed 1"), "{said}");
    let (code, said) = verified(database, &file, None).await;
    assert!(code == 0 && said.contains("compare it with the published one"), "{said}");
    // Each breach by its name.
    let broken = [
        (file.replacen("West Street", "East Street", 1), known.iter().map(ToString::to_string).collect::<Vec<_>>()),
        (
            file.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| format!("{line}\n")).collect(),
            vec![known[0].to_string()],
        ),
        (file.lines().take(kinds.len() - 1).map(|line| format!("{line}\n")).collect(), vec!["broke off".to_owned()]),
        (file.replacen("\"number\":1", "\"number\":2", 2), vec!["Seal 2".to_owned()]),
        (String::new(), vec!["broke off".to_owned()]),
        ("{}\n".to_owned(), vec!["line 1".to_owned()]),
    ];
    for (text, names) in broken {
        let (code, said) = verified(database, &text, Some(&key)).await;
        assert!(code == 1 && names.iter().any(|name| said.contains(name.as_str())), "{names:?}: {said}");
    }
    let foreign = "A".repeat(43);
    let (code, said) = verified(database, &file, Some(&foreign)).await;
    assert!(code == 1 && said.contains("not known here"), "{said}");
    assert_eq!(verified(database, &file, Some("nothing")).await.0, 1);
}

#[tokio::test]
async fn an_export_is_packed_when_asked_and_bounded_by_its_times() {
    let retailer = Tenant::sign_up().await;
    retailer.channel("河边店").await;
    let answer = retailer.owner.send("GET", SINCE, &[("accept-encoding", "gzip")], None).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut text = String::new();
    GzDecoder::new(answer.bytes.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.contains("河边店") && text.trim_end().ends_with('}') && text.contains("\"kind\":\"end\""), "{text}");
    let nothing = "/v1/audit-entries/export?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";
    let lines = retailer.owner.get(nothing).await.text().lines().count();
    assert_eq!(lines, 2, "what it is, and its end");
    let turned = "/v1/audit-entries/export?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    retailer.owner.get(turned).await.refused(Code::ValidationFailed);
    retailer.owner.get("/v1/audit-entries/export").await.refused(Code::MalformedQuery);
    let viewer = retailer.staff(Role::Viewer).await;
    viewer.get(SINCE).await.refused(Code::PermissionDenied);
}
