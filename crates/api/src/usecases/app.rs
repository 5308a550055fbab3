//! What all use cases share: the state of one running copy.

use std::sync::Arc;

use huiyin_persistence::Db;
use tokio::sync::Notify;
use uuid::Uuid;

use super::identity::sessions::Sessions;
use super::sla::policies::Policies;
use crate::clock::Clock;
use crate::config::Config;

/// One running copy. Nothing in it is needed by another copy: what is kept here can be read again.
pub struct App {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub config: Config,
    pub sessions: Sessions,
    pub policies: Policies,
    /// Told after each commit, so that timers and events are looked at soon.
    pub jobs_wanted: Notify,
    /// Which copy this is, as an owner of leases.
    pub copy: Uuid,
}
