use huiyin_domain::identity::Scope;
use sea_orm::Condition;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Query, SelectStatement};

use super::profiles;
use crate::entity::customers;

/// The ids of the customers within reach.
pub(crate) fn reached(scope: Scope) -> SelectStatement {
    Query::select()
        .column(customers::Column::Id)
        .from(customers::Entity)
        .cond_where(profiles::visible(scope))
        .to_owned()
}

/// What belongs to a customer is reached by whoever reaches the customer; `column` is the customer's id there.
pub(crate) fn through_customer(column: impl ColumnTrait, scope: Scope) -> Condition {
    if scope == Scope::All {
        return Condition::all();
    }
    Condition::all().add(column.in_subquery(reached(scope)))
}
