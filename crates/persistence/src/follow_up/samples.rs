//! Samples of follow-up records, and what is needed to check them.

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::sampling::SampleVerdict;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::customers::profiles::{Known, with_known};
pub use crate::entity::customer_figures::Model as Figures;
pub use crate::entity::follow_up_records::Model as Record;
pub use crate::entity::follow_up_sample_items::Model as Item;
pub use crate::entity::follow_up_samples::Model as Sample;
use crate::entity::{customer_figures, customers, follow_up_records, follow_up_sample_items, follow_up_samples};
use crate::support::{Page, PageRequest, filled_up, insert_rows, page_by_id};

/// Whoever reaches everybody sees all; others those of the department, and their own.
fn visible(scope: Scope) -> Condition {
    use follow_up_samples::Column as C;
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            Condition::any().add(C::DepartmentId.eq(department)).add(C::CreatedBy.eq(user))
        }
        Scope::Own { user, .. } => Condition::all().add(C::CreatedBy.eq(user)),
    }
}

pub async fn list(db: &impl ConnectionTrait, scope: Scope, page: PageRequest) -> Result<Page<Sample>, DbErr> {
    let select = follow_up_samples::Entity::find().filter(visible(scope));
    Ok(page_by_id!(select, follow_up_samples::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Sample>, DbErr> {
    follow_up_samples::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a sample until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Sample>, DbErr> {
    follow_up_samples::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Sample, items: Vec<Item>) -> Result<Sample, DbErr> {
    follow_up_samples::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    insert_rows::<follow_up_sample_items::ActiveModel>(tx, items, &[], None).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Sample) -> Result<Sample, DbErr> {
    follow_up_samples::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// Which records take part in a draw.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub scope: Scope,
    pub plan_id: Option<Uuid>,
    pub author_id: Option<Uuid>,
    /// Happened no sooner than this.
    pub from: DateTime<Utc>,
    /// Happened before this.
    pub until: DateTime<Utc>,
}

/// Records of the department, or one's own.
fn recorded(scope: Scope) -> Condition {
    use follow_up_records::Column as C;
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            Condition::any().add(C::DepartmentId.eq(department)).add(C::AuthorId.eq(user))
        }
        Scope::Own { user, .. } => Condition::all().add(C::AuthorId.eq(user)),
    }
}

/// The next records of a field, in the order in which they happened.
pub async fn records_after(
    db: &impl ConnectionTrait,
    field: &Field,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: u64,
) -> Result<Vec<(DateTime<Utc>, Uuid)>, DbErr> {
    use follow_up_records::Column as C;
    let from = after.map_or(field.from, |(happened_at, _)| happened_at);
    follow_up_records::Entity::find()
        .select_only()
        .columns([C::HappenedAt, C::Id])
        .filter(recorded(field.scope))
        .filter(C::HappenedAt.gte(from))
        .filter(C::HappenedAt.lt(field.until))
        .apply_if(after, |q, (at, id)| q.filter(C::HappenedAt.gt(at).or(C::Id.gt(id))))
        .apply_if(field.plan_id, |q, v| q.filter(C::PlanId.eq(v)))
        .apply_if(field.author_id, |q, v| q.filter(C::AuthorId.eq(v)))
        .order_by_asc(C::HappenedAt)
        .order_by_asc(C::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// What is in a sample, in the order in which it was drawn: ids of items descend.
pub async fn items(
    db: &impl ConnectionTrait,
    sample: Uuid,
    checked: Option<bool>,
    page: PageRequest,
) -> Result<Page<Item>, DbErr> {
    use follow_up_sample_items::Column as C;
    let select = follow_up_sample_items::Entity::find()
        .filter(C::SampleId.eq(sample))
        .apply_if(checked, |q, v| q.filter(if v { C::Verdict.is_not_null() } else { C::Verdict.is_null() }));
    Ok(page_by_id!(select, C::Id, page, db))
}

/// An item of a sample that the caller holds the lock of.
pub async fn item(tx: &impl ConnectionTrait, sample: Uuid, record: Uuid) -> Result<Option<Item>, DbErr> {
    use follow_up_sample_items::Column as C;
    let select = follow_up_sample_items::Entity::find().filter(C::SampleId.eq(sample));
    select.filter(C::RecordId.eq(record)).one(tx).await
}

pub async fn update_item(tx: &impl ConnectionTrait, row: Item) -> Result<Item, DbErr> {
    follow_up_sample_items::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// How many of a sample got this verdict.
pub async fn count(tx: &impl ConnectionTrait, sample: Uuid, verdict: SampleVerdict) -> Result<i64, DbErr> {
    use follow_up_sample_items::Column as C;
    let counted: Option<i64> = follow_up_sample_items::Entity::find()
        .select_only()
        .column_as(C::Id.count(), "checked")
        .filter(C::SampleId.eq(sample))
        .filter(C::Verdict.eq(verdict.as_str()))
        .into_tuple()
        .one(tx)
        .await?;
    Ok(counted.unwrap_or_default())
}

/// A record, for those who have found it in a sample within their reach.
pub async fn record(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Record>, DbErr> {
    follow_up_records::Entity::find_by_id(id).one(db).await
}

/// The records behind items that the caller has found within its scope.
pub async fn records_of(db: &impl ConnectionTrait, items: &[Item]) -> Result<Vec<Record>, DbErr> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let ids = filled_up(items.iter().map(|item| item.record_id).collect());
    follow_up_records::Entity::find().filter(follow_up_records::Column::Id.is_in(ids)).all(db).await
}

/// The customers of records that the caller may check, and what is known to have happened with them: whoever checks must
/// see the file, though not what is masked in it.
pub async fn files_of(db: &impl ConnectionTrait, records: &[Record]) -> Result<(Vec<Known>, Vec<Figures>), DbErr> {
    let ids: Vec<Uuid> = records.iter().filter_map(|record| record.customer_id).collect();
    if ids.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let ids = filled_up(ids);
    let select = customers::Entity::find().filter(customers::Column::Id.is_in(ids.clone()));
    let known = with_known(db, select).into_model::<Known>().all(db).await?;
    let figures = customer_figures::Entity::find().filter(customer_figures::Column::CustomerId.is_in(ids));
    Ok((known, figures.all(db).await?))
}
