//! The application: what all use cases share, and how it is opened. The tests call the same functions.

use std::net::IpAddr;
use std::sync::Arc;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use huiyin_persistence::{Db, DbOptions};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::http::support::schema_check::SchemaChecks;
use crate::usecases::identity::sessions::Sessions;
use crate::usecases::sla::policies::Policies;
use crate::usecases::support::Error;

/// Limits requests by client address.
pub type Limiter = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>;

/// One running copy. Nothing in it is needed by another copy: what is kept here can be read again.
pub struct App {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub config: Config,
    pub sessions: Sessions,
    pub policies: Policies,
    pub schemas: SchemaChecks,
    pub limiter: Option<Limiter>,
    /// Told after each commit, so that timers and events are looked at soon.
    pub jobs_wanted: Notify,
    /// Which copy this is, as an owner of leases.
    pub copy: Uuid,
}

/// What the first start on an empty database has made.
#[derive(Debug)]
pub struct FirstStart {
    pub username: String,
    /// Only where it was generated; shown once.
    pub password: Option<String>,
}

impl App {
    /// Opens the database, brings it up to date and, where it is empty, makes the first administrator, departments,
    /// calendar and policies.
    pub async fn open(config: Config, clock: Arc<dyn Clock>) -> Result<(Arc<App>, Option<FirstStart>), Error> {
        let options = DbOptions {
            url: config.database_url.clone(),
            max_connections: config.database_connections,
            sqlite_full_sync: config.sqlite_full_sync,
        };
        let db = Db::connect(&options)
            .await
            .map_err(|error| Error::broken("HUIYIN_DATABASE_URL (unless given, a file in HUIYIN_DATA_DIR)", error))?;
        db.migrate().await?;
        let secret = crate::secret::jwt_secret(&config)?;
        let limiter = config.rate_limit.and_then(|rate| {
            let rate = std::num::NonZeroU32::new(rate)?;
            Some(RateLimiter::keyed(
                Quota::per_second(rate).allow_burst(rate.saturating_mul(std::num::NonZeroU32::new(2)?)),
            ))
        });
        let app = App {
            db,
            clock,
            sessions: Sessions::new(&secret),
            policies: Policies::default(),
            schemas: SchemaChecks::new(crate::http::contract()["components"].clone()),
            limiter,
            jobs_wanted: Notify::new(),
            copy: Uuid::now_v7(),
            config,
        };
        let first = crate::usecases::bootstrap::run(&app, app.clock.now()).await?;
        Ok((Arc::new(app), first))
    }
}
