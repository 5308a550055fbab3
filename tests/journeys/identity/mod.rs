//! Signing in, staying in, being let out; who there is, and which keys.

mod accounts;
mod api_keys;
mod departments;
mod lockout;
mod sessions;

use serde_json::{Value, json};

use crate::support::client::Answer;
use crate::support::{Client, Running};

pub async fn login(running: &Running, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password });
    running.anonymous().post("/api/v1/auth/login", body).await
}

pub async fn refresh(running: &Running, tokens: &Value) -> Answer {
    running.anonymous().post("/api/v1/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).await
}

/// The client of these tokens.
pub fn with(running: &Running, tokens: &Value) -> Client {
    running.anonymous().with_token(tokens["access_token"].as_str().unwrap())
}

/// Whether the client is let in.
pub async fn is_in(client: &Client) -> bool {
    let answer = client.get("/api/v1/me").await;
    match answer.status {
        200 => true,
        401 => false,
        other => panic!("{other}: {}", answer.text),
    }
}
