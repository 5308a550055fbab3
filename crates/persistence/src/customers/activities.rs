use chrono::{DateTime, Utc};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, QuerySelect};

use super::profiles;
use crate::entity::{customer_external_ids, customers};

/// Which of these customers are within reach.
pub async fn reached(db: &impl ConnectionTrait, scope: Scope, ids: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    let select = customers::Entity::find()
        .select_only()
        .column(customers::Column::Id)
        .filter(customers::Column::Id.is_in(ids.iter().copied()))
        .filter(profiles::visible(scope));
    select.into_tuple().all(db).await
}

/// The customers of external ids, as (system, external id, customer).
pub async fn of_external(
    db: &impl ConnectionTrait,
    keys: &[(String, String)],
) -> Result<Vec<customer_external_ids::Model>, DbErr> {
    use customer_external_ids::Column as C;
    let mut any = Condition::any();
    for (system, id) in keys {
        any = any.add(Condition::all().add(C::System.eq(system)).add(C::ExternalId.eq(id)));
    }
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    customer_external_ids::Entity::find().filter(any).all(db).await
}

/// Moves the time of last activity forward, never back. It is a figure, not an edit: the version stays.
pub async fn seen(tx: &impl ConnectionTrait, customer_id: Uuid, at: DateTime<Utc>) -> Result<(), DbErr> {
    let later =
        Condition::any().add(customers::Column::LastActivityAt.is_null()).add(customers::Column::LastActivityAt.lt(at));
    customers::Entity::update_many()
        .col_expr(customers::Column::LastActivityAt, Expr::value(at))
        .filter(customers::Column::Id.eq(customer_id))
        .filter(later)
        .exec(tx)
        .await
        .map(|_| ())
}
