//! The secret behind access tokens: given, or generated once and kept in the data directory.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::usecases::support::Error;

/// `bytes` random bytes as text.
pub fn random(bytes: usize) -> String {
    let mut buffer = vec![0u8; bytes];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut buffer);
    BASE64.encode(buffer)
}

/// The configured secret; else the one in `jwt_secret` of the data directory, made at the first start with mode 0600.
pub fn jwt_secret(config: &Config) -> Result<SecretString, Error> {
    if let Some(secret) = &config.jwt_secret {
        if secret.expose_secret().len() < 32 {
            tracing::warn!("HUIYIN_JWT_SECRET is shorter than the 32 bytes that RFC 7518 asks for");
        }
        return Ok(secret.clone());
    }
    let path = config.data_dir.join("jwt_secret");
    let failed = |error: std::io::Error| Error::broken("HUIYIN_DATA_DIR", format!("{}: {error}", path.display()));
    fs::create_dir_all(&config.data_dir).map_err(failed)?;
    if !path.exists() {
        make(&path).map_err(failed)?;
    }
    let secret = fs::read_to_string(&path).map_err(failed)?;
    let secret = secret.trim();
    if secret.len() < 32 {
        return Err(Error::broken(
            "HUIYIN_DATA_DIR",
            format!("{} holds no usable secret; remove it to have one made", path.display()),
        ));
    }
    Ok(SecretString::from(secret.to_owned()))
}

/// Written beside its place and then linked into it: whoever finds the file, finds all of it, also when this start is
/// killed or another one makes a secret at the same moment.
fn make(path: &Path) -> std::io::Result<()> {
    let draft = path.with_extension(random(6));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked =
        file.write_all(random(48).as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
            match fs::hard_link(&draft, path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                outcome => outcome,
            }
        });
    fs::remove_file(&draft)?;
    linked
}
