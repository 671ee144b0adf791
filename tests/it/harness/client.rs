//! A caller over HTTP.

use super::PATIENCE;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::Value;
use std::net::SocketAddr;
use tillwatch_shared::errors::Code;

/// Somebody who calls the API: nobody in particular, or the bearer of a credential.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    bearer: Option<String>,
    on_behalf_of: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What was asked, for messages.
    pub(crate) asked: String,
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub(crate) body: Value,
}

impl Client {
    /// A caller without a credential. Its connections belong to the present runtime: make one for each test.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            // Answers are looked at as they come.
            .no_gzip()
            .tls_built_in_root_certs(false)
            .timeout(PATIENCE)
            .build()
            .expect("an HTTP client");
        Self { http, base: format!("http://{address}"), bearer: None, on_behalf_of: None }
    }

    /// The same caller with a credential.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        Self { bearer: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller asking for a chat user: `discord/<server>/<user>`.
    pub(crate) fn on_behalf_of(&self, person: &str) -> Self {
        Self { on_behalf_of: Some(person.to_owned()), ..self.clone() }
    }

    /// The credential.
    pub(crate) fn bearer(&self) -> &str {
        self.bearer.as_deref().unwrap_or_default()
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// POST of a JSON body.
    pub(crate) async fn post(&self, path: &str, body: impl Serialize) -> Answer {
        let body = serde_json::to_vec(&body).expect("a body");
        self.send("POST", path, &[("content-type", "application/json")], Some(body)).await
    }

    /// PATCH of a JSON body over a version.
    pub(crate) async fn patch(&self, path: &str, version: i64, body: impl Serialize) -> Answer {
        let body = serde_json::to_vec(&body).expect("a body");
        let version = format!("\"{version}\"");
        self.send("PATCH", path, &[("content-type", "application/json"), ("if-match", &version)], Some(body)).await
    }

    /// Any request.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let answer = self.request(method, path, headers, body).send().await;
        Answer::read(format!("{method} {path}"), answer.unwrap_or_else(|e| panic!("{method} {path}: {e:?}"))).await
    }

    /// A request that was not sent yet, for tests that break it off.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(person) = &self.on_behalf_of {
            request = request.header("on-behalf-of", person);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match body {
            Some(body) => request.body(body),
            None => request,
        }
    }
}

impl Answer {
    async fn read(asked: String, answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.expect("the whole answer").to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { asked, status, headers, bytes, body }
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body of a success; fails the test otherwise.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {} {}", self.asked, self.status, self.text());
        self.body
    }

    /// The problem of a refusal with this code and its status; fails the test otherwise.
    #[track_caller]
    pub(crate) fn refused(self, code: Code) -> Value {
        let seen = (self.status, self.body["code"].as_str().unwrap_or_default());
        assert_eq!(seen, (code.status(), code.as_str()), "{}: {}", self.asked, self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.asked);
        assert_eq!(self.body["request_id"], self.header("x-request-id"), "{}", self.asked);
        self.body
    }
}
