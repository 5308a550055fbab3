//! What a user does with what he was told.

use std::collections::HashSet;

use huiyin_domain::fault::Code;
use huiyin_domain::identity::Scope;
use huiyin_persistence::entity::notifications::Model as Notification;
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::notifications;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Marks one of one's own notifications as read.
pub async fn mark_read(app: &App, command: &Command, id: Uuid) -> Result<Notification> {
    transact(app, command, async |tx| {
        let read = notifications::mark_read(tx, command.actor.id, id, command.now).await?;
        read.ok_or_else(|| Code::NotificationNotFound.into())
    })
    .await
}

/// What was marked, and what is left.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct AllRead {
    pub read: u64,
    pub unread: i64,
}

/// Marks all of one's own notifications as read, or those up to one of them: what has come in while the reader looked at
/// the list is not taken for read.
pub async fn mark_all_read(app: &App, command: &Command, up_to: Option<Uuid>) -> Result<AllRead> {
    transact(app, command, async |tx| {
        let user = command.actor.id;
        if let Some(id) = up_to {
            notifications::find(tx, user, id).await?.ok_or(Code::NotificationNotFound)?;
        }
        let read = notifications::mark_all_read(tx, user, up_to, command.now).await?;
        Ok(AllRead { read, unread: notifications::unread(tx, user).await? })
    })
    .await
}

/// Says of which kinds of events one does not want to be told any more; all others are told.
pub async fn mute(app: &App, command: &Command, kinds: HashSet<String>) -> Result<HashSet<String>> {
    transact(app, command, async |tx| {
        let user = users::lock(tx, Scope::All, command.actor.id).await?.ok_or(Code::UserNotFound)?;
        notifications::mute(tx, user.id, &kinds).await?;
        Ok(kinds)
    })
    .await
}
