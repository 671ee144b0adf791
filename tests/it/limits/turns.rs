//! How many requests are worked on at once: a table that is locked holds each of them up as long as the test likes.

use super::limited;
use crate::harness::service::own_service_with;
use crate::harness::tenant::Style;
use crate::harness::{Answer, Client, Tenant, own_database};
use futures_util::future::join_all;
use tillwatch_shared::errors::Code;

async fn eight(caller: &Client) -> Vec<Answer> {
    join_all((0..8).map(|_| async { caller.get("/v1/campaigns").await })).await
}

#[tokio::test]
async fn a_retailer_with_too_much_in_hand_waits_and_others_do_not() {
    let service = limited(|limits| limits.concurrent = 1).await;
    let (busy, other) =
        (Tenant::sign_up_at(&service, Style::default()).await, Tenant::sign_up_at(&service, Style::default()).await);
    let lock = service.database.hold("campaigns").await;
    let (answers, me) = tokio::join!(eight(&busy.owner), other.owner.get("/v1/me"));
    me.ok();
    drop(lock);
    // One is in hand until its statement is given up, one waits for its turn in vain, the others are told at once.
    let refused: Vec<Answer> = answers.into_iter().filter(|answer| answer.status == 429).collect();
    assert!(refused.len() >= 6, "{} were refused", refused.len());
    for answer in refused {
        assert_eq!(answer.header("retry-after"), "1");
        assert!(answer.header("ratelimit-policy").contains(r#""concurrency";q=1"#));
        let problem = answer.refused(Code::TooManyRequests);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("in hand at once")), "{problem}");
    }
    // Places are given back: one after the other passes.
    for _ in 0..5 {
        busy.owner.get("/v1/campaigns").await.ok();
    }
    service.stop().await;
}

#[tokio::test]
async fn a_retailer_whose_requests_hold_its_share_of_the_connections_leaves_the_others_theirs() {
    // One thread of four connections, of which one retailer holds two.
    let service = own_service_with(own_database().await, 4, |options| {
        options.http_workers = 1;
        options.limits.concurrent = 100;
    });
    let (busy, other) =
        (Tenant::sign_up_at(&service, Style::default()).await, Tenant::sign_up_at(&service, Style::default()).await);
    let lock = service.database.hold("campaigns").await;
    let others = async {
        service.database.waiting(2).await;
        for _ in 0..5 {
            other.owner.get("/v1/channels").await.ok();
        }
    };
    let (answers, ()) = tokio::join!(eight(&busy.owner), others);
    drop(lock);
    for answer in answers {
        answer.refused(Code::Overloaded);
    }
    busy.owner.get("/v1/campaigns").await.ok();
    service.stop().await;
}

#[tokio::test]
async fn what_the_process_cannot_hold_is_shed_and_the_probes_still_answer() {
    let service = limited(|limits| limits.concurrent_total = 1).await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let lock = service.database.hold("campaigns").await;
    let probed = async { (service.anonymous().get("/livez").await, service.anonymous().get("/readyz").await) };
    let (answers, (live, ready)) = tokio::join!(eight(&retailer.owner), probed);
    drop(lock);
    assert_eq!((live.text(), ready.text()), ("alive".to_owned(), "ready".to_owned()));
    let shed: Vec<Answer> =
        answers.into_iter().filter(|answer| answer.text().contains("more requests than it can hold")).collect();
    assert!(shed.len() >= 6, "{} were shed", shed.len());
    for answer in shed {
        assert_eq!(answer.header("retry-after"), "1");
        answer.refused(Code::Overloaded);
    }
    retailer.owner.get("/v1/campaigns").await.ok();
    service.stop().await;
}
