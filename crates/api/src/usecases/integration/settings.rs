//! Settings of the deployment that are one value with its version: read, and locked before they are replaced. What a setting
//! is before anybody has set it, is its `Default`.

use huiyin_persistence::integration::settings;
use huiyin_persistence::{ConnectionTrait, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::usecases::support::{Error, Result};

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::broken(name, error))
}

fn text(name: &str, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::broken(name, error))
}

pub async fn read<T: DeserializeOwned + Default>(db: &impl ConnectionTrait, name: &str) -> Result<T> {
    settings::get(db, name).await?.map_or_else(|| Ok(T::default()), |kept| parse(name, &kept))
}

/// The value that is about to be replaced: nobody else does so until the transaction ends.
pub async fn lock<T: Serialize + DeserializeOwned + Default>(tx: &Tx, name: &str) -> Result<T> {
    let initial = text(name, &T::default())?;
    parse(name, &settings::lock(tx, name, &initial).await?)
}

/// Replaces a value that is locked.
pub async fn set(tx: &Tx, name: &str, value: &impl Serialize) -> Result<()> {
    Ok(settings::set(tx, name, text(name, value)?).await?)
}
