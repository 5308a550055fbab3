//! Whose a feedback is.

use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::LockType;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, QuerySelect};

use crate::customers::profiles::{self, Customer};
use crate::entity::customers;

/// A customer to whom a feedback is about to be attached, and the tier it has.
#[derive(Debug, Clone)]
pub struct Caller {
    pub customer: Customer,
    pub tier: Option<String>,
}

impl FromQueryResult for Caller {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Caller { customer: Customer::from_query_result(row, prefix)?, tier: row.try_get(prefix, "tier")? })
    }
}

/// The customer, locked until the transaction ends: it is not merged away meanwhile, and whoever counts its feedback
/// anew does so before or after. `None` where it is out of reach, or was merged away this very moment.
pub async fn hold(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Caller>, DbErr> {
    let tier = Expr::cust("(SELECT tier FROM customer_tiers WHERE customer_tiers.customer_id = customers.id)");
    customers::Entity::find_by_id(id)
        .filter(profiles::visible(scope))
        .expr_as(tier, "tier")
        .lock(LockType::NoKeyUpdate)
        .into_model::<Caller>()
        .one(tx)
        .await
}
