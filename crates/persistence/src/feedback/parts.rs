use huiyin_domain::feedback::{PartRole, PartState};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, DbBackend, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

pub use crate::entity::feedback_parts::Model as Part;
use crate::entity::{feedback, feedback_parts};
use crate::support::{Page, PageRequest, page_by_id};

/// Written out, not bound: an index of collaborators' parts serves only who says that these are meant.
fn of_collaborators() -> Expr {
    Expr::cust(r#""feedback_parts"."role" = 'collaborator'"#)
}

/// The parts that somebody has to do with: those of the department, or, within the own scope, the own ones and the
/// pooled ones of the department.
fn visible(scope: Scope) -> Condition {
    use feedback_parts::Column as C;
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            Condition::any().add(C::DepartmentId.eq(department)).add(C::HandlerId.eq(user))
        }
        Scope::Own { user, department } => {
            let pooled = department.map(|department| C::HandlerId.is_null().and(C::DepartmentId.eq(department)));
            Condition::any().add(C::HandlerId.eq(user)).add_option(pooled)
        }
    }
}

/// What a list may be narrowed by.
#[derive(Debug, Clone)]
pub struct Filter {
    pub state: PartState,
    pub department_id: Option<Uuid>,
}

/// Parts of collaborators within reach, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Part>, DbErr> {
    use feedback_parts::Column as C;
    let select = feedback_parts::Entity::find()
        .filter(of_collaborators())
        .filter(visible(scope))
        .filter(C::State.eq(filter.state.as_str()))
        .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

/// Everything that departments have done and do for a feedback, oldest first. The caller has found the feedback within
/// its scope.
pub async fn of_feedback(db: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Vec<Part>, DbErr> {
    feedback_parts::Entity::find()
        .filter(feedback_parts::Column::FeedbackId.eq(feedback_id))
        .order_by_asc(feedback_parts::Column::Id)
        .all(db)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, parts: Vec<Part>) -> Result<(), DbErr> {
    if parts.is_empty() {
        return Ok(());
    }
    let rows = parts.into_iter().map(IntoActiveModel::into_active_model);
    feedback_parts::Entity::insert_many(rows).exec_without_returning(tx).await.map(|_| ())
}

/// The caller holds the lock of the feedback.
pub async fn update(tx: &impl ConnectionTrait, part: Part) -> Result<Part, DbErr> {
    feedback_parts::Entity::update(part.into_active_model().reset_all()).exec(tx).await
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Part>, DbErr> {
    feedback_parts::Entity::find_by_id(id).one(db).await
}

/// Whether a feedback has, or had, a part that opens it to this scope. Only the reader of one feedback is asked so: for a
/// list see [`open_to`].
pub(super) fn opens(scope: Scope) -> Option<Expr> {
    use feedback_parts::Column as C;
    if scope == Scope::All {
        return None;
    }
    let same = Expr::col((feedback_parts::Entity, C::FeedbackId)).equals((feedback::Entity, feedback::Column::Id));
    let part = Query::select()
        .expr(Expr::val(1))
        .from(feedback_parts::Entity)
        .and_where(same)
        .and_where(C::Role.eq(PartRole::Collaborator.as_str()))
        .cond_where(visible(scope))
        .to_owned();
    Some(Expr::exists(part))
}

/// The feedback in which collaborators of this scope have an open part, in a way that an index over many feedbacks is
/// still of use.
pub(super) fn open_to(backend: DbBackend, scope: Scope) -> Option<Expr> {
    use feedback_parts::Column as C;
    if scope == Scope::All {
        return None;
    }
    let parts: SelectStatement = Query::select()
        .column(C::FeedbackId)
        .from(feedback_parts::Entity)
        .and_where(of_collaborators())
        .and_where(C::EndedAt.is_null())
        .cond_where(visible(scope))
        .to_owned();
    let id = Expr::col((feedback::Entity, feedback::Column::Id));
    Some(match backend {
        // As an array it is known before the search begins; `IN` would be tried on each row of the pool.
        DbBackend::Postgres => {
            Expr::cust_with_exprs("$1 = ANY(ARRAY($2))", [id, Expr::SubQuery(None, Box::new(parts.into()))])
        }
        _ => id.in_subquery(parts),
    })
}
