//! The gateway side: plain WebSocket on loopback, sessions that survive their connection, resume with replay.
//!
//! Invariants: every dispatch of a session has the next sequence number and is kept for a resume; a resume replays
//! what came after the number that the client knows, then says RESUMED; a session that was invalidated for good is
//! gone. The address that clients are told is always a loopback address.

use super::Inner;
use super::world::{self, BOT, Place};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message as Frame;

/// What the connection of a session is told to do.
enum Order {
    Send(Value),
    /// End the connection without a close frame, as a network failure does.
    Cut,
}

struct Session {
    seq: u64,
    kept: Vec<Value>,
    connection: Option<UnboundedSender<Order>>,
}

/// Every session.
#[derive(Default)]
pub(super) struct Gateway {
    sessions: Mutex<HashMap<String, Session>>,
}

impl Gateway {
    /// Sends an event to every session; those without a connection get it when they resume. Says how many there are.
    pub(super) fn dispatch(&self, name: &str, data: &Value) -> usize {
        let mut sessions = self.sessions.lock().unwrap();
        for session in sessions.values_mut() {
            session.dispatch(name, data);
        }
        sessions.len()
    }

    /// How many sessions have a connection.
    pub(super) fn connected(&self) -> usize {
        self.sessions.lock().unwrap().values().filter(|s| s.connection.as_ref().is_some_and(|c| !c.is_closed())).count()
    }

    /// Cuts every connection; the sessions stay.
    pub(super) fn cut(&self) {
        for session in self.sessions.lock().unwrap().values_mut() {
            if let Some(connection) = session.connection.take() {
                let _gone = connection.send(Order::Cut);
            }
        }
    }

    /// Tells every connection to reconnect (op 7).
    pub(super) fn reconnect(&self) {
        self.order(&json!({"op": 7, "d": null}));
    }

    /// Invalidates every session (op 9); unless it is resumable, it is forgotten.
    pub(super) fn invalidate(&self, resumable: bool) {
        self.order(&json!({"op": 9, "d": resumable}));
        if !resumable {
            self.sessions.lock().unwrap().clear();
        }
    }

    fn order(&self, frame: &Value) {
        for session in self.sessions.lock().unwrap().values() {
            if let Some(connection) = &session.connection {
                let _gone = connection.send(Order::Send(frame.clone()));
            }
        }
    }
}

impl Session {
    fn dispatch(&mut self, name: &str, data: &Value) {
        self.seq += 1;
        let frame = json!({"op": 0, "t": name, "s": self.seq, "d": data});
        self.kept.push(frame.clone());
        if let Some(connection) = &self.connection {
            let _gone = connection.send(Order::Send(frame));
        }
    }
}

/// Accepts connections until the task is aborted; they end with it.
pub(super) async fn serve(inner: Arc<Inner>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        assert!(peer.ip().is_loopback(), "a gateway connection from {peer}");
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(Arc::clone(&inner), stream));
    }
}

async fn connection(inner: Arc<Inner>, stream: TcpStream) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut writer, mut reader) = socket.split();
    let (orders, mut inbox): (UnboundedSender<Order>, UnboundedReceiver<Order>) = mpsc::unbounded_channel();
    let _open = orders.send(Order::Send(json!({"op": 10, "d": {"heartbeat_interval": 41_250}})));
    loop {
        tokio::select! {
            order = inbox.recv() => match order {
                Some(Order::Send(frame)) => {
                    if writer.send(Frame::Text(frame.to_string())).await.is_err() {
                        break;
                    }
                }
                Some(Order::Cut) | None => {
                    inner.recorder.gateway("cut");
                    break;
                }
            },
            frame = reader.next() => match frame {
                Some(Ok(Frame::Text(text))) => {
                    let frame = serde_json::from_str(&text).unwrap_or_default();
                    if let Some(code) = heard(&inner, &orders, &frame) {
                        let close = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() };
                        let _gone = writer.send(Frame::Close(Some(close))).await;
                        break;
                    }
                }
                Some(Ok(Frame::Close(_))) => {
                    // tungstenite answers the close; flush it out.
                    let _gone = writer.flush().await;
                    inner.recorder.gateway("closed");
                    break;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    inner.changed();
}

/// Handles a frame of the client; gives a close code when the connection must end.
fn heard(inner: &Inner, orders: &UnboundedSender<Order>, frame: &Value) -> Option<u16> {
    let tell = |frame: Value| {
        let _gone = orders.send(Order::Send(frame));
    };
    let data = &frame["d"];
    match frame["op"].as_u64() {
        Some(1) => tell(json!({"op": 11, "d": null})),
        Some(2) => {
            inner.recorder.gateway(format!("identify {}", data["intents"]));
            if !is_token(inner, &data["token"]) {
                return Some(4004);
            }
            identify(inner, orders);
        }
        Some(6) => {
            inner.recorder.gateway("resume");
            if !is_token(inner, &data["token"]) {
                return Some(4004);
            }
            let mut sessions = inner.gateway.sessions.lock().unwrap();
            match sessions.get_mut(data["session_id"].as_str().unwrap_or_default()) {
                None => {
                    inner.recorder.gateway("invalid session");
                    tell(json!({"op": 9, "d": false}));
                }
                Some(session) => {
                    let known = data["seq"].as_u64().unwrap_or(0);
                    session.connection = Some(orders.clone());
                    for kept in session.kept.iter().filter(|k| k["s"].as_u64().unwrap_or(0) > known) {
                        tell(kept.clone());
                    }
                    session.dispatch("RESUMED", &json!({"_trace": []}));
                    inner.recorder.gateway("resumed");
                }
            }
        }
        Some(3 | 4 | 8) => {}
        _ => return Some(4001),
    }
    inner.changed();
    None
}

fn is_token(inner: &Inner, token: &Value) -> bool {
    token.as_str().map(|t| t.trim_start_matches("Bot ")) == Some(inner.token.as_str())
}

/// Opens a session: READY with unavailable servers, then each server.
fn identify(inner: &Inner, orders: &UnboundedSender<Order>) {
    let (id, places) = {
        let mut world = inner.world.lock().unwrap();
        (format!("session{}", world.id()), world.places.clone())
    };
    let mut session = Session { seq: 0, kept: Vec::new(), connection: Some(orders.clone()) };
    let unavailable: Vec<Value> =
        places.iter().map(|p| json!({"id": p.server.to_string(), "unavailable": true})).collect();
    session.dispatch(
        "READY",
        &json!({
            "v": 10, "user": world::bot_user(), "guilds": unavailable, "session_id": id, "resume_gateway_url": inner.gateway_url,
            "shard": [0, 1], "application": {"id": BOT.to_string(), "flags": 0}, "private_channels": [], "presences": [], "relationships": []
        }),
    );
    for place in &places {
        session.dispatch("GUILD_CREATE", &server(*place));
    }
    inner.gateway.sessions.lock().unwrap().insert(id, session);
    inner.recorder.gateway("ready");
}

/// A server as the platform describes it to a bot that just connected.
pub(super) fn server(place: Place) -> Value {
    let id = place.server.to_string();
    let joined = "2026-01-01T00:00:00.000000+00:00";
    let mut server = json!({
        "id": id, "name": "Harbour Grocers", "owner_id": "900000000000000002", "afk_timeout": 300, "verification_level": 0,
        "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "system_channel_flags": 0, "premium_tier": 0,
        "nsfw_level": 0, "member_count": 2, "preferred_locale": "en-US", "premium_progress_bar_enabled": false, "large": false,
        "unavailable": false, "joined_at": joined
    });
    server["roles"] = json!([{"id": id, "name": "@everyone", "color": 0, "hoist": false, "position": 0, "permissions": "2147483647",
        "managed": false, "mentionable": false, "flags": 0}]);
    server["members"] = json!([{"user": world::bot_user(), "roles": [], "joined_at": joined, "deaf": false, "mute": false, "flags": 0}]);
    server["channels"] = json!([{"id": place.channel.to_string(), "type": 0, "name": "alerts", "position": 0, "permission_overwrites": []}]);
    for nothing in [
        "emojis",
        "features",
        "stickers",
        "voice_states",
        "threads",
        "presences",
        "stage_instances",
        "guild_scheduled_events",
    ] {
        server[nothing] = json!([]);
    }
    for unset in [
        "icon",
        "splash",
        "discovery_splash",
        "afk_channel_id",
        "application_id",
        "system_channel_id",
        "rules_channel_id",
        "vanity_url_code",
        "description",
        "banner",
        "public_updates_channel_id",
    ] {
        server[unset] = Value::Null;
    }
    server
}
