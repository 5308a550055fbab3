use chrono::{DateTime, Utc};
use huiyin_domain::identity::{Away, Scope};
use sea_orm::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

pub use crate::entity::absences::Model as Absence;
use crate::entity::{absences, users};
use crate::support::{Page, PageRequest, page_by_id};

/// One's own, those in which one stands in, and those of the own department: colleagues know who is away.
fn visible(scope: Scope) -> Condition {
    use absences::Column as C;
    let (user, department) = match scope {
        Scope::All => return Condition::all(),
        Scope::Department { user, department } => (user, Some(department)),
        Scope::Own { user, department } => (user, department),
    };
    let colleagues = department.map(|department| {
        let of_department = Query::select()
            .column(users::Column::Id)
            .from(users::Entity)
            .and_where(Expr::col(users::Column::DepartmentId).eq(department))
            .to_owned();
        C::UserId.in_subquery(of_department)
    });
    Condition::any().add(C::UserId.eq(user)).add(C::DeputyId.eq(user)).add_option(colleagues)
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub user_id: Option<Uuid>,
    pub deputy_id: Option<Uuid>,
    /// Not ended at this moment.
    pub ends_after: Option<DateTime<Utc>>,
    /// Begun at this moment.
    pub starts_until: Option<DateTime<Utc>>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Absence>, DbErr> {
    use absences::Column as C;
    let select = absences::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.user_id, |q, v| q.filter(C::UserId.eq(v)))
        .apply_if(filter.deputy_id, |q, v| q.filter(C::DeputyId.eq(v)))
        .apply_if(filter.ends_after, |q, v| q.filter(C::EndsAt.gt(v)))
        .apply_if(filter.starts_until, |q, v| q.filter(C::StartsAt.lte(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Absence>, DbErr> {
    absences::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks an absence until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Absence>, DbErr> {
    absences::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

/// Whether `user` is away at some time between these moments, but for the absence `except`. The caller holds the lock of
/// the user.
pub async fn overlaps(
    tx: &impl ConnectionTrait,
    user: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    except: Uuid,
) -> Result<bool, DbErr> {
    use absences::Column as C;
    let found = absences::Entity::find()
        .filter(C::UserId.eq(user))
        .filter(C::EndsAt.gt(starts_at))
        .filter(C::StartsAt.lt(ends_at))
        .filter(C::Id.ne(except))
        .limit(1)
        .one(tx)
        .await?;
    Ok(found.is_some())
}

/// Who is away at `now`, with the deputies; a deputy who has left stands in for nobody.
pub async fn away(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Away, DbErr> {
    use absences::Column as C;
    let rows: Vec<(Uuid, Option<Uuid>)> = absences::Entity::find()
        .select_only()
        .columns([C::UserId, C::DeputyId])
        .filter(C::EndsAt.gt(now))
        .filter(C::StartsAt.lte(now))
        .order_by_asc(C::UserId)
        .into_tuple()
        .all(db)
        .await?;
    let deputies: Vec<Uuid> = rows.iter().filter_map(|(_, deputy)| *deputy).collect();
    let active = super::users::active_among(db, &deputies).await?;
    Ok(rows.into_iter().map(|(user, deputy)| (user, deputy.filter(|deputy| active.contains(deputy)))).collect())
}

pub async fn insert(tx: &impl ConnectionTrait, row: Absence) -> Result<Absence, DbErr> {
    absences::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Absence) -> Result<Absence, DbErr> {
    absences::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

pub async fn delete(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    absences::Entity::delete_by_id(id).exec(tx).await.map(|_| ())
}
