//! The verification follow-ups of feedback, whoever they are given to: for what follows from how the feedback is.

use huiyin_domain::follow_up::TaskOrigin;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use crate::entity::follow_up_tasks;
pub use crate::entity::follow_up_tasks::Model as Task;
use crate::support::filled_up;

/// Loads and locks all there are of these feedbacks, open or closed, in order of id. The caller holds the locks of the
/// feedbacks.
pub async fn lock_of(tx: &impl ConnectionTrait, feedback: Vec<Uuid>) -> Result<Vec<Task>, DbErr> {
    use follow_up_tasks::Column as C;
    if feedback.is_empty() {
        return Ok(Vec::new());
    }
    let these = follow_up_tasks::Entity::find()
        .filter(C::FeedbackId.is_in(filled_up(feedback)))
        .filter(C::Origin.eq(TaskOrigin::Verification.as_str()));
    these.order_by_asc(C::Id).lock_exclusive().all(tx).await
}
