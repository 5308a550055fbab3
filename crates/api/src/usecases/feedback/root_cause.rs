use huiyin_domain::event::Event;
use huiyin_domain::feedback::{CauseCategory, Why};
use huiyin_persistence::feedback::root_causes::{self, RootCause};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::to_json;
use uuid::Uuid;

use super::cases;
use super::step::{lock, ticket};
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Why it happened.
#[derive(Debug)]
pub struct NewRootCause {
    pub whys: Vec<Why>,
    pub conclusion: String,
    pub category: CauseCategory,
}

/// Says why it happened, or says it anew; a case in the library follows.
pub async fn put(app: &App, command: &Command, feedback_id: Uuid, new: NewRootCause) -> Result<RootCause> {
    let now = command.now;
    transact(app, command, async |tx| {
        let feedback = lock(tx, command, feedback_id).await?;
        ticket(&feedback)?.worked_on_by(&command.actor)?;
        let whys = i32::try_from(new.whys.len()).unwrap_or(i32::MAX);
        let mut row = RootCause {
            feedback_id,
            whys: to_json(&new.whys)?,
            conclusion: new.conclusion,
            category: new.category.to_string(),
            recorded_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let row = match root_causes::find(tx, feedback_id).await? {
            Some(before) => {
                command.check_version(before.version)?;
                row.created_at = before.created_at;
                row.version = before.version + 1;
                root_causes::update(tx, row).await?
            }
            None => root_causes::insert(tx, row).await?,
        };
        cases::refresh(tx, &feedback, now).await?;
        let event = Event::FeedbackRootCauseRecorded { feedback_id, category: new.category, whys };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(row)
    })
    .await
}
