//! Within one retailer: somebody whose permissions are narrowed to a channel never sees what is out of reach, whatever
//! they ask. Every operation of the document is asked about the seeded retailer's things, which all belong to
//! another channel or to the whole retailer.

use super::calls::{ask, document};
use super::cases::{Case, Theirs, cases};
use super::probes::fingerprint;
use super::seed::{FIGURE, Seeded};
use crate::authority::{give, staff_id};
use crate::harness::tenant::text;
use crate::harness::{Answer, Client, eventually, own_database, own_service};
use crate::openapi::operations;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tillwatch_backend::platform::http::endpoint::Access;
use tillwatch_backend::router::endpoints;
use tillwatch_shared::permissions::{Permission, Role};

/// What belongs to channels: nobody narrowed to another one changes a row of these.
const TABLES: [&str; 9] = [
    "alert_events",
    "alerts",
    "campaign_channels",
    "campaign_events",
    "campaigns",
    "channels",
    "rules",
    "samples",
    "series",
];

/// What belongs to no channel and is shown to whoever sees figures: how a metric of the retailer's own is defined.
const OF_EVERYBODY: [&str; 1] = ["metrics_get"];

/// What stands in the retailer's things that are out of reach.
fn canaries(mine: &Seeded) -> Vec<String> {
    let names = ["shop", "coupons", "starts", "stops", "sinks"].map(|name| format!("{} {name}", mine.mark));
    let ids = ["channel", "campaign", "rule", "daily_rule", "alert", "delivery"].map(|id| mine.id(id).to_owned());
    names.into_iter().chain(ids).chain(mine.keys.clone()).chain([FIGURE.to_owned()]).collect()
}

/// What is wrong with an answer to a narrowed caller, as sentences.
fn judge(id: &str, access: Option<Access>, answer: &Answer, case: &Case, mine: &Seeded) -> Vec<String> {
    let mut wrong = Vec::new();
    let asked = format!("{} {} {:?}", case.id, case.query, case.body);
    let seen = format!("{:?} {}", answer.headers, answer.text());
    for canary in canaries(mine).iter().filter(|canary| !asked.contains(*canary) && seen.contains(*canary)) {
        wrong.push(format!("{id} shows {canary}: {seen}"));
    }
    let about_channels = match access {
        Some(Access::Permission(permission)) => permission.by_channel(),
        _ => return wrong,
    };
    let success = (200..300).contains(&answer.status);
    let right = match case.theirs {
        _ if !about_channels => answer.status == 403,
        Theirs::NotFound if OF_EVERYBODY.contains(&id) => success || answer.status == 403,
        Theirs::NotFound => matches!(answer.status, 403 | 404),
        Theirs::RowsRefused => success && answer.body["refused"] == 2 || answer.status == 403,
        // What another retailer's admin makes for themselves is about the whole retailer here.
        Theirs::Own | Theirs::Nothing => success || matches!(answer.status, 403 | 422),
        Theirs::UnknownReference => matches!(answer.status, 403 | 404 | 422),
        Theirs::Refused(_) => !success,
    };
    if !right {
        wrong.push(format!("{id} answers a narrowed caller with {}, not {:?}: {seen}", answer.status, case.theirs));
    }
    wrong
}

async fn narrowed_callers(mine: &Seeded, inside: &str) -> Vec<(&'static str, Client)> {
    let tenant = &mine.tenant;
    let staff = tenant.staff(Role::Admin).await;
    give(tenant, &staff_id(&staff).await, json!({ "channels": [inside] })).await.ok();
    let chat = tenant.link(&staff, &format!("{}-server", mine.mark), "narrowed-user").await;
    let scopes: Vec<Permission> =
        Permission::ALL.iter().copied().filter(|scope| scope.for_tokens() && scope.by_channel()).collect();
    let wish = json!({ "name": "A store's till", "scopes": scopes, "channels": [inside] });
    let created = tenant.owner.post("/v1/api-tokens", wish).await.ok();
    let callers =
        vec![("staff", staff), ("token", tenant.anonymous.bearing(text(&created["secret"]))), ("chat user", chat)];
    for (_, caller) in &callers {
        eventually("the reach to be narrowed", async || {
            (caller.get("/v1/me").await.ok()["channels"] == json!([inside])).then_some(())
        })
        .await;
    }
    callers
}

#[tokio::test]
async fn a_narrowed_caller_never_sees_or_changes_what_is_out_of_reach() {
    let service = own_service(own_database().await, 4);
    let mine = Seeded::at(&service).await;
    let inside = mine.tenant.channel("Inside").await;
    let accesses: BTreeMap<String, Access> = endpoints()
        .iter()
        .filter_map(|endpoint| Some((endpoint.operation.operation_id.clone()?, endpoint.access)))
        .collect();
    let operations: Vec<(String, String, Value)> = operations(&document());
    let callers = narrowed_callers(&mine, &inside).await;
    let rows = async || {
        let all = fingerprint(&service.database, &mine.tenant).await;
        all.into_iter().filter(|(table, _)| TABLES.contains(&table.as_str())).collect::<BTreeMap<_, _>>()
    };
    let before = rows().await;
    assert_eq!(before.len(), TABLES.len());
    let mut wrong = Vec::new();
    for (kind, caller) in &callers {
        for (path, method, operation) in &operations {
            let id = operation["operationId"].as_str().unwrap_or_default();
            // At the bot's own doors the bot asks as itself, whoever it serves otherwise.
            if accesses.get(id) == Some(&Access::Bot) {
                continue;
            }
            // Signing out would end what is to be asked with.
            for case in cases(id, &mine).iter().filter(|case| !case.ends_session) {
                let answer = ask(caller, method, path, case).await;
                wrong.extend(
                    judge(id, accesses.get(id).copied(), &answer, case, &mine)
                        .iter()
                        .map(|said| format!("{kind}: {said}")),
                );
            }
        }
        let channels = caller.get("/v1/channels").await.ok();
        assert_eq!(channels["data"].as_array().map(Vec::len), Some(1), "{kind} sees what is inside: {channels}");
        for list in ["campaigns", "rules", "alerts"] {
            assert_eq!(
                caller.get(&format!("/v1/{list}")).await.body["data"].as_array().map_or(0, Vec::len),
                0,
                "{list}"
            );
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(rows().await, before, "a narrowed caller changed what is out of reach");
}
