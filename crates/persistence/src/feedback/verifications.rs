use chrono::{DateTime, Utc};
use huiyin_domain::feedback::VerificationState;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

pub use crate::entity::feedback::Model as Feedback;
pub use crate::entity::verifications::Model as Verification;
use crate::entity::{feedback, verifications};
use crate::support::{Page, PageRequest, filled_up, page_by_id};

/// Whoever is to ask the customer sees it; as long as it is nobody's, the department's people do.
fn visible(scope: Scope) -> Condition {
    use verifications::Column as C;
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            Condition::any().add(C::DepartmentId.eq(department)).add(C::AssigneeId.eq(user))
        }
        Scope::Own { user, department } => {
            let pooled = department.map(|department| C::AssigneeId.is_null().and(C::DepartmentId.eq(department)));
            Condition::any().add(C::AssigneeId.eq(user)).add_option(pooled)
        }
    }
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<VerificationState>,
    pub assignee_id: Option<Uuid>,
    pub feedback_id: Option<Uuid>,
    /// Open, and the time to ask has begun by now.
    pub due_at: Option<DateTime<Utc>>,
    /// Open, and the time to ask has ended by now.
    pub overdue_at: Option<DateTime<Utc>>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Verification>, DbErr> {
    use verifications::Column as C;
    let open = || C::State.eq(VerificationState::Open.as_str());
    let select = verifications::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.state, |q, v| q.filter(C::State.eq(v.as_str())))
        .apply_if(filter.assignee_id, |q, v| q.filter(C::AssigneeId.eq(v)))
        .apply_if(filter.feedback_id, |q, v| q.filter(C::FeedbackId.eq(v)))
        .apply_if(filter.due_at, |q, v| q.filter(open()).filter(C::DueFrom.lte(v)))
        .apply_if(filter.overdue_at, |q, v| q.filter(open()).filter(C::DueBy.lt(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Verification>, DbErr> {
    verifications::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a verification; the caller holds the lock of its feedback.
pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Verification>, DbErr> {
    verifications::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// The one that is open of a feedback, locked.
pub async fn lock_open(tx: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Option<Verification>, DbErr> {
    verifications::Entity::find()
        .filter(verifications::Column::FeedbackId.eq(feedback_id))
        .filter(verifications::Column::State.eq(VerificationState::Open.as_str()))
        .lock_exclusive()
        .one(tx)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Verification) -> Result<Verification, DbErr> {
    verifications::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Verification) -> Result<Verification, DbErr> {
    verifications::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// The feedback behind verifications that the caller has found within its scope: whoever is to ask must know what of.
pub async fn feedback_of(db: &impl ConnectionTrait, rows: &[Verification]) -> Result<Vec<Feedback>, DbErr> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.feedback_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    feedback::Entity::find().filter(feedback::Column::Id.is_in(filled_up(ids))).all(db).await
}
