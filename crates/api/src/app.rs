//! Builds the application; the tests call the same function.

use std::sync::Arc;

use huiyin_persistence::{Db, DbOptions};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::files::Files;
use crate::secret::jwt_secret;
pub use crate::usecases::App;
use crate::usecases::bootstrap::{self, FirstStart};
use crate::usecases::identity::sessions::Sessions;
use crate::usecases::support::Error;

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
        let app = App {
            db,
            clock,
            sessions: Arc::new(Sessions::new(&jwt_secret(&config)?)),
            policies: Arc::default(),
            classifiers: Arc::default(),
            files: Arc::new(Files::open(&config)?),
            jobs_wanted: Arc::new(Notify::new()),
            copy: Uuid::now_v7(),
            config,
        };
        let first = bootstrap::run(&app, app.clock.now()).await?;
        Ok((Arc::new(app), first))
    }
}
