//! Posts incidents by robots, and says what became of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use futures_util::future::BoxFuture;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use tillwatch_shared::goals::ProposalState;
use tillwatch_shared::watch::{Delivery, DeliveryOutcome, RobotAddress, Transport};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::pace::{Allowance, Robot, Robots, Waiting};
use super::{Answer, Answered, Said, answered, limit, post};
use crate::deliver::{ChatSink, IN_FLIGHT};
use crate::reply::Reply;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// A post and its answer take at most so long.
const POST: Duration = Duration::from_secs(6);
/// A robot whose next post is allowed later than this gives its deliveries back until then.
const PATIENCE: Duration = Duration::from_secs(5);
/// All of it: a turn of somebody else's and one's own, well within the lease of 30 s.
const WHOLE: Duration = Duration::from_secs(24);
/// Bytes of an answer that are looked at.
const ANSWER: usize = 16 * 1024;

/// One chat of robots.
pub struct RobotSink {
    transport: Transport,
    client: Client,
    robots: Robots,
}

impl RobotSink {
    /// The client that posts: to addresses of the chats only, without following where they point.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn client() -> reqwest::Result<Client> {
        Self::builder().build()
    }

    /// What [`client`](Self::client) is built from.
    pub fn builder() -> ClientBuilder {
        Client::builder().https_only(true).redirect(Policy::none()).connect_timeout(CONNECT).timeout(POST)
    }

    /// Posts to robots of `transport`.
    pub fn new(transport: Transport, client: Client) -> Self {
        Self { transport, client, robots: Robots::new(limit(transport)) }
    }

    /// Says what `waits`, and whatever else waits for the same robot by then.
    async fn say(
        &self,
        address: &RobotAddress,
        waiting: Waiting,
        told: oneshot::Receiver<DeliveryOutcome>,
    ) -> DeliveryOutcome {
        let robot = self.robots.at(&address.address);
        robot.wait(waiting);
        let mut told = told;
        let mut allowance = robot.turn.lock().await;
        match told.try_recv() {
            // Somebody else's post had room for it.
            Ok(outcome) => return outcome,
            Err(oneshot::error::TryRecvError::Closed) => return failed("the post broke off", None, false),
            Err(oneshot::error::TryRecvError::Empty) => {}
        }
        let wait = allowance.wait(Instant::now());
        if wait > PATIENCE {
            return failed("the robot posts as often as its chat allows", Some(wait), false);
        }
        sleep(wait).await;
        self.say_all(address, &robot, &mut allowance).await;
        told.try_recv().unwrap_or_else(|_| failed("the post broke off", None, false))
    }

    async fn say_all(&self, address: &RobotAddress, robot: &Robot, allowance: &mut Allowance) {
        let all = robot.take(IN_FLIGHT);
        let said: Vec<Said> = all.iter().map(|waiting| waiting.said.clone()).collect();
        allowance.spend(Instant::now());
        let answer = self.post(address, &said).await;
        if let Answered::Later { after: Some(after), .. } = &answer {
            allowance.shut(Instant::now(), *after);
        }
        for waiting in all {
            let outcome = match &answer {
                Answered::Posted => {
                    DeliveryOutcome::Posted { message: waiting.state, version: waiting.version, told: None }
                }
                Answered::Later { said, after } => failed(said, *after, false),
                Answered::Refused { said } => failed(said, None, true),
            };
            // Whoever has gone claims it again.
            let _gone = waiting.tell.send(outcome);
        }
    }

    async fn post(&self, address: &RobotAddress, said: &[Said]) -> Answered {
        let post = post(self.transport, address, said, Utc::now());
        let sent = self.client.post(&post.address).json(&post.body).send();
        match sent.await {
            Ok(response) => match answer(response).await {
                Ok(answer) => answered(self.transport, &answer),
                Err(error) => Answered::later(told(error)),
            },
            Err(error) => Answered::later(told(error)),
        }
    }
}

/// An error without the address, which is a secret.
fn told(error: reqwest::Error) -> String {
    let kind = if error.is_timeout() { "no answer in time" } else { "the chat cannot be reached" };
    format!("{kind}: {}", error.without_url())
}

async fn answer(mut response: Response) -> reqwest::Result<Answer> {
    let status = response.status().as_u16();
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER - body.len())]);
        if body.len() == ANSWER {
            break;
        }
    }
    Ok(Answer { status, retry_after: header, body: String::from_utf8_lossy(&body).into_owned() })
}

/// What was posted stays as it is, so the message's name says in which state it was then: an incident's own; of a storm
/// whether it goes on; of a proposal what became of it; another notice is told once.
fn state(delivery: &Delivery) -> String {
    let state = match (&delivery.notice, &delivery.alert) {
        (None, Some(alert)) => alert.state.as_str(),
        (Some(notice), _) => match (&notice.digest, &notice.proposal) {
            (Some(digest), _) if digest.resolved == digest.alerts => "all_resolved",
            (_, Some(proposal)) if proposal.state != ProposalState::Open => proposal.state.as_str(),
            _ => notice.kind.as_str(),
        },
        (None, None) => "nothing",
    };
    format!("posted/{state}")
}

fn failed(error: &str, after: Option<Duration>, permanent: bool) -> DeliveryOutcome {
    let retry_after_ms = after.map(|after| u32::try_from(after.as_millis()).unwrap_or(u32::MAX));
    DeliveryOutcome::Failed { error: error.to_owned(), retry_after_ms, permanent }
}

impl ChatSink for RobotSink {
    fn transport(&self) -> Transport {
        self.transport
    }

    fn show<'a>(&'a self, delivery: &'a Delivery, reply: &'a Reply) -> BoxFuture<'a, DeliveryOutcome> {
        Box::pin(async move {
            let Some(address) = &delivery.robot else {
                return failed("the robot's address was not told", None, false);
            };
            if !self.transport.is_robot_address(&address.address) {
                return failed("the address is no robot's of this chat; add the robot anew", None, true);
            }
            let state = state(delivery);
            if delivery.message.as_deref() == Some(state.as_str()) {
                return DeliveryOutcome::Posted { message: state, version: delivery.version, told: None };
            }
            let (tell, told) = oneshot::channel();
            let waiting = Waiting { said: Said::of(delivery, reply), state, version: delivery.version, tell };
            let late = |_| failed("no turn in time", Some(PATIENCE), false);
            timeout(WHOLE, self.say(address, waiting, told)).await.unwrap_or_else(late)
        })
    }
}

/// Every chat of robots, posted to with `client`.
pub(crate) fn sinks(client: &Client) -> [Arc<dyn ChatSink>; 4] {
    super::CHATS.map(|chat| Arc::new(RobotSink::new(chat, client.clone())) as Arc<dyn ChatSink>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::things::{delivery, stop_loss};
    use serde_json::json;
    use tillwatch_shared::Locale;

    #[test]
    fn a_proposal_is_posted_when_it_is_made_and_when_it_is_decided() {
        let named = |decided: &str| {
            let proposal = json!({
                "id": "prp_1CGqTeNaKx9bBi2S14U4G8", "goal": "gol_1CGqTeNaKx9bBi2S14U4G8", "goal_name": "双十一 sales",
                "month": "2026-10-01", "state": decided, "planned": 10.0, "achieved": 8.0, "target_before": 100,
                "target_after": 80, "periods": [], "reason_en": "It came to 8 of 10.", "reason_zh": "完成80%。",
                "made_at": "2026-11-01T03:00:00Z", "decided_at": null, "decided_by": null, "decision_reason": null,
            });
            let notice = json!({
                "id": "ntc_1CGqTeNaKx9bBi2S14U4G8", "kind": "goal_proposal", "at": "2026-11-01T03:00:00Z",
                "proposal": proposal,
            });
            let notice = Some(serde_json::from_value(notice).unwrap());
            state(&Delivery { alert: None, notice, ..delivery(stop_loss(), Transport::Feishu, Locale::ZhCn) })
        };
        let names = ["open", "accepted", "accepted", "refused", "superseded"].map(named);
        // What is named as before is not posted again.
        let expected = ["goal_proposal", "accepted", "accepted", "refused", "superseded"];
        assert_eq!(names, expected.map(|state| format!("posted/{state}")));
    }
}
