//! Corrections of classifications, and the versions of the classifier learnt from them.

use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    Condition, ConnectionTrait, ExprTrait, FromQueryResult, IntoActiveModel, JoinType, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use super::pool;
pub use crate::entity::classification_corrections::Model as Correction;
pub use crate::entity::classifier_versions::Model as Version;
use crate::entity::{classification_corrections as corrections, classifier_versions as versions, feedback};
use crate::support::{Page, PageRequest, page_by_id};

/// A version without its weights, as lists show it.
#[derive(Debug, Clone, FromQueryResult, Serialize, Deserialize)]
pub struct Summary {
    pub id: Uuid,
    pub number: i64,
    pub active: bool,
    pub corrections: i64,
    pub model: String,
    pub weight_count: i64,
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
}

impl From<Version> for Summary {
    fn from(version: Version) -> Self {
        let Version { id, number, active, corrections, model, weight_count, created_by, created_at, .. } = version;
        Summary { id, number, active, corrections, model, weight_count, created_by, created_at }
    }
}

/// A correction and the text it is about.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Lesson {
    pub id: Uuid,
    pub feedback_id: Uuid,
    pub subtype_before: String,
    pub subtype: String,
    pub priority_before: String,
    pub priority: String,
    pub mood_before: String,
    pub mood: String,
    pub content: String,
}

/// The version in use, by id and number.
pub async fn active(db: &impl ConnectionTrait) -> Result<Option<(Uuid, i64)>, DbErr> {
    versions::Entity::find()
        .select_only()
        .columns([versions::Column::Id, versions::Column::Number])
        .filter(versions::Column::Active.eq(true))
        .into_tuple()
        .one(db)
        .await
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Version>, DbErr> {
    versions::Entity::find_by_id(id).one(db).await
}

/// The version learnt last, in use or not.
pub async fn latest(db: &impl ConnectionTrait) -> Result<Option<Version>, DbErr> {
    versions::Entity::find().order_by_desc(versions::Column::Number).one(db).await
}

/// Up to where the version learnt last has learnt.
pub async fn learnt_through(db: &impl ConnectionTrait) -> Result<Uuid, DbErr> {
    let through: Option<Uuid> = versions::Entity::find()
        .select_only()
        .column(versions::Column::Through)
        .order_by_desc(versions::Column::Number)
        .into_tuple()
        .one(db)
        .await?;
    Ok(through.unwrap_or_default())
}

pub async fn lock_active(tx: &impl ConnectionTrait) -> Result<Option<Version>, DbErr> {
    versions::Entity::find().filter(versions::Column::Active.eq(true)).lock_exclusive().one(tx).await
}

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<Summary>, DbErr> {
    use versions::Column as C;
    let columns = [C::Id, C::Number, C::Active, C::Corrections, C::Model, C::WeightCount, C::CreatedBy, C::CreatedAt];
    let mut select = versions::Entity::find().select_only().columns(columns);
    if let Some(before) = page.before {
        select = select.filter(C::Id.lt(before));
    }
    let rows = select.order_by_desc(C::Id).limit(page.limit + 1).into_model::<Summary>().all(db).await?;
    Ok(Page::from_overfetch(rows, page.limit, |row| row.id))
}

/// Stores a version. `false`: its number is taken.
pub async fn insert(tx: &impl ConnectionTrait, version: Version) -> Result<bool, DbErr> {
    let taken = OnConflict::column(versions::Column::Number).do_nothing().to_owned();
    let insert = versions::Entity::insert(version.into_active_model()).on_conflict(taken);
    Ok(insert.exec_without_returning(tx).await? == 1)
}

/// Puts a version in use, or out of it.
pub async fn set_active(tx: &impl ConnectionTrait, id: Uuid, active: bool) -> Result<(), DbErr> {
    let update = versions::Entity::update_many().col_expr(versions::Column::Active, Expr::value(active));
    update.filter(versions::Column::Id.eq(id)).exec(tx).await.map(|_| ())
}

pub async fn insert_correction(tx: &impl ConnectionTrait, correction: Correction) -> Result<(), DbErr> {
    corrections::Entity::insert(correction.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// How many corrections came after one, counted up to `most`.
pub async fn count_after(db: &impl ConnectionTrait, after: Uuid, most: u64) -> Result<u64, DbErr> {
    let rows: Vec<Uuid> = corrections::Entity::find()
        .select_only()
        .column(corrections::Column::Id)
        .filter(corrections::Column::Id.gt(after))
        .order_by_asc(corrections::Column::Id)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.len() as u64)
}

pub async fn list_corrections(
    db: &impl ConnectionTrait,
    scope: Scope,
    page: PageRequest,
) -> Result<Page<Correction>, DbErr> {
    let mut select = corrections::Entity::find();
    if scope != Scope::All {
        let within_reach = Query::select()
            .expr(Expr::val(1))
            .from(feedback::Entity)
            .and_where(
                Expr::col((feedback::Entity, feedback::Column::Id))
                    .equals((corrections::Entity, corrections::Column::FeedbackId)),
            )
            .cond_where(pool::visible(scope))
            .to_owned();
        select = select.filter(Expr::exists(within_reach));
    }
    Ok(page_by_id!(select, corrections::Column::Id, page, db))
}

/// Corrections and their texts, from the newest before `before`, but for those within `skipped`: after the first of a
/// pair, up to the second.
pub async fn lessons(
    db: &impl ConnectionTrait,
    before: Option<Uuid>,
    skipped: &[(Uuid, Uuid)],
    limit: u64,
) -> Result<Vec<Lesson>, DbErr> {
    use corrections::Column as C;
    let feedback =
        corrections::Entity::belongs_to(feedback::Entity).from(C::FeedbackId).to(feedback::Column::Id).into();
    let kept = skipped
        .iter()
        .fold(Condition::all(), |kept, (after, through)| kept.add(C::Id.lte(*after).or(C::Id.gt(*through))));
    corrections::Entity::find()
        .select_only()
        .columns([C::Id, C::FeedbackId, C::SubtypeBefore, C::Subtype, C::PriorityBefore, C::Priority])
        .columns([C::MoodBefore, C::Mood])
        .column(feedback::Column::Content)
        .join(JoinType::InnerJoin, feedback)
        .filter(kept)
        .filter(Condition::all().add_option(before.map(|before| C::Id.lt(before))))
        .order_by_desc(C::Id)
        .limit(limit)
        .into_model::<Lesson>()
        .all(db)
        .await
}
