use chrono::NaiveDate;
use huiyin_domain::customers::TodoStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::reach::through_customer;
pub use crate::entity::todos::Model as Todo;
use crate::entity::{customers, todos};
use crate::support::cut;

/// A to-do is seen by whoever reaches its customer, and by those it was given to and by, whose customer or not.
fn visible(scope: Scope) -> Condition {
    use todos::Column as C;
    let user = match scope {
        Scope::All => return Condition::all(),
        Scope::Department { user, .. } | Scope::Own { user, .. } => user,
    };
    Condition::any().add(C::OwnerId.eq(user)).add(C::CreatedBy.eq(user)).add(through_customer(C::CustomerId, scope))
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub owner_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
    pub interaction_id: Option<Uuid>,
    pub status: Option<TodoStatus>,
    /// Due before this day.
    pub due_before: Option<NaiveDate>,
}

/// Where a page begins: after this one.
pub type Place = (NaiveDate, Uuid);

/// What is due first comes first; one row more than `limit` tells that there is a next page.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<Todo>, Option<Place>), DbErr> {
    use todos::Column as C;
    let later = |(due_on, id): Place| C::DueOn.gt(due_on).or(C::DueOn.eq(due_on).and(C::Id.gt(id)));
    let mut rows = todos::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.owner_id, |q, v| q.filter(C::OwnerId.eq(v)))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.interaction_id, |q, v| q.filter(C::InteractionId.eq(v)))
        .apply_if(filter.status, |q, v| q.filter(C::Status.eq(v.as_str())))
        .apply_if(filter.due_before, |q, v| q.filter(C::DueOn.lt(v)))
        .apply_if(after, |q, v| q.filter(C::DueOn.gte(v.0)).filter(later(v)))
        .order_by_asc(C::DueOn)
        .order_by_asc(C::Id)
        .limit(limit + 1)
        .all(db)
        .await?;
    let more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| more).map(|row| (row.due_on, row.id));
    Ok((rows, next))
}

/// The to-dos that came of these interactions.
pub async fn of_interactions(db: &impl ConnectionTrait, interactions: &[Uuid]) -> Result<Vec<Todo>, DbErr> {
    if interactions.is_empty() {
        return Ok(Vec::new());
    }
    todos::Entity::find()
        .filter(todos::Column::InteractionId.is_in(interactions.iter().copied()))
        .order_by_asc(todos::Column::DueOn)
        .order_by_asc(todos::Column::Id)
        .all(db)
        .await
}

/// Some to-dos that the caller has come by, what is due first first.
pub async fn of_ids(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Todo>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let select = todos::Entity::find().filter(todos::Column::Id.is_in(ids.iter().copied()));
    select.order_by_asc(todos::Column::DueOn).order_by_asc(todos::Column::Id).all(db).await
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Todo>, DbErr> {
    todos::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a to-do until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Todo>, DbErr> {
    todos::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, rows: &[Todo]) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.iter().cloned().map(IntoActiveModel::into_active_model);
    todos::Entity::insert_many(rows).exec_without_returning(tx).await.map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, row: Todo) -> Result<Todo, DbErr> {
    todos::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// What a to-do says of its customer: id, number, name. Whoever has to do something for a customer may know for whom.
pub async fn customers_of(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Uuid, String, String)>, DbErr> {
    use customers::Column as C;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let select = customers::Entity::find().select_only().columns([C::Id, C::Number, C::Name]);
    select.filter(C::Id.is_in(ids.iter().copied())).into_tuple().all(db).await
}
