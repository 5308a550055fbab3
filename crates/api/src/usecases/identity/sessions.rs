//! Signing in, staying signed in, signing out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{Actor, Permission, Principal, Role, lock_after};
use huiyin_persistence::Tx;
use huiyin_persistence::identity::sessions::Session;
use huiyin_persistence::identity::users::{self, User, username_key};
use huiyin_persistence::identity::{api_keys, logins, sessions};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, new_id, stored};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::passwords;
use crate::secret::random;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, already_done, transact};

/// Life of an access token.
pub const ACCESS_TOKEN_SECONDS: i64 = 900;
/// Life of a session: longer absence needs the password again.
const SESSION_DAYS: i64 = 30;
/// API keys begin with this, so that they are told from access tokens and found in leaked files.
pub const API_KEY_PREFIX: &str = "hyk_";
const ISSUER: &str = "huiyin";
/// For how long a copy trusts what it has read of a session or key; a revocation by another copy takes effect then.
const TRUST: Duration = Duration::from_secs(5);

/// What this copy needs to issue and check tokens.
pub struct Sessions {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    known: Cache<Uuid, Actor>,
    known_keys: Cache<String, (Actor, Option<DateTime<Utc>>)>,
    /// How often everything was forgotten: what was read before that must not be remembered after it.
    forgotten: AtomicU64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    exp: i64,
}

impl Sessions {
    pub fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "sub", "iss"]);
        // Expiry is checked against the application's clock, which tests steer.
        validation.validate_exp = false;
        Sessions {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            known: Cache::builder().max_capacity(100_000).time_to_live(TRUST).build(),
            known_keys: Cache::builder().max_capacity(10_000).time_to_live(TRUST).build(),
            forgotten: AtomicU64::new(0),
        }
    }

    fn issue(&self, user: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<String> {
        let iat = now.timestamp();
        let claims = Claims { iss: ISSUER.to_owned(), sub: user, sid: session, iat, exp: iat + ACCESS_TOKEN_SECONDS };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::broken("access token", error))
    }

    /// A keyed hash: of texts with passwords in them a plain one would be a way to guess them, much faster than argon2.
    pub fn fingerprint(&self, text: &str) -> Result<String> {
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.encoding, Algorithm::HS256)
            .map_err(|error| Error::broken("fingerprint", error))
    }

    /// Forgets what is known, after something about users or sessions has changed here.
    pub fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.invalidate_all();
        self.known_keys.invalidate_all();
    }
}

/// What somebody gets who signs in.
#[derive(Debug)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
}

/// Who a bearer token stands for now; a fault where it stands for nobody.
pub async fn authenticate(app: &App, token: &str, now: DateTime<Utc>) -> Result<Actor> {
    if token.starts_with(API_KEY_PREFIX) {
        return api_key_actor(app, token, now).await;
    }
    let claims = jsonwebtoken::decode::<Claims>(token, &app.sessions.decoding, &app.sessions.validation)
        .map_err(|_| Code::Unauthenticated)?
        .claims;
    if claims.exp <= now.timestamp() {
        return Err(Code::Unauthenticated.into());
    }
    if let Some(actor) = app.sessions.known.get(&claims.sid) {
        return Ok(actor);
    }
    let before = app.sessions.forgotten.load(Ordering::SeqCst);
    let session = sessions::open(&app.db, claims.sid, now).await?.filter(|session| session.user_id == claims.sub);
    let session = session.ok_or(Code::Unauthenticated)?;
    let user = users::active(&app.db, session.user_id).await?.ok_or(Code::Unauthenticated)?;
    let actor = actor_of(&user, session.id)?;
    app.sessions.known.insert(session.id, actor.clone());
    if app.sessions.forgotten.load(Ordering::SeqCst) != before {
        app.sessions.known.invalidate(&session.id);
    }
    Ok(actor)
}

fn actor_of(user: &User, session: Uuid) -> Result<Actor> {
    Ok(Actor {
        id: user.id,
        principal: Principal::User { session },
        role: stored(&user.role)?,
        data_scope: stored(&user.data_scope)?,
        department: user.department_id,
    })
}

async fn api_key_actor(app: &App, secret: &str, now: DateTime<Utc>) -> Result<Actor> {
    let hash = token_hash(secret);
    if let Some((actor, expires_at)) = app.sessions.known_keys.get(&hash) {
        return if expires_at.is_none_or(|at| at > now) { Ok(actor) } else { Err(Code::Unauthenticated.into()) };
    }
    let before = app.sessions.forgotten.load(Ordering::SeqCst);
    let key = api_keys::usable(&app.db, &hash, now).await?.ok_or(Code::Unauthenticated)?;
    let scopes: Vec<Permission> = from_json(&key.scopes)?;
    let actor = Actor {
        id: key.id,
        principal: Principal::ApiKey { scopes },
        role: Role::Integration,
        data_scope: Role::Integration.default_scope(),
        department: None,
    };
    app.sessions.known_keys.insert(hash.clone(), (actor.clone(), key.expires_at));
    if app.sessions.forgotten.load(Ordering::SeqCst) != before {
        app.sessions.known_keys.invalidate(&hash);
    }
    Ok(actor)
}

/// Only hashes of tokens and keys are stored. They are random and long, so a plain hash is enough.
pub fn token_hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs in. Failures are counted by name, whether it exists or not, and lock it for a growing time.
pub async fn login(app: &App, username: &str, password: String, now: DateTime<Utc>) -> Result<Tokens> {
    let key = username_key(username);
    if let Some(until) = logins::locked_until(&app.db, &key, now).await? {
        return Err(locked(until, now));
    }
    let user = users::find_by_username(&app.db, username).await?.filter(|user| user.active);
    let right = passwords::verify(password, user.as_ref().map(|user| user.password_hash.clone())).await?;
    let Some(user) = user.filter(|_| right) else { return Err(failed(app, &key, now).await?) };

    let tx = app.db.begin().await?;
    // Guesses that were sent at once must not outrun the lock that the first of them brought about.
    if let Some(until) = logins::locked_until(&tx, &key, now).await? {
        return Err(locked(until, now));
    }
    logins::clear(&tx, &key).await?;
    let session = Session {
        id: new_id(now),
        user_id: user.id,
        created_at: now,
        expires_at: now + TimeDelta::days(SESSION_DAYS),
        ended_at: None,
        end_reason: None,
    };
    let session_id = session.id;
    sessions::insert(&tx, session).await?;
    let tokens = next_tokens(app, &tx, user.id, session_id, now).await?;
    tx.commit().await?;
    Ok(tokens)
}

fn locked(until: DateTime<Utc>, now: DateTime<Utc>) -> Error {
    let seconds = (until - now).num_seconds().max(0) + 1;
    Fault::new(Code::AccountLocked).with("seconds", seconds).into()
}

/// The failure is counted in a transaction of its own: it has happened although the sign-in has not.
async fn failed(app: &App, key: &str, now: DateTime<Utc>) -> Result<Error> {
    let tx = app.db.begin().await?;
    let failures = logins::count_failure(&tx, key, now).await?;
    let lock = lock_after(failures).map(|length| now + length);
    if let Some(until) = lock {
        logins::lock_until(&tx, key, until).await?;
    }
    tx.commit().await?;
    Ok(lock.map_or(Error::from(Code::InvalidCredentials), |until| locked(until, now)))
}

async fn next_tokens(app: &App, tx: &Tx, user: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<Tokens> {
    let refresh_token = random(32);
    sessions::add_token(tx, session, token_hash(&refresh_token), now).await?;
    Ok(Tokens { access_token: app.sessions.issue(user, session, now)?, refresh_token })
}

/// Exchanges a refresh token for new tokens. One that has been spent before ends its session: one of the two who
/// hold it has stolen it.
pub async fn refresh(app: &App, refresh_token: &str, now: DateTime<Utc>) -> Result<Tokens> {
    let tx = app.db.begin().await?;
    let presented =
        sessions::spend_token(&tx, &token_hash(refresh_token), now).await?.ok_or(Code::RefreshTokenInvalid)?;
    let session = presented.session;
    if presented.reused {
        // Told once: whoever holds a spent token could fill the event log with it otherwise.
        if session.ended_at.is_none() {
            sessions::end(&tx, session.id, now, "refresh token reused").await?;
            let event = Event::UserSessionCompromised { user_id: session.user_id, session_id: session.id };
            events::append(&tx, Some(session.user_id), now, &[event]).await?;
            tx.commit().await?;
            app.sessions.forget();
        }
        return Err(Code::RefreshTokenReused.into());
    }
    if session.ended_at.is_some() || session.expires_at <= now {
        return Err(Code::RefreshTokenInvalid.into());
    }
    let user = users::active(&tx, session.user_id).await?.ok_or(Code::RefreshTokenInvalid)?;
    let tokens = next_tokens(app, &tx, user.id, session.id, now).await?;
    tx.commit().await?;
    Ok(tokens)
}

/// Ends the session that is used.
pub async fn logout(app: &App, command: &Command) -> Result<()> {
    let Principal::User { session } = command.actor.principal else { return Ok(()) };
    transact(app, command, async |tx| Ok(sessions::end(tx, session, command.now, "signed out").await?)).await?;
    app.sessions.forget();
    Ok(())
}

/// Changes one's own password; every other session of the user ends. Wrong guesses lock it like failed sign-ins.
pub async fn change_password(app: &App, command: &Command, current: String, new: String) -> Result<()> {
    let Principal::User { session } = command.actor.principal else { return Err(Code::UserNotFound.into()) };
    let user = users::active(&app.db, command.actor.id).await?.ok_or(Code::UserNotFound)?;
    // Sent again, the password that was right before is the old one now: that is no guess.
    if already_done(app, command).await? {
        return Ok(());
    }
    // Counted apart from sign-ins: whoever holds a token must not be able to lock the user out. No user name is
    // compared in capitals, so no sign-in counts here.
    let key = format!("PASSWORD OF {}", user.id);
    if let Some(until) = logins::locked_until(&app.db, &key, command.now).await? {
        return Err(locked(until, command.now));
    }
    if !passwords::verify(current, Some(user.password_hash.clone())).await? {
        failed(app, &key, command.now).await?;
        return Err(Fault::new(Code::WrongPassword).at("/current_password").into());
    }
    let password_hash = passwords::hash(new, "/new_password").await?;
    transact(app, command, async |tx| {
        let user = users::lock(tx, command.scope(), user.id).await?.ok_or(Code::UserNotFound)?;
        let version = user.version + 1;
        let changed = User { password_hash, updated_at: command.now, version, ..user };
        users::update(tx, changed).await?;
        logins::clear(tx, &key).await?;
        sessions::end_all_but(tx, command.actor.id, Some(session), command.now, "password changed").await?;
        let event = Event::UserPasswordChanged { user_id: command.actor.id };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(())
    })
    .await?;
    app.sessions.forget();
    Ok(())
}
