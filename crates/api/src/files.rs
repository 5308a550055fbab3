//! Where the bytes of attachments are kept: a folder, or a bucket of anything that speaks S3.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetResult, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::config::{Config, Storage};
use crate::usecases::support::Error;

/// The smallest part that S3 takes, and all that one upload holds in memory.
const PART: usize = 5 * 1024 * 1024;

/// For how long a request to a bucket is tried again while somebody waits for the answer.
const RETRIES: usize = 3;
const RETRY_FOR: Duration = Duration::from_secs(20);

pub type FileError = object_store::Error;

/// The store of objects.
#[derive(Debug)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
}

impl Files {
    /// Opens the configured store; a missing folder is made.
    pub fn open(config: &Config) -> Result<Files, Error> {
        let store: Arc<dyn ObjectStore> = match &config.storage {
            Storage::Folder(folder) => {
                let failed = |error: &dyn std::fmt::Display| {
                    Error::broken("HUIYIN_DATA_DIR", format!("{}: {error}", folder.display()))
                };
                std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
                // What has been acknowledged survives a power cut, as the row beside it does.
                Arc::new(LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?.with_fsync(true))
            }
            Storage::S3 { bucket, endpoint, region, access_key_id, secret_access_key } => {
                let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_FOR, ..RetryConfig::default() };
                let mut builder = AmazonS3Builder::new()
                    .with_bucket_name(bucket)
                    .with_region(region)
                    .with_access_key_id(access_key_id)
                    .with_secret_access_key(secret_access_key.expose_secret())
                    // Objects go one by one; not everything that speaks S3 deletes in bulk.
                    .with_disable_bulk_delete(true)
                    .with_retry(retry);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                Arc::new(builder.build().map_err(|error| Error::broken("HUIYIN_STORAGE", error))?)
            }
        };
        Ok(Files { store })
    }

    /// Begins to write the object of this id; nobody sees it before it is complete.
    pub fn write(&self, id: Uuid) -> Upload {
        Upload { store: self.store.clone(), path: path(id), buffer: Vec::new(), parts: None }
    }

    /// The object, to be read as it comes.
    pub async fn read(&self, id: Uuid) -> Result<GetResult, FileError> {
        self.store.get(&path(id)).await
    }

    /// Removes an object; one that is not there is removed already.
    pub async fn remove(&self, id: Uuid) -> Result<(), FileError> {
        match self.store.delete(&path(id)).await {
            Err(FileError::NotFound { .. }) => Ok(()),
            outcome => outcome,
        }
    }
}

/// The last digits of an id are random: folders stay small.
fn path(id: Uuid) -> Path {
    let id = id.simple().to_string();
    Path::from(format!("attachments/{}/{id}", &id[id.len() - 2..]))
}

/// An object on its way.
#[derive(Debug)]
pub struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PART - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            rest = later;
            if self.buffer.len() == PART {
                let part = std::mem::take(&mut self.buffer);
                let parts = match &mut self.parts {
                    Some(parts) => parts,
                    none => none.insert(self.store.put_multipart(&self.path).await?),
                };
                parts.put_part(part.into()).await?;
            }
        }
        Ok(())
    }

    /// Makes it whole and visible.
    pub async fn complete(mut self) -> Result<(), FileError> {
        let Some(mut parts) = self.parts.take() else {
            return self.store.put(&self.path, self.buffer.into()).await.map(|_| ());
        };
        if !self.buffer.is_empty() {
            parts.put_part(self.buffer.into()).await?;
        }
        parts.complete().await.map(|_| ())
    }

    /// Gives it up; what has been sent is removed.
    pub async fn abort(mut self) {
        if let Some(parts) = &mut self.parts
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(%error, "an upload that was given up is left in parts");
        }
    }
}
