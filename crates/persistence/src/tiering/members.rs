//! Who is in which segment. A row is there once, so that whoever adds or removes it knows that it was him: entering and
//! leaving are told once, however many look at the same time.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use huiyin_domain::identity::Scope;
use huiyin_domain::tiering::condition::Predicate;
use sea_orm::prelude::*;
use sea_orm::sea_query::{OnConflict, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, Order};

use super::conditions;
use crate::customers::profiles::{self, Known};
use crate::entity::{customers, segment_members};
use crate::support::{Page, PageRequest};

/// Columns of one inserted member: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 3;

fn own(column: customers::Column) -> Expr {
    Expr::col((customers::Entity, column))
}

fn member(column: segment_members::Column) -> Expr {
    Expr::col((segment_members::Entity, column))
}

/// The rows of a segment that belong to the customer at hand.
fn row_of_customer(segment_id: Uuid) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(segment_members::Entity)
        .and_where(member(segment_members::Column::SegmentId).eq(segment_id))
        .and_where(member(segment_members::Column::CustomerId).equals((customers::Entity, customers::Column::Id)))
        .to_owned()
}

/// Makes members of the next customers after `after`, in order of id and at most `limit`, that satisfy the condition
/// and are none. Fewer than `limit`: there are no more.
pub async fn enter(
    tx: &impl ConnectionTrait,
    segment_id: Uuid,
    predicate: &Predicate,
    after: Option<Uuid>,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    let mut new = Query::select();
    new.expr(Expr::val(segment_id))
        .expr(own(customers::Column::Id))
        .expr(Expr::val(now))
        .from(customers::Entity)
        .and_where(own(customers::Column::MergedInto).is_null())
        .and_where(conditions::expression(predicate, tx.get_database_backend()))
        .and_where(Expr::exists(row_of_customer(segment_id)).not())
        .order_by_expr(own(customers::Column::Id), Order::Asc)
        .limit(limit);
    if let Some(after) = after {
        new.and_where(own(customers::Column::Id).gt(after));
    }
    let mut insert = Query::insert();
    insert
        .into_table(segment_members::Entity)
        .columns([
            segment_members::Column::SegmentId,
            segment_members::Column::CustomerId,
            segment_members::Column::Since,
        ])
        .select_from(new)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .returning_col(segment_members::Column::CustomerId);
    ids(tx.query_all(&insert).await?)
}

/// Removes the next members after `after`, in order of id and at most `limit`, that do not satisfy the condition any
/// more. Fewer than `limit`: there are no more.
pub async fn leave(
    tx: &impl ConnectionTrait,
    segment_id: Uuid,
    predicate: &Predicate,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let still = Query::select()
        .expr(Expr::val(1))
        .from(customers::Entity)
        .and_where(member(segment_members::Column::CustomerId).equals((customers::Entity, customers::Column::Id)))
        .and_where(own(customers::Column::MergedInto).is_null())
        .and_where(conditions::expression(predicate, tx.get_database_backend()))
        .to_owned();
    let mut gone = Query::select();
    gone.column(segment_members::Column::CustomerId)
        .from(segment_members::Entity)
        .and_where(member(segment_members::Column::SegmentId).eq(segment_id))
        .and_where(Expr::exists(still).not())
        .order_by(segment_members::Column::CustomerId, Order::Asc)
        .limit(limit);
    if let Some(after) = after {
        gone.and_where(member(segment_members::Column::CustomerId).gt(after));
    }
    let delete = Query::delete()
        .from_table(segment_members::Entity)
        .and_where(Expr::col(segment_members::Column::SegmentId).eq(segment_id))
        .and_where(Expr::col(segment_members::Column::CustomerId).in_subquery(gone))
        .returning_col(segment_members::Column::CustomerId)
        .to_owned();
    ids(tx.query_all(&delete).await?)
}

fn ids(rows: Vec<sea_orm::QueryResult>) -> Result<Vec<Uuid>, DbErr> {
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "customer_id")).collect::<Result<_, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// In which segments these customers are.
pub async fn of(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<HashSet<(Uuid, Uuid)>, DbErr> {
    let rows = segment_members::Entity::find()
        .filter(segment_members::Column::CustomerId.is_in(customers.iter().copied()))
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.segment_id, row.customer_id)).collect())
}

/// Adds members of one segment. The caller has it locked and knows that they are none.
pub async fn add(
    tx: &impl ConnectionTrait,
    segment_id: Uuid,
    customers: &[Uuid],
    since: DateTime<Utc>,
) -> Result<(), DbErr> {
    if customers.is_empty() {
        return Ok(());
    }
    let row = |customer_id: &Uuid| {
        segment_members::Model { segment_id, customer_id: *customer_id, since }.into_active_model()
    };
    segment_members::Entity::insert_many(customers.iter().map(row)).exec_without_returning(tx).await.map(|_| ())
}

pub async fn remove(tx: &impl ConnectionTrait, segment_id: Uuid, customers: &[Uuid]) -> Result<(), DbErr> {
    if customers.is_empty() {
        return Ok(());
    }
    segment_members::Entity::delete_many()
        .filter(segment_members::Column::SegmentId.eq(segment_id))
        .filter(segment_members::Column::CustomerId.is_in(customers.iter().copied()))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Members within reach, newest customers first, with the time since when they are.
pub async fn page(
    db: &impl ConnectionTrait,
    scope: Scope,
    within: Option<Option<Scope>>,
    segment_id: Uuid,
    page: PageRequest,
) -> Result<Page<(Known, DateTime<Utc>)>, DbErr> {
    let mut reached = Condition::all().add(profiles::visible(scope));
    match within {
        None => {}
        Some(Some(within)) => reached = reached.add(profiles::visible(within)),
        Some(None) => reached = reached.add(Expr::cust("FALSE")),
    }
    let mut select = Query::select();
    select
        .expr_as(member(segment_members::Column::CustomerId), "customer_id")
        .expr_as(member(segment_members::Column::Since), "since")
        .from(segment_members::Entity)
        .inner_join(
            customers::Entity,
            member(segment_members::Column::CustomerId).equals((customers::Entity, customers::Column::Id)),
        )
        .and_where(member(segment_members::Column::SegmentId).eq(segment_id))
        .cond_where(reached)
        .order_by_expr(member(segment_members::Column::CustomerId), Order::Desc)
        .limit(page.limit + 1);
    if let Some(before) = page.before {
        select.and_where(member(segment_members::Column::CustomerId).lt(before));
    }
    let mut since: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    let mut order: Vec<Uuid> = Vec::new();
    for row in db.query_all(&select).await? {
        let id = row.try_get("", "customer_id")?;
        since.insert(id, row.try_get("", "since")?);
        order.push(id);
    }
    let page = Page::from_overfetch(order, page.limit, |id| *id);
    let mut known: HashMap<Uuid, Known> =
        profiles::show_all(db, scope, &page.items).await?.into_iter().map(|known| (known.customer.id, known)).collect();
    let items = page.items.iter().filter_map(|id| Some((known.remove(id)?, *since.get(id)?))).collect();
    Ok(Page { items, next: page.next })
}
