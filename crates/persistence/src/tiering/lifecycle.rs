//! Lifecycle stages: the rule of the domain as SQL, so that a million customers are looked through where they are.

use huiyin_domain::tiering::{LifecycleBounds, LifecycleStage};
use sea_orm::prelude::*;
use sea_orm::sea_query::{CaseStatement, Cond, LockType, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, ExprTrait, JoinType, Order};

use crate::support::stored;

/// A customer whose stage is not what it should be.
#[derive(Debug, Clone, Copy)]
pub struct Misplaced {
    pub customer_id: Uuid,
    pub from: Option<LifecycleStage>,
    pub to: LifecycleStage,
}

/// `LifecycleBounds::stage` as an expression over a customer and its figures.
fn stage(bounds: &LifecycleBounds) -> SimpleExpr {
    let contract_end = || Expr::col(("customers", "contract_end"));
    let first = || Expr::col(("customer_figures", "first_order_on"));
    let last = || Expr::col(("customer_figures", "last_order_on")).if_null(contract_end());
    let renewal = contract_end().gte(bounds.today).and(contract_end().lte(bounds.renewal_until));
    let over = contract_end().is_null().or(contract_end().lt(bounds.today));
    CaseStatement::new()
        .case(renewal, LifecycleStage::PreRenewal.as_str())
        .case(over.and(last().lte(bounds.lapsed_until)), LifecycleStage::Lapsed.as_str())
        .case(first().lte(bounds.mature_until), LifecycleStage::Mature.as_str())
        .case(first().lt(bounds.new_from), LifecycleStage::Growing.as_str())
        .finally(LifecycleStage::New.as_str())
        .into()
}

/// Customers whose stage is to change, in order of id.
fn misplaced_query(bounds: &LifecycleBounds) -> SelectStatement {
    let kept = || Expr::col(("customers", "lifecycle_stage"));
    Query::select()
        .column(("customers", "id"))
        .expr_as(kept(), "kept")
        .expr_as(stage(bounds), "stage")
        .from("customers")
        .join(
            JoinType::LeftJoin,
            "customer_figures",
            Expr::col(("customer_figures", "customer_id")).equals(("customers", "id")),
        )
        .and_where(Expr::col(("customers", "merged_into")).is_null())
        .cond_where(Cond::any().add(kept().is_null()).add(kept().ne(stage(bounds))))
        .order_by(("customers", "id"), Order::Asc)
        .to_owned()
}

/// The next ones after a customer, at most `limit`.
pub async fn misplaced(
    db: &impl ConnectionTrait,
    bounds: &LifecycleBounds,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Misplaced>, DbErr> {
    let mut query = misplaced_query(bounds);
    query.limit(limit);
    if let Some(after) = after {
        query.and_where(Expr::col(("customers", "id")).gt(after));
    }
    read(db, &query).await
}

/// Those of these customers, locked until the transaction ends.
pub async fn lock_misplaced(
    tx: &impl ConnectionTrait,
    bounds: &LifecycleBounds,
    customers: &[Uuid],
) -> Result<Vec<Misplaced>, DbErr> {
    let mut query = misplaced_query(bounds);
    query.and_where(Expr::col(("customers", "id")).is_in(customers.iter().copied()));
    query.lock_with_tables(LockType::Update, ["customers"]);
    read(tx, &query).await
}

async fn read(db: &impl ConnectionTrait, query: &SelectStatement) -> Result<Vec<Misplaced>, DbErr> {
    let rows = db.query_all(query).await?;
    rows.iter()
        .map(|row| {
            let (from, to): (Option<String>, String) = (row.try_get("", "kept")?, row.try_get("", "stage")?);
            Ok(Misplaced {
                customer_id: row.try_get("", "id")?,
                from: from.as_deref().map(stored).transpose()?,
                to: stored(&to)?,
            })
        })
        .collect()
}

/// Moves customers to the stage where they belong. The version stays: nobody has edited them.
pub async fn place(tx: &impl ConnectionTrait, moved: &[Misplaced]) -> Result<(), DbErr> {
    for stage in LifecycleStage::ALL {
        let ids: Vec<Uuid> = moved.iter().filter(|moved| moved.to == *stage).map(|moved| moved.customer_id).collect();
        if ids.is_empty() {
            continue;
        }
        let update = Query::update()
            .table("customers")
            .value("lifecycle_stage", stage.as_str())
            .and_where(Expr::col("id").is_in(ids))
            .to_owned();
        tx.execute(&update).await?;
    }
    Ok(())
}
