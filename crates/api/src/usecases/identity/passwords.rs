//! Password hashes: argon2id with the library's recommended cost, off the threads that serve requests.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{PASSWORD_MAX, PASSWORD_MIN};

use crate::usecases::support::{Error, Result};

/// Hashes a password, after a look at its length.
pub async fn hash(password: String, pointer: &'static str) -> Result<String> {
    match password.chars().count() {
        short if short < PASSWORD_MIN => {
            return Err(Fault::new(Code::TooShort).at(pointer).with("limit", PASSWORD_MIN).into());
        }
        long if long > PASSWORD_MAX => {
            return Err(Fault::new(Code::TooLong).at(pointer).with("limit", PASSWORD_MAX).into());
        }
        _ => {}
    }
    blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|e| Error::broken("argon2", e))
    })
    .await?
}

/// Whether the password is right. Without a hash as much work is done as with one, so that time does not tell whether
/// a user exists.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    blocking(move || match hash {
        Some(hash) => {
            let hash = PasswordHash::new(&hash).map_err(|error| Error::broken("stored password hash", error))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        }
        None => {
            Argon2::default().hash_password(password.as_bytes()).map(|_| false).map_err(|e| Error::broken("argon2", e))
        }
    })
    .await?
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::broken("password work", error))
}
