//! Demands, what asks for them, and who has been told.

use chrono::{DateTime, Utc};
use huiyin_domain::feedback::DemandStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::pool::{Feedback, visible};
pub use crate::entity::demand_feedback::Model as Attached;
pub use crate::entity::demand_moves::Model as Move;
pub use crate::entity::demands::Model as Demand;
use crate::entity::{demand_feedback, demand_moves, demand_notices, demand_words, demands, feedback};
use crate::support::{Page, PageRequest, filled_up, insert_rows, page_by_id};

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<DemandStatus>,
    pub department_id: Option<Uuid>,
}

/// Demands are known to everybody who may read them: any department's customers may ask for them.
pub async fn list(db: &impl ConnectionTrait, filter: Filter, page: PageRequest) -> Result<Page<Demand>, DbErr> {
    let select = demands::Entity::find()
        .apply_if(filter.status, |q, v| q.filter(demands::Column::Status.eq(v.as_str())))
        .apply_if(filter.department_id, |q, v| q.filter(demands::Column::DepartmentId.eq(v)));
    Ok(page_by_id!(select, demands::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Demand>, DbErr> {
    demands::Entity::find_by_id(id).one(db).await
}

pub async fn by_ids(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Demand>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    demands::Entity::find().filter(demands::Column::Id.is_in(filled_up(ids))).all(db).await
}

/// Loads and locks a demand until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Demand>, DbErr> {
    demands::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Demand) -> Result<Demand, DbErr> {
    demands::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Demand) -> Result<Demand, DbErr> {
    demands::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// Says anew by which words a demand is found.
pub async fn put_words(tx: &impl ConnectionTrait, demand: Uuid, words: Vec<String>) -> Result<(), DbErr> {
    demand_words::Entity::delete_many().filter(demand_words::Column::DemandId.eq(demand)).exec(tx).await?;
    let rows = words.into_iter().map(|word| demand_words::Model { word, demand_id: demand }).collect();
    insert_rows::<demand_words::ActiveModel>(tx, rows, &[], None).await
}

/// Demands in which one of these words stands, with the word; `limit` rows at most.
pub async fn with_words(
    db: &impl ConnectionTrait,
    words: Vec<String>,
    limit: u64,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    demand_words::Entity::find()
        .select_only()
        .columns([demand_words::Column::DemandId, demand_words::Column::Word])
        .filter(demand_words::Column::Word.is_in(filled_up(words)))
        .order_by_desc(demand_words::Column::DemandId)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Moves on record at most; more is no history that anybody reads.
const MOVES: u64 = 200;

/// How a demand has moved, oldest first.
pub async fn moves(db: &impl ConnectionTrait, demand: Uuid) -> Result<Vec<Move>, DbErr> {
    demand_moves::Entity::find()
        .filter(demand_moves::Column::DemandId.eq(demand))
        .order_by_asc(demand_moves::Column::Id)
        .limit(MOVES)
        .all(db)
        .await
}

pub async fn insert_move(tx: &impl ConnectionTrait, row: Move) -> Result<(), DbErr> {
    demand_moves::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// Lets a suggestion ask for a demand. `false`: it does already.
pub async fn attach(tx: &impl ConnectionTrait, row: Attached) -> Result<bool, DbErr> {
    let known = OnConflict::columns([demand_feedback::Column::DemandId, demand_feedback::Column::FeedbackId])
        .do_nothing()
        .to_owned();
    let insert = demand_feedback::Entity::insert(row.into_active_model()).on_conflict(known);
    Ok(insert.exec_without_returning(tx).await? == 1)
}

/// `false`: it did not ask for it.
pub async fn detach(tx: &impl ConnectionTrait, demand: Uuid, feedback: Uuid) -> Result<bool, DbErr> {
    let gone = demand_feedback::Entity::delete_by_id((demand, feedback)).exec(tx).await?;
    Ok(gone.rows_affected == 1)
}

/// How many suggestions ask for a demand, and how many customers made them. The caller holds the lock of the demand.
pub async fn count(tx: &impl ConnectionTrait, demand: Uuid) -> Result<(i64, i64), DbErr> {
    let counted: Option<(i64, i64)> = feedback::Entity::find()
        .select_only()
        .expr_as(Expr::cust("count(*)"), "feedback_count")
        .expr_as(Expr::cust("count(DISTINCT customer_id)"), "askers")
        .filter(feedback::Column::Id.in_subquery(attached_to(demand)))
        .into_tuple()
        .one(tx)
        .await?;
    Ok(counted.unwrap_or_default())
}

fn attached_to(demand: Uuid) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(demand_feedback::Column::FeedbackId)
        .from(demand_feedback::Entity)
        .and_where(demand_feedback::Column::DemandId.eq(demand))
        .to_owned()
}

/// The suggestions that ask for a demand, within reach.
pub async fn feedback_of(
    db: &impl ConnectionTrait,
    scope: Scope,
    demand: Uuid,
    page: PageRequest,
) -> Result<Page<Feedback>, DbErr> {
    let select =
        feedback::Entity::find().filter(feedback::Column::Id.in_subquery(attached_to(demand))).filter(visible(scope));
    Ok(page_by_id!(select, feedback::Column::Id, page, db))
}

/// Customers who asked for a demand, in the order of their ids.
pub async fn askers_after(
    db: &impl ConnectionTrait,
    demand: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    feedback::Entity::find()
        .select_only()
        .column(feedback::Column::CustomerId)
        .distinct()
        .filter(feedback::Column::Id.in_subquery(attached_to(demand)))
        .filter(feedback::Column::CustomerId.is_not_null())
        .apply_if(after, |q, v| q.filter(feedback::Column::CustomerId.gt(v)))
        .order_by_asc(feedback::Column::CustomerId)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Records that these customers are told of a status. Answers those who had not been.
pub async fn tell(
    tx: &impl ConnectionTrait,
    demand: Uuid,
    status: DemandStatus,
    customers: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    use demand_notices::Column as C;
    let rows = customers.iter().map(|customer| {
        let status = status.to_string();
        demand_notices::Model { demand_id: demand, status, customer_id: *customer, told_at: now }.into_active_model()
    });
    let told = OnConflict::columns([C::DemandId, C::Status, C::CustomerId]).do_nothing().to_owned();
    let new = demand_notices::Entity::insert_many(rows).on_conflict(told).exec_with_returning(tx).await?;
    Ok(new.into_iter().map(|row| row.customer_id).collect())
}
