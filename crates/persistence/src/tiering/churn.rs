use std::collections::HashMap;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use huiyin_domain::customers::OrderStatus;
use huiyin_domain::tiering::churn::History;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, CaseStatement, Func, OnConflict, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, IntoActiveModel, Iterable, Order, QueryOrder, QueryResult, QuerySelect,
};

use crate::db::Db;
pub use crate::entity::churn_models::Model as StoredModel;
pub use crate::entity::customer_churn::Model as CustomerChurn;
use crate::entity::{churn_models, customer_churn, orders};
use crate::support::{Page, PageRequest, page_by_id};

/// Columns of one score: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 6;

/// A customer's history up to a day, and how many days with an order came after it.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub customer_id: Uuid,
    pub history: History,
    pub later: u32,
}

/// Per customer with an order that counts up to `as_of`: the days with one, the first and the last of them, and the
/// days with one after `as_of` up to `until`. Read from an index alone, in order of customers.
fn days(as_of: NaiveDate, until: NaiveDate) -> SelectStatement {
    use orders::Column as C;
    let counted = OrderStatus::ALL.iter().filter(|status| status.counts()).map(|status| status.as_str());
    let on = || Expr::col(C::OrderedOn);
    let up_to =
        || -> SimpleExpr { if until > as_of { CaseStatement::new().case(on().lte(as_of), on()).into() } else { on() } };
    let later: SimpleExpr = if until > as_of {
        Func::count_distinct(CaseStatement::new().case(on().gt(as_of), on())).into()
    } else {
        Expr::val(0i64).cast_as(Alias::new("bigint"))
    };
    Query::select()
        .column(C::CustomerId)
        .expr_as(Func::count_distinct(up_to()), "days")
        .expr_as(on().min(), "first_on")
        .expr_as(Func::max(up_to()), "last_on")
        .expr_as(later, "later")
        .from(orders::Entity)
        .and_where(on().lte(until))
        .and_where(Expr::col(C::Status).is_in(counted))
        .group_by_col(C::CustomerId)
        .and_having(on().min().lte(as_of))
        .to_owned()
}

fn seen(row: &QueryResult, as_of: NaiveDate) -> Result<Seen, DbErr> {
    let count = |name: &str| row.try_get::<i64>("", name).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let history = History::new(count("days")?, row.try_get("", "first_on")?, row.try_get("", "last_on")?, as_of);
    Ok(Seen { customer_id: row.try_get("", "customer_id")?, history, later: count("later")? })
}

/// How many customers have each history, and each number of days with an order after it: one statement, one snapshot,
/// kept as few as they differ.
pub async fn histories(db: &Db, as_of: NaiveDate, until: NaiveDate) -> Result<HashMap<(History, u32), u64>, DbErr> {
    let rows = db.stream(db.get_database_backend().build(&days(as_of, until))).await?;
    rows.try_fold(HashMap::new(), |mut groups, row| async move {
        let seen = seen(&row, as_of)?;
        *groups.entry((seen.history, seen.later)).or_insert(0) += 1;
        Ok(groups)
    })
    .await
}

/// The next customers by id, at most `limit`.
pub async fn next_customers(
    db: &impl ConnectionTrait,
    as_of: NaiveDate,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Seen>, DbErr> {
    let mut select = days(as_of, as_of);
    if let Some(after) = after {
        select.and_where(Expr::col(orders::Column::CustomerId).gt(after));
    }
    select.order_by(orders::Column::CustomerId, Order::Asc).limit(limit);
    let rows = db.query_all_raw(db.get_database_backend().build(&select)).await?;
    rows.iter().map(|row| seen(row, as_of)).collect()
}

/// The history of one customer. The caller has found the customer within its scope.
pub async fn history(db: &impl ConnectionTrait, customer_id: Uuid, as_of: NaiveDate) -> Result<Option<History>, DbErr> {
    let select = days(as_of, as_of).and_where(Expr::col(orders::Column::CustomerId).eq(customer_id)).to_owned();
    let row = db.query_one_raw(db.get_database_backend().build(&select)).await?;
    row.map(|row| seen(&row, as_of).map(|seen| seen.history)).transpose()
}

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<StoredModel>, DbErr> {
    Ok(page_by_id!(churn_models::Entity::find(), churn_models::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredModel>, DbErr> {
    churn_models::Entity::find_by_id(id).one(db).await
}

/// The model that was fitted last: the one that holds.
pub async fn latest(db: &impl ConnectionTrait) -> Result<Option<StoredModel>, DbErr> {
    churn_models::Entity::find().order_by_desc(churn_models::Column::Id).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredModel>, DbErr> {
    churn_models::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, model: StoredModel) -> Result<StoredModel, DbErr> {
    churn_models::Entity::insert(model.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(model)
}

pub async fn update(tx: &impl ConnectionTrait, model: StoredModel) -> Result<StoredModel, DbErr> {
    churn_models::Entity::update(model.into_active_model().reset_all()).exec(tx).await
}

/// What is stored of a customer. The caller has found the customer within its scope.
pub async fn of_customer(db: &impl ConnectionTrait, customer_id: Uuid) -> Result<Option<CustomerChurn>, DbErr> {
    customer_churn::Entity::find_by_id(customer_id).one(db).await
}

/// The risks stored of the customers from one id to another, both included.
pub async fn risks(tx: &impl ConnectionTrait, from: Uuid, to: Uuid) -> Result<HashMap<Uuid, String>, DbErr> {
    let rows: Vec<(Uuid, String)> = customer_churn::Entity::find()
        .select_only()
        .columns([customer_churn::Column::CustomerId, customer_churn::Column::Risk])
        .filter(customer_churn::Column::CustomerId.between(from, to))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Stores scores, replacing earlier ones.
pub async fn store(tx: &impl ConnectionTrait, rows: Vec<CustomerChurn>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = customer_churn::Column::iter().filter(|c| !matches!(c, customer_churn::Column::CustomerId));
    let replace = OnConflict::column(customer_churn::Column::CustomerId).update_columns(columns).to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    customer_churn::Entity::insert_many(rows).on_conflict(replace).exec_without_returning(tx).await.map(|_| ())
}

/// Removes the scores that a model has not renewed: their customers have no order that counts.
pub async fn remove_others(tx: &impl ConnectionTrait, model_id: Uuid) -> Result<u64, DbErr> {
    let others = customer_churn::Entity::delete_many().filter(customer_churn::Column::ModelId.ne(model_id));
    Ok(others.exec(tx).await?.rows_affected)
}
