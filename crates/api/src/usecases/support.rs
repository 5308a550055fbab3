//! What every use case shares: who acts and when, how a transaction ends, how a failure is told.

use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{Actor, Scope};
use huiyin_persistence::integration::idempotency::{self, Reservation};
use huiyin_persistence::support::{from_json, to_json};
use huiyin_persistence::{DbErr, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::usecases::App;

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the caller did wrong; all of it.
    #[error("{0:?}")]
    Faults(Vec<Fault>),
    #[error(transparent)]
    Db(#[from] DbErr),
    /// Something that should not be; the text goes to the log only.
    #[error("{0}")]
    Internal(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Faults(vec![fault])
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Fault::new(code).into()
    }
}

/// How often work is done that somebody else was faster at.
const ATTEMPTS: usize = 5;

/// Does the work again, a few times, as long as `lost` says that somebody else was faster at the same thing.
pub async fn again<T>(lost: impl Fn(&Error) -> bool, mut work: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(error) if lost(&error) => {}
            other => return other,
        }
    }
    work().await
}

impl Error {
    /// Somebody else has changed or made the same thing at the same moment.
    pub fn is_concurrent_change(&self) -> bool {
        self.is(Code::ConcurrentChange)
    }

    /// Whether this is what the caller did wrong.
    pub fn is(&self, code: Code) -> bool {
        matches!(self, Error::Faults(faults) if faults.iter().any(|fault| fault.code == code))
    }

    /// A stored value that the rules do not accept.
    pub fn broken(what: &str, why: impl std::fmt::Display) -> Self {
        Error::Internal(format!("{what}: {why}"))
    }
}

/// The key under which a request may be sent again.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    /// Keyed hash of method, path and body.
    pub fingerprint: String,
}

/// Who wants something done, and when.
#[derive(Debug, Clone)]
pub struct Command {
    pub actor: Actor,
    pub now: DateTime<Utc>,
    pub idempotency: Option<Idempotency>,
    /// The version that the caller has seen (`If-Match`).
    pub expected_version: Option<i64>,
    /// Where the request came from, for the audit log.
    pub origin: Origin,
}

/// The request behind a command; the clock has none.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub request_id: Option<String>,
    pub remote_address: Option<String>,
}

impl Command {
    /// A command of the clock.
    pub fn system(now: DateTime<Utc>) -> Self {
        Command { actor: Actor::system(), now, idempotency: None, expected_version: None, origin: Origin::default() }
    }

    pub fn scope(&self) -> Scope {
        self.actor.scope()
    }

    /// Refuses to change what has changed since the caller saw it.
    pub fn check_version(&self, current: i64) -> Result<(), Fault> {
        match self.expected_version {
            Some(expected) if expected != current => {
                Err(Fault::new(Code::VersionConflict).with("etag", format!("\"{current}\"")))
            }
            _ => Ok(()),
        }
    }
}

/// Runs `work` in one transaction: all of it is stored, or nothing. With an idempotency key the result is stored with
/// it, and the same command later answers that result without doing anything.
pub async fn transact<T>(app: &App, command: &Command, work: impl AsyncFnOnce(&Tx) -> Result<T>) -> Result<T>
where
    T: Serialize + DeserializeOwned,
{
    let tx = app.db.begin().await?;
    let Some(idempotency) = &command.idempotency else {
        let result = work(&tx).await?;
        return finish(app, tx, result).await;
    };
    let Idempotency { key, fingerprint } = idempotency;
    match idempotency::reserve(&tx, command.actor.id, key, fingerprint, command.now).await? {
        Reservation::New => {
            let result = work(&tx).await?;
            idempotency::complete(&tx, command.actor.id, key, to_json(&result)?).await?;
            finish(app, tx, result).await
        }
        Reservation::Done { fingerprint: before, .. } if before != *fingerprint => {
            Err(Code::IdempotencyKeyReused.into())
        }
        Reservation::Done { result: Some(result), .. } => Ok(from_json(&result)?),
        Reservation::Done { result: None, .. } => {
            Err(Error::Internal("an idempotency key without a result".to_owned()))
        }
    }
}

/// Whether this very command has been carried out before, for those that must look before they begin.
pub async fn already_done(app: &App, command: &Command) -> Result<bool> {
    let Some(Idempotency { key, fingerprint }) = &command.idempotency else { return Ok(false) };
    match idempotency::find(&app.db, command.actor.id, key).await? {
        Some(done) if done.fingerprint != *fingerprint => Err(Code::IdempotencyKeyReused.into()),
        done => Ok(done.is_some()),
    }
}

async fn finish<T>(app: &App, tx: Tx, result: T) -> Result<T> {
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(result)
}

/// Reads a conflict with a unique constraint as the fault it means here.
pub fn unique_as(code: Code) -> impl Fn(DbErr) -> Error {
    move |error| match error.sql_err() {
        Some(huiyin_persistence::SqlErr::UniqueConstraintViolation(_)) => code.into(),
        _ => Error::Db(error),
    }
}
