//! The API as somebody who is signed in sees it, with failures told in sentences.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::Outcome;

/// A server that answers.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    url: String,
}

/// Somebody signed in to it.
#[derive(Clone)]
pub struct Session {
    api: Api,
    token: String,
}

/// An answer that has been read.
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Api {
    pub async fn connect(url: &str) -> Outcome<Self> {
        let url = url.trim_end_matches('/').to_owned();
        // The demo speaks to a server of one's own: a proxy would only be in the way.
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        let api = Api { http, url };
        let probe = api.http.get(format!("{}/health/ready", api.url)).send().await;
        match probe {
            Ok(answer) if answer.status().is_success() => Ok(api),
            Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                Err(format!("the server at {} does not reach its database", api.url).into())
            }
            Ok(_) => Err(format!("what answers at {} is not Huiyin", api.url).into()),
            Err(_) => {
                Err(format!("no server answers at {}: start one with `make run`, or name it with --url", api.url)
                    .into())
            }
        }
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Outcome<Session> {
        let body = json!({ "username": username, "password": password });
        let request = self.http.post(format!("{}/api/v1/auth/login", self.url)).json(&body);
        let answer = exchange(request).await?;
        if answer.body["code"] == "invalid_credentials" {
            return Err(format!(
                "the server does not know {username:?} with this password; for the administrator it is the one that the \
                 first start has printed, given as HUIYIN_ADMIN_PASSWORD or --password"
            )
            .into());
        }
        let tokens = answer.granted("POST", "/api/v1/auth/login")?;
        Ok(Session { api: self.clone(), token: text(&tokens, "access_token") })
    }
}

impl Session {
    pub async fn get(&self, path: &str) -> Outcome<Value> {
        self.send(Method::GET, path, None).await?.granted("GET", path)
    }

    pub async fn post(&self, path: &str, body: Option<Value>) -> Outcome<Answer> {
        self.send(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Outcome<Value> {
        self.send(Method::PUT, path, Some(body)).await?.granted("PUT", path)
    }

    pub async fn patch(&self, path: &str, body: Value) -> Outcome<Value> {
        self.send(Method::PATCH, path, Some(body)).await?.granted("PATCH", path)
    }

    /// One value a line.
    pub async fn post_lines(&self, path: &str, lines: &[Value]) -> Outcome<Value> {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let request = self.request(Method::POST, path).header("content-type", "application/x-ndjson").body(text);
        exchange(request).await?.granted("POST", path)
    }

    /// Every row of a list, page by page.
    pub async fn all(&self, path: &str) -> Outcome<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?limit=200{cursor}")).await?;
            rows.extend(page["items"].as_array().into_iter().flatten().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(rows),
            }
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Answer> {
        let request = self.request(method, path);
        exchange(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.api.http.request(method, format!("{}{path}", self.api.url)).bearer_auth(&self.token)
    }
}

impl Answer {
    /// The body, where the request was granted.
    pub fn granted(self, method: &str, path: &str) -> Outcome<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let faults = self.body["errors"].as_array().into_iter().flatten();
        let faults: String =
            faults.map(|fault| format!("\n  {}: {}", text(fault, "pointer"), text(fault, "detail"))).collect();
        Err(format!("{method} {path}: {}: {}{faults}", self.status, text(&self.body, "detail")).into())
    }
}

/// Sends it, and again where the server asks for patience.
async fn exchange(request: RequestBuilder) -> Outcome<Answer> {
    let request = request.header("accept-language", "en");
    loop {
        let again = request.try_clone().ok_or("a request that cannot be sent twice")?;
        let response = again.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if body["code"] == "rate_limited" {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        return Ok(Answer { status, body });
    }
}

/// A text of an answer; empty where there is none.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
