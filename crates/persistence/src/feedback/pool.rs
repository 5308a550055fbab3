use huiyin_domain::feedback::{FeedbackType, Priority, State, Subtype, feedback_no};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait, Statement,
};

use super::parts;
use crate::entity::feedback;
pub use crate::entity::feedback::Model as Feedback;
use crate::integration::numbers;
use crate::support::{Page, PageRequest, filled_up, json, page_by_id, quoted};

/// Whoever reported it always sees how it goes on, and so does a deputy of its handler.
pub(super) fn visible(scope: Scope) -> Condition {
    use feedback::Column as C;
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            let own = Condition::any().add(C::DepartmentId.eq(department)).add(C::HandlerId.eq(user));
            own.add(C::DeputyId.eq(user)).add(C::ReporterId.eq(user))
        }
        Scope::Own { user, department } => {
            let pooled = department.map(|department| C::HandlerId.is_null().and(C::DepartmentId.eq(department)));
            let own = Condition::any().add(C::HandlerId.eq(user)).add(C::DeputyId.eq(user));
            own.add(C::ReporterId.eq(user)).add_option(pooled)
        }
    }
}

/// What is visible, and what the department collaborates in.
fn reachable(scope: Scope) -> Condition {
    or_part(scope, parts::opens(scope))
}

fn or_part(scope: Scope, part: Option<Expr>) -> Condition {
    match part {
        Some(part) => Condition::any().add(visible(scope)).add(part),
        None => visible(scope),
    }
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<State>,
    pub kind: Option<FeedbackType>,
    pub subtype: Option<Subtype>,
    pub priority: Option<Priority>,
    pub department_id: Option<Uuid>,
    pub handler_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
    pub needs_review: Option<bool>,
    /// In nobody's hands, or in somebody's.
    pub unassigned: Option<bool>,
    pub explanation_owed: Option<bool>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Feedback>, DbErr> {
    use feedback::Column as C;
    let within = or_part(scope, parts::open_to(db.get_database_backend(), scope));
    let select = feedback::Entity::find()
        .filter(within)
        .apply_if(filter.state, |q, v| q.filter(C::State.eq(v.as_str())))
        .apply_if(filter.kind, |q, v| q.filter(C::Kind.eq(v.as_str())))
        .apply_if(filter.subtype, |q, v| q.filter(C::Subtype.eq(v.as_str())))
        .apply_if(filter.priority, |q, v| q.filter(C::Priority.eq(v.as_str())))
        .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)))
        .apply_if(filter.handler_id, |q, v| q.filter(C::HandlerId.eq(v)))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.unassigned, |q, v| {
            q.filter(if v { C::HandlerId.is_null() } else { C::HandlerId.is_not_null() })
        })
        // Written out: an index has just those that wait, which a parameter would not show.
        .apply_if(filter.needs_review, |q, v| {
            let wanted = Expr::cust(if v { "TRUE" } else { "FALSE" });
            q.filter(C::NeedsReview.into_expr().eq(wanted))
        })
        .apply_if(filter.explanation_owed, |q, owed| match owed {
            true => q.filter(C::ExplanationOwedSince.is_not_null()),
            false => q.filter(C::ExplanationOwedSince.is_null()),
        });
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Feedback>, DbErr> {
    feedback::Entity::find_by_id(id).filter(reachable(scope)).one(db).await
}

/// Loads and locks a feedback until the transaction ends, also for a department that merely collaborates.
pub async fn lock_reachable(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Feedback>, DbErr> {
    feedback::Entity::find_by_id(id).filter(reachable(scope)).lock_exclusive().one(tx).await
}

/// Locks many, in order of id, so that two who do so at once do not block each other for good.
pub async fn lock_all(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Feedback>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let these = feedback::Entity::find().filter(feedback::Column::Id.is_in(filled_up(ids)));
    these.order_by_asc(feedback::Column::Id).lock_exclusive().all(tx).await
}

/// Feedback that is not closed and goes by a policy, in order of id.
pub async fn open_by_policy(
    db: &impl ConnectionTrait,
    policy: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    use feedback::Column as C;
    let select = feedback::Entity::find().select_only().column(C::Id).filter(C::PolicyId.eq(policy));
    let select = select.filter(C::ClosedAt.is_null()).apply_if(after, |q, v| q.filter(C::Id.gt(v)));
    select.order_by_asc(C::Id).limit(limit).into_tuple().all(db).await
}

/// These feedbacks, whoever asks: for what happens by the clock.
pub async fn of_ids(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Feedback>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    feedback::Entity::find().filter(feedback::Column::Id.is_in(filled_up(ids))).all(db).await
}

/// What was raised in a follow-up, oldest first. The caller has come by its record.
pub async fn raised_in(db: &impl ConnectionTrait, record: Uuid) -> Result<Vec<Feedback>, DbErr> {
    let raised = feedback::Entity::find().filter(feedback::Column::SourceRecordId.eq(record));
    raised.order_by_asc(feedback::Column::Id).all(db).await
}

/// Loads and locks a feedback until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Feedback>, DbErr> {
    feedback::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn find_by_message(
    db: &impl ConnectionTrait,
    channel: &str,
    message_id: &str,
) -> Result<Option<Feedback>, DbErr> {
    feedback::Entity::find()
        .filter(feedback::Column::Channel.eq(channel))
        .filter(feedback::Column::ChannelMessageId.eq(message_id))
        .one(db)
        .await
}

/// Stores a new feedback under the next number. `None`: the channel has delivered this message before.
pub async fn insert(tx: &impl ConnectionTrait, mut row: Feedback) -> Result<Option<Feedback>, DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let number = insert_numbered(tx, &row).await?;
        return Ok(number.map(|number| Feedback { number, ..row }));
    }
    let number = numbers::next(tx, numbers::Series::Feedback, 1).await?.first().copied();
    row.number = feedback_no(number.ok_or(DbErr::RecordNotInserted)?);
    let before =
        OnConflict::columns([feedback::Column::Channel, feedback::Column::ChannelMessageId]).do_nothing().to_owned();
    let insert = feedback::Entity::insert(row.clone().into_active_model()).on_conflict(before);
    Ok((insert.exec_without_returning(tx).await? == 1).then_some(row))
}

/// The same on PostgreSQL, where the sequence can be asked within the statement: as [`feedback_no`] writes it.
async fn insert_numbered(tx: &impl ConnectionTrait, row: &Feedback) -> Result<Option<String>, DbErr> {
    const NUMBER: &str = "'F' || lpad(n.value::text, greatest(6, length(n.value::text)), '0')";
    let columns = quoted::<feedback::Entity>(&[]);
    let values: Vec<&str> =
        columns.iter().map(|name| if name == "\"number\"" { NUMBER } else { name.as_str() }).collect();
    let sql = format!(
        "INSERT INTO feedback ({}) SELECT {} FROM json_populate_recordset(NULL::feedback, CAST($1 AS json)) \
         CROSS JOIN (SELECT nextval('feedback_number') AS value) n \
         ON CONFLICT (channel, channel_message_id) DO NOTHING RETURNING number",
        columns.join(", "),
        values.join(", ")
    );
    let rows = [json(&[row])?];
    let stored = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, rows)).await?;
    stored.map(|stored| stored.try_get("", "number")).transpose()
}

pub async fn update(tx: &impl ConnectionTrait, row: Feedback) -> Result<Feedback, DbErr> {
    feedback::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// Which of these feedbacks are within reach.
pub async fn within_reach(db: &impl ConnectionTrait, scope: Scope, ids: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let select = feedback::Entity::find().select_only().column(feedback::Column::Id).filter(reachable(scope));
    select.filter(feedback::Column::Id.is_in(ids.iter().copied())).into_tuple().all(db).await
}

/// The latest feedback of a customer within reach: what is open, or what were complaints and are closed.
pub async fn latest_of(
    db: &impl ConnectionTrait,
    scope: Scope,
    customer: Uuid,
    open: bool,
    limit: u64,
) -> Result<Vec<Feedback>, DbErr> {
    use feedback::Column as C;
    let closed = State::Closed.as_str();
    let wanted = match open {
        true => C::State.ne(closed),
        false => C::State.eq(closed).and(C::Kind.eq(FeedbackType::Complaint.as_str())),
    };
    feedback::Entity::find()
        .filter(C::CustomerId.eq(customer))
        .filter(reachable(scope))
        .filter(wanted)
        .order_by_desc(C::Id)
        .limit(limit)
        .all(db)
        .await
}
