//! The complete copy, and the end of a retailer: nothing is forgotten in the one and nothing left by the other.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use crate::harness::database::connect;
use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, text};
use crate::harness::{Database, OwnService, Tenant, becomes, eventually, own_database, own_service};
use crate::isolation::probes::fingerprint;
use crate::isolation::seed::Seeded;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel_async::SimpleAsyncConnection as _;
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Read as _;
use tillwatch_backend::app::App;
use tillwatch_backend::identity::closing;
use tillwatch_backend::identity::export::tables::undecided;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

/// Every column of every table that names a retailer: table and column.
async fn catalogue(database: &Database) -> Vec<(String, String)> {
    let rows = database
        .texts(
            "SELECT concat_ws(' ', c.relname, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS \
             (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname IN ('tenant_id', 'for_tenant')) \
             ORDER BY c.relname COLLATE \"C\", a.attnum",
        )
        .await;
    rows.iter().filter_map(|row| row.split_once(' ')).map(|(t, c)| (t.to_owned(), c.to_owned())).collect()
}

#[tokio::test]
async fn every_table_and_column_is_copied_or_withheld_for_a_reason() {
    let database = own_database().await;
    assert_eq!(undecided(&catalogue(&database).await), Vec::<String>::new());
    let planted =
        "CREATE TABLE coupons (tenant_id uuid PRIMARY KEY, code text); ALTER TABLE staff ADD COLUMN shoe_size text";
    database.execute_as_owner(planted).await;
    let wrong = undecided(&catalogue(&database).await);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("coupons has no exporter") && wrong[1].contains("staff.shoe_size"), "{wrong:?}");
}

/// The files of an archive.
fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(archive));
    let each = archive.entries().expect("an archive").map(|entry| {
        let mut entry = entry.expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        (entry.path().expect("a path").display().to_string(), bytes)
    });
    each.collect()
}

#[tokio::test]
async fn the_copy_holds_every_row_and_no_secret() {
    let service = own_service(own_database().await, 6);
    let (mine, other) = (Seeded::at(&service).await, Seeded::at(&service).await);
    // More rows than a page of the copy has.
    let many: Vec<Value> = (0..4_500)
        .map(|n| json!({ "metric": "orders", "at": format!("2026-01-02T{:02}:{:02}:00Z", n / 60 % 24, n % 60), "key": format!("行 {n}"), "value": n }))
        .collect();
    crate::harness::feed::feed(&mine.tenant.owner, &many).await.ok();
    mine.tenant.settled().await;
    let job = mine.tenant.owner.post("/v1/tenant/export", json!({})).await;
    assert_eq!(job.status, 202, "{}", job.text());
    let place = job.header("location").to_owned();
    eventually("the copy", async || (mine.tenant.owner.get(&place).await.ok()["state"] == "succeeded").then_some(()))
        .await;
    let answer = mine.tenant.owner.get(&format!("{place}/result")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/gzip"));
    let files = files(&answer.bytes);
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).expect("a manifest");
    assert_eq!(
        (&manifest["tenant"]["name"], &manifest["format"]),
        (&json!(mine.tenant.name), &json!("tillwatch-export-1"))
    );
    let mut listed = 1;
    for table in manifest["tables"].as_array().unwrap() {
        let name = text(&table["name"]);
        let Some(parts) = table["files"].as_array() else {
            assert!(!text(&table["withheld"]).is_empty(), "{table}");
            continue;
        };
        let mut rows = 0_i64;
        for part in parts {
            let bytes = &files[text(&part["path"])];
            let digest = Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            assert_eq!((&part["sha256"], &part["bytes"]), (&json!(digest), &json!(bytes.len())));
            for line in String::from_utf8(bytes.clone()).expect("UTF-8").lines() {
                let row: Value = serde_json::from_str(line).expect("a row");
                assert_eq!(row.as_object().unwrap().len(), table["columns"].as_array().unwrap().len(), "{name}: {row}");
                rows += 1;
            }
            listed += 1;
        }
        assert_eq!(table["rows"], rows);
        let column = if name.starts_with("queue_") { "for_tenant" } else { "tenant_id" };
        // What is written while the copy is made comes or does not.
        if !["audit_entries", "audit_seals", "long_jobs"].contains(&name) {
            let query = format!("SELECT count(*) FROM {name} WHERE {column} = '{}'", mine.tenant.id.0);
            assert_eq!(rows, service.database.number(&query).await, "{name}");
        }
    }
    assert_eq!(listed, files.len(), "the manifest names every file");
    let all = files.values().flatten().copied().collect::<Vec<u8>>();
    let all = String::from_utf8(all).expect("UTF-8");
    let stored = URL_SAFE_NO_PAD.encode(mine.tenant.id.0.as_bytes());
    assert!(all.contains(&mine.mark) && !all.contains(&other.mark) && !all.contains(&stored));
    let address = format!("https://{}.example/costs.csv?\"", mine.mark);
    assert!(all.contains(&address) && !all.contains("hushed"), "what stands behind the `?` is not copied");
    let secrets = service.database.texts("SELECT encode(current_hash, 'hex') FROM sessions").await;
    assert!(secrets.iter().all(|hash| !all.contains(hash.as_str())), "a hash of a credential was copied");
    // An admin of the retailer may ask, and another's may not read it.
    other.tenant.owner.get(&format!("{place}/result")).await.refused(Code::NotFound);
    service.stop().await;
}

fn close(name: &str) -> Value {
    json!({ "confirm": name, "reason": "We have moved." })
}

#[tokio::test]
async fn a_closing_retailer_is_kept_open_until_its_time() {
    let service = own_service_with(own_database().await, 6, |options| options.worker = false);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let owner = &retailer.owner;
    owner.post("/v1/tenant/close", close("Another Name")).await.refused(Code::ValidationFailed);
    owner.post("/v1/tenant/close", json!({ "confirm": retailer.name })).await.refused(Code::ValidationFailed);
    retailer
        .staff(Role::Admin)
        .await
        .post("/v1/tenant/close", close(&retailer.name))
        .await
        .refused(Code::PermissionDenied);
    let closing = owner.post("/v1/tenant/close", close(&retailer.name)).await.ok();
    let again = owner.post("/v1/tenant/close", close(&retailer.name)).await.ok();
    let version =
        format!("SELECT version FROM tenants WHERE tenant_id = '{}' AND state_since IS NOT NULL", retailer.id.0);
    assert_eq!(service.database.number(&version).await, 2, "it is another version of the settings");
    assert_eq!((&closing["changed"], &again["changed"]), (&json!(true), &json!(false)));
    assert_eq!((&again["erasure"], &again["closes_at"]), (&closing["erasure"], &closing["closes_at"]));
    let days = (text(&closing["closes_at"]).parse::<chrono::DateTime<chrono::Utc>>().unwrap() - chrono::Utc::now())
        .num_hours();
    assert_eq!(days, 30 * 24 - 1, "thirty days, less a moment");
    let place = format!("/v1/erasures/{}", text(&closing["erasure"]));
    let shown = service.anonymous().get(&place).await.ok();
    assert_eq!((&shown["state"], &shown["certificate"]), (&json!("closing"), &Value::Null));
    // Not due: neither the sweep nor the database's own function takes anything.
    let app = App::new(service.inside()).expect("an app");
    closing::erase_due(&app).await.expect("a round");
    let erase = format!("SELECT tillwatch_erase('{}', 10)", retailer.id.0);
    let said =
        connect(&service.database.system_url).await.batch_execute(&erase).await.expect_err("not due").to_string();
    assert!(said.contains("is not due to be erased"), "{said}");
    assert_eq!(owner.post("/v1/tenant/keep-open", json!({})).await.ok()["changed"], true);
    assert_eq!(owner.post("/v1/tenant/keep-open", json!({})).await.ok()["changed"], false);
    assert_eq!(service.anonymous().get(&place).await.ok()["state"], "kept_open");
    // Kept open it is never due, whatever the time.
    service.database.execute("UPDATE directory_closings SET closes_at = now() - interval '1 day'").await;
    closing::erase_due(&app).await.expect("a round");
    connect(&service.database.system_url).await.batch_execute(&erase).await.expect_err("kept open");
    // The app role has no business with it at all.
    let said = connect(&service.database.app_url).await.batch_execute(&erase).await.expect_err("no right").to_string();
    assert!(said.contains("permission denied"), "{said}");
    let second = owner.post("/v1/tenant/close", close(&retailer.name)).await.ok();
    assert_ne!(second["erasure"], closing["erasure"]);
    service.database.execute("UPDATE directory_closings SET closes_at = now() - interval '1 day'").await;
    owner.post("/v1/tenant/keep-open", json!({})).await.refused(Code::StateConflict);
    assert_eq!(
        service.anonymous().get(&format!("/v1/erasures/{}", text(&second["erasure"]))).await.ok()["state"],
        "erasing"
    );
    service.stop().await;
}

#[tokio::test]
async fn two_who_close_at_once_get_one_closing() {
    let service = own_service_with(own_database().await, 8, |options| options.worker = false);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let wish = close(&retailer.name);
    let ask = async || retailer.owner.post("/v1/tenant/close", &wish).await.ok();
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert!(one["erasure"] == two["erasure"] && two["erasure"] == three["erasure"], "{one} {two} {three}");
    assert_eq!([one, two, three].iter().filter(|answer| answer["changed"] == true).count(), 1);
    service.stop().await;
}

/// Every row of every table as text, partitions under their parents.
async fn everything(database: &Database) -> String {
    let tables = database
        .texts(
            "SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') \
             AND NOT c.relispartition",
        )
        .await;
    let mut all = String::new();
    for table in tables {
        let rows = database.texts(&format!("SELECT t::text FROM {table} t")).await;
        all.extend(rows.iter().flat_map(|row| [table.as_str(), " ", row.as_str(), "\n"]));
    }
    all
}

async fn erased(service: &OwnService, place: &str) -> Value {
    let app = App::new(service.inside()).expect("an app");
    closing::erase_due(&app).await.expect("a round");
    service.anonymous().get(place).await.ok()
}

#[tokio::test]
async fn an_erased_retailer_leaves_nothing_but_its_certificate() {
    let service = own_service(own_database().await, 6);
    let (mine, other) = (Seeded::at(&service).await, Seeded::at(&service).await);
    let database = &service.database;
    // One of the other's people works here too; their login stays.
    let shared_login = other.tenant.email.clone();
    database
        .execute(&format!(
            "INSERT INTO directory_staff SELECT login_id, '{0}', gen_random_uuid() FROM directory_logins WHERE email = '{shared_login}'",
            mine.tenant.id.0
        ))
        .await;
    let lost =
        format!("INSERT INTO directory_staff VALUES (gen_random_uuid(), '{}', gen_random_uuid())", other.tenant.id.0);
    let said =
        connect(&database.superuser_url).await.batch_execute(&lost).await.expect_err("no such login").to_string();
    assert!(said.contains("directory_staff_login"), "no place without its login: {said}");
    let theirs = fingerprint(database, &other.tenant).await;
    let closing = mine.tenant.owner.post("/v1/tenant/close", close(&mine.tenant.name)).await.ok();
    let place = format!("/v1/erasures/{}", text(&closing["erasure"]));
    let late = format!(
        "UPDATE directory_closings SET closes_at = now() - interval '1 day' WHERE for_tenant = '{}'",
        mine.tenant.id.0
    );
    database.execute(&late).await;
    // Killed in the middle: a slice of a few rows was done, and another was rolled back.
    let slice = |end: &str| format!("BEGIN; SELECT tillwatch_erase('{}', 7); {end}", mine.tenant.id.0);
    let mut system = connect(&database.system_url).await;
    system.batch_execute(&slice("COMMIT")).await.expect("a slice");
    system.batch_execute(&slice("ROLLBACK")).await.expect("a slice");
    let shown = erased(&service, &place).await;
    assert_eq!((&shown["state"], &shown["closes_at"]), (&json!("erased"), &Value::Null), "{shown}");
    let left = everything(database).await;
    let uuid = mine.tenant.id.0.to_string();
    for trace in [mine.mark.as_str(), uuid.as_str(), mine.tenant.email.as_str()] {
        let found: Vec<&str> = left.lines().filter(|line| line.contains(trace)).collect();
        assert!(found.is_empty(), "{trace} is left: {found:#?}");
    }
    assert!(left.contains(&shared_login) && left.contains(&other.mark), "another's things stay");
    assert_eq!(fingerprint(database, &other.tenant).await, theirs, "another retailer is untouched");
    let asked = becomes(401, async || mine.tenant.owner.get("/v1/me").await).await;
    asked.refused(Code::CredentialInvalid);
    mine.tenant.sign_in(&mine.tenant.email, crate::harness::tenant::PASSWORD).await.refused(Code::SignInFailed);
    verify(&service, &mine.tenant, &shown).await;
    service.stop().await;
}

/// The certificate is signed with a published key, says what it should, and opens nothing.
async fn verify(service: &OwnService, tenant: &Tenant, shown: &Value) {
    let certificate = text(&shown["certificate"]);
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(certificate.split('.').next().unwrap()).unwrap()).unwrap();
    let keys = service.anonymous().get("/.well-known/jwks.json").await.ok();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).expect("a published key");
    assert_eq!(
        (&header["alg"], &header["typ"], key),
        (&json!("EdDSA"), &json!("tillwatch-erasure+jwt"), &shown["key"])
    );
    let key = jsonwebtoken::DecodingKey::from_ed_components(text(&key["x"])).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    rules.set_required_spec_claims(&["iss", "sub"]);
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(certificate, &key, &rules).expect("a valid signature").claims;
    assert_eq!((&claims["sub"], &claims["tenant"]), (&shown["id"], &json!(tenant.id.to_string())));
    let hash = Sha256::digest(&tenant.name).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!((&claims["name_sha256"], &claims["verified"]), (&json!(hash), &json!(true)));
    for table in ["tenants", "samples", "audit_entries", "directory_staff", "directory_logins", "directory_credentials"]
    {
        assert!(claims["rows"][table].as_i64() > Some(0), "{table}: {claims}");
    }
    assert_eq!(claims["rows"]["tenants"], 1);
    service.anonymous().bearing(certificate).get("/v1/me").await.refused(Code::CredentialInvalid);
}
