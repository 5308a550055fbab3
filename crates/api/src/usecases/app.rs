//! What all use cases share: the state of one running copy.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_persistence::Db;
use tokio::sync::Notify;
use uuid::Uuid;

use super::feedback::classifier::Classifiers;
use super::identity::sessions::Sessions;
use super::sla::policies::Policies;
use crate::clock::Clock;
use crate::config::Config;
use crate::files::Files;

/// One running copy. Nothing in it is needed by another copy: what is kept here can be read again.
pub struct App {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub config: Config,
    pub sessions: Arc<Sessions>,
    pub policies: Arc<Policies>,
    pub classifiers: Arc<Classifiers>,
    pub files: Arc<Files>,
    /// Told after each commit, so that timers and events are looked at soon.
    pub jobs_wanted: Arc<Notify>,
    /// Which copy this is, as an owner of leases.
    pub copy: Uuid,
}

impl App {
    /// The date of a moment in the deployment's zone.
    pub fn local_date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.config.time_zone).date_naive()
    }

    /// The same application for one thread, with database connections of its own.
    pub fn for_this_thread(&self, connections: u32) -> App {
        App {
            db: self.db.for_this_thread(connections),
            clock: self.clock.clone(),
            config: self.config.clone(),
            sessions: self.sessions.clone(),
            policies: self.policies.clone(),
            classifiers: self.classifiers.clone(),
            files: self.files.clone(),
            jobs_wanted: self.jobs_wanted.clone(),
            copy: self.copy,
        }
    }
}
