//! Many feedbacks at once, as the timers about them need it: one statement each, whatever their number.

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, ExprTrait, FromQueryResult, QueryOrder, QuerySelect, UpdateMany};

use crate::entity::feedback;
use crate::support::filled_up;

/// What a timer looks at.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Swept {
    pub id: Uuid,
    pub state: String,
    pub promised_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub escalation_level: i32,
    pub explanation_owed_since: Option<DateTime<Utc>>,
    pub policy_id: Option<Uuid>,
}

/// Loads and locks feedbacks until the transaction ends. In order of id, waiting for each: two who lock the same ones do
/// not block each other for good, and none is passed over because somebody is working on it at this moment.
pub async fn lock_all(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Swept>, DbErr> {
    use feedback::Column as C;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    feedback::Entity::find()
        .select_only()
        .columns([
            C::Id,
            C::State,
            C::PromisedAt,
            C::ResolvedAt,
            C::EscalationLevel,
            C::ExplanationOwedSince,
            C::PolicyId,
        ])
        .filter(C::Id.is_in(filled_up(ids)))
        .order_by_asc(C::Id)
        .lock_exclusive()
        .into_model()
        .all(tx)
        .await
}

/// They have come to this level. The caller holds their locks, as for what follows.
pub async fn escalate(tx: &impl ConnectionTrait, ids: Vec<Uuid>, level: i32, now: DateTime<Utc>) -> Result<(), DbErr> {
    use feedback::Column as C;
    let set = |update: UpdateMany<feedback::Entity>| {
        update.col_expr(C::EscalationLevel, Expr::value(level)).col_expr(C::EscalatedAt, Expr::value(now))
    };
    touch(tx, ids, now, set).await
}

/// Each of them owes an explanation of its delay from now on.
pub async fn owe_explanation(tx: &impl ConnectionTrait, ids: Vec<Uuid>, now: DateTime<Utc>) -> Result<(), DbErr> {
    touch(tx, ids, now, |update| update.col_expr(feedback::Column::ExplanationOwedSince, Expr::value(now))).await
}

async fn touch(
    tx: &impl ConnectionTrait,
    ids: Vec<Uuid>,
    now: DateTime<Utc>,
    set: impl FnOnce(UpdateMany<feedback::Entity>) -> UpdateMany<feedback::Entity>,
) -> Result<(), DbErr> {
    use feedback::Column as C;
    if ids.is_empty() {
        return Ok(());
    }
    let update = feedback::Entity::update_many()
        .col_expr(C::UpdatedAt, Expr::value(now))
        .col_expr(C::Version, Expr::col(C::Version).add(1))
        .filter(C::Id.is_in(filled_up(ids)));
    set(update).exec(tx).await.map(|_| ())
}
