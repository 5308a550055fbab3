use huiyin_domain::feedback::Subtype;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, Select};

use crate::entity::routing_rules;
pub use crate::entity::routing_rules::Model as RoutingRule;

fn in_order() -> Select<routing_rules::Entity> {
    routing_rules::Entity::find().order_by_asc(routing_rules::Column::Position).order_by_asc(routing_rules::Column::Id)
}

/// All rules in the order in which they are tried; there are few.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<RoutingRule>, DbErr> {
    in_order().all(db).await
}

/// The active rules that a feedback of this category may meet, in the order in which they are tried.
pub async fn candidates(db: &impl ConnectionTrait, subtype: Subtype) -> Result<Vec<RoutingRule>, DbErr> {
    let category = routing_rules::Column::Subtype;
    in_order()
        .filter(routing_rules::Column::Active.eq(true))
        .filter(category.is_null().or(category.eq(subtype.as_str())))
        .all(db)
        .await
}

/// All rules, locked: their order is about to change.
pub async fn lock_all(tx: &impl ConnectionTrait) -> Result<Vec<RoutingRule>, DbErr> {
    in_order().lock_exclusive().all(tx).await
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<RoutingRule>, DbErr> {
    routing_rules::Entity::find_by_id(id).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<RoutingRule>, DbErr> {
    routing_rules::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// The rule of a category.
pub async fn lock_category(tx: &impl ConnectionTrait, subtype: Subtype) -> Result<Option<RoutingRule>, DbErr> {
    let rule = routing_rules::Entity::find().filter(routing_rules::Column::Subtype.eq(subtype.as_str()));
    rule.lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, rule: RoutingRule) -> Result<RoutingRule, DbErr> {
    routing_rules::Entity::insert(rule.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(rule)
}

pub async fn update(tx: &impl ConnectionTrait, rule: RoutingRule) -> Result<RoutingRule, DbErr> {
    routing_rules::Entity::update(rule.into_active_model().reset_all()).exec(tx).await
}

pub async fn delete(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    routing_rules::Entity::delete_by_id(id).exec(tx).await.map(|_| ())
}
