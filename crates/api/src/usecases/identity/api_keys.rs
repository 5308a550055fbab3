use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Permission;
use huiyin_persistence::identity::api_keys::{self, ApiKey};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, to_json};
use uuid::Uuid;

use super::sessions::{API_KEY_PREFIX, token_hash};
use crate::secret::random;
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Creates a key and answers its secret, which is not kept: asked again with the same `Idempotency-Key`, the secret
/// that was answered before is not known any more.
pub async fn create(
    app: &App,
    command: &Command,
    name: String,
    scopes: Vec<Permission>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(ApiKey, Option<String>)> {
    let secret = format!("{API_KEY_PREFIX}{}", random(32));
    let key = ApiKey {
        id: new_id(command.now),
        name,
        prefix: secret.chars().take(10).collect(),
        key_hash: token_hash(&secret),
        scopes: to_json(&scopes)?,
        created_by: command.actor.user_id(),
        created_at: command.now,
        expires_at,
        revoked_at: None,
    };
    let stored = transact(app, command, async |tx| {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let key = api_keys::insert(tx, key).await?;
        events::append(
            tx,
            command.actor.user_id(),
            command.now,
            &[Event::ApiKeyCreated { api_key_id: key.id, scopes }],
        )
        .await?;
        Ok(key)
    })
    .await?;
    let fresh = stored.key_hash == token_hash(&secret);
    Ok((stored, fresh.then_some(secret)))
}

/// Ends a key for good.
pub async fn revoke(app: &App, command: &Command, id: Uuid) -> Result<ApiKey> {
    let key = transact(app, command, async |tx| {
        let key = api_keys::lock(tx, id).await?.ok_or(Code::ApiKeyNotFound)?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        events::append(tx, command.actor.user_id(), command.now, &[Event::ApiKeyRevoked { api_key_id: id }]).await?;
        Ok(api_keys::update(tx, ApiKey { revoked_at: Some(command.now), ..key }).await?)
    })
    .await?;
    app.sessions.forget();
    Ok(key)
}
