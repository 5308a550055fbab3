use huiyin_domain::feedback::Subtype;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::routing_rules;
pub use crate::entity::routing_rules::Model as RoutingRule;

pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<RoutingRule>, DbErr> {
    routing_rules::Entity::find().order_by_asc(routing_rules::Column::Id).all(db).await
}

/// Where a category goes.
pub async fn find(db: &impl ConnectionTrait, subtype: Subtype) -> Result<Option<RoutingRule>, DbErr> {
    routing_rules::Entity::find().filter(routing_rules::Column::Subtype.eq(subtype.as_str())).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, subtype: Subtype) -> Result<Option<RoutingRule>, DbErr> {
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
