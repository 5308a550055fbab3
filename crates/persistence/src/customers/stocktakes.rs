use huiyin_domain::customers::ConfirmationStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::profiles;
use super::reach::through_customer;
pub use crate::entity::stocktake_confirmations::Model as Confirmation;
pub use crate::entity::stocktakes::Model as Stocktake;
use crate::entity::{customers, stocktake_confirmations, stocktakes};
use crate::support::{Page, PageRequest, from_json, page_by_id};

/// Columns of one confirmation: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 11;

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<Stocktake>, DbErr> {
    Ok(page_by_id!(stocktakes::Entity::find(), stocktakes::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Stocktake>, DbErr> {
    stocktakes::Entity::find_by_id(id).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Stocktake>, DbErr> {
    stocktakes::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Stocktake) -> Result<Stocktake, DbErr> {
    stocktakes::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Stocktake) -> Result<Stocktake, DbErr> {
    stocktakes::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// The next customers that a stocktake asks for, by id, with their owners.
pub async fn next_customers(
    db: &impl ConnectionTrait,
    stocktake: &Stocktake,
    limit: u64,
) -> Result<Vec<(Uuid, Option<Uuid>)>, DbErr> {
    use customers::Column as C;
    let stages: Vec<String> = from_json(&stocktake.cooperation_stages)?;
    customers::Entity::find()
        .select_only()
        .columns([C::Id, C::OwnerId])
        .filter(profiles::visible(Scope::All))
        .apply_if(stocktake.department_id, |q, v| q.filter(C::DepartmentId.eq(v)))
        .apply_if(stocktake.owner_id, |q, v| q.filter(C::OwnerId.eq(v)))
        .apply_if((!stages.is_empty()).then_some(stages), |q, v| q.filter(C::CooperationStage.is_in(v)))
        .apply_if(stocktake.filled_to, |q, v| q.filter(C::Id.gt(v)))
        .order_by_asc(C::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Adds confirmations; a customer has one a stocktake.
pub async fn add(tx: &impl ConnectionTrait, rows: Vec<Confirmation>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    use stocktake_confirmations::Column as C;
    let known = OnConflict::columns([C::StocktakeId, C::CustomerId]).do_nothing().to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    stocktake_confirmations::Entity::insert_many(rows).on_conflict(known).exec_without_returning(tx).await.map(|_| ())
}

/// What a list of confirmations may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub owner_id: Option<Uuid>,
    pub status: Option<ConfirmationStatus>,
    /// Whether the stocktake is past its due date.
    pub overdue: bool,
}

/// Confirmations of the customers within reach.
pub async fn confirmations(
    db: &impl ConnectionTrait,
    scope: Scope,
    stocktake_id: Uuid,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Confirmation>, DbErr> {
    use stocktake_confirmations::Column as C;
    let mut select = stocktake_confirmations::Entity::find()
        .filter(C::StocktakeId.eq(stocktake_id))
        .filter(through_customer(C::CustomerId, scope))
        .apply_if(filter.owner_id, |q, v| q.filter(C::OwnerId.eq(v)));
    select = match filter.status {
        None => select,
        Some(ConfirmationStatus::Answered) => select.filter(C::AnsweredAt.is_not_null()),
        Some(ConfirmationStatus::Open) => select.filter(C::AnsweredAt.is_null()),
        Some(ConfirmationStatus::Overdue) if filter.overdue => select.filter(C::AnsweredAt.is_null()),
        // Nothing is overdue before its time.
        Some(ConfirmationStatus::Overdue) => return Ok(Page { items: Vec::new(), next: None }),
    };
    Ok(page_by_id!(select, C::Id, page, db))
}

/// Number and name of customers.
pub async fn names(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Uuid, String, String)>, DbErr> {
    use customers::Column as C;
    let select = customers::Entity::find().select_only().columns([C::Id, C::Number, C::Name]);
    select.filter(C::Id.is_in(ids.iter().copied())).into_tuple().all(db).await
}

/// A confirmation of a customer within reach.
pub async fn find_confirmation(
    db: &impl ConnectionTrait,
    scope: Scope,
    id: Uuid,
) -> Result<Option<Confirmation>, DbErr> {
    stocktake_confirmations::Entity::find_by_id(id)
        .filter(through_customer(stocktake_confirmations::Column::CustomerId, scope))
        .one(db)
        .await
}

/// Locks a confirmation until the transaction ends. The caller has found it within its scope.
pub async fn lock_confirmation(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Confirmation>, DbErr> {
    stocktake_confirmations::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn update_confirmation(tx: &impl ConnectionTrait, row: Confirmation) -> Result<Confirmation, DbErr> {
    stocktake_confirmations::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// How many confirmations each owner has, and how many of them are answered; read from an index alone.
pub async fn progress(
    db: &impl ConnectionTrait,
    scope: Scope,
    stocktake_id: Uuid,
) -> Result<Vec<(Option<Uuid>, i64, i64)>, DbErr> {
    use stocktake_confirmations::Column as C;
    stocktake_confirmations::Entity::find()
        .select_only()
        .column(C::OwnerId)
        .column_as(C::Id.count(), "total")
        .column_as(C::AnsweredAt.count(), "answered")
        .filter(C::StocktakeId.eq(stocktake_id))
        .filter(through_customer(C::CustomerId, scope))
        .group_by(C::OwnerId)
        .order_by_asc(C::OwnerId)
        .into_tuple()
        .all(db)
        .await
}
