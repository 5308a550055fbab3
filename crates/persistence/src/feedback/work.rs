//! What is to be done, in the order of work. Each lane of a list is one that an index has in this order; lists of
//! several lanes are merged.

use chrono::{DateTime, Utc};
use huiyin_domain::feedback::{Priority, State, work_keys};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, QueryTrait};

use super::pool::{Feedback, visible};
use crate::entity::feedback;
use crate::support::cut;

/// Part of a work list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// In the hands of this person.
    Of(Uuid),
    /// In those of people for whom this one stands in.
    ForWhom(Uuid),
    Department(Uuid),
    /// Of the department, in nobody's hands.
    Pool(Uuid),
    /// Of no department.
    Triage,
}

impl Lane {
    fn condition(self) -> Condition {
        use feedback::Column as C;
        match self {
            Lane::Of(user) => Condition::all().add(C::HandlerId.eq(user)),
            Lane::ForWhom(user) => Condition::all().add(C::DeputyId.eq(user)),
            Lane::Department(department) => Condition::all().add(C::DepartmentId.eq(department)),
            Lane::Pool(department) => Condition::all().add(C::DepartmentId.eq(department)).add(C::HandlerId.is_null()),
            Lane::Triage => Condition::all().add(C::DepartmentId.is_null()),
        }
    }

    /// Whether all of it is visible to the scope. To ask each row again would not only be for nothing: with so many
    /// alternatives PostgreSQL expects next to no rows, and sorts the whole lane instead of reading the index in order.
    fn is_within(self, scope: Scope) -> bool {
        match (scope, self) {
            (Scope::All, _) => true,
            (Scope::Department { user, .. } | Scope::Own { user, .. }, Lane::Of(one) | Lane::ForWhom(one)) => {
                one == user
            }
            (Scope::Department { department, .. }, Lane::Department(one) | Lane::Pool(one)) => one == department,
            (Scope::Own { department, .. }, Lane::Pool(one)) => department == Some(one),
            (_, Lane::Department(_) | Lane::Triage) => false,
        }
    }
}

/// Where a page begins: after this one.
pub type Place = (i64, Uuid);

/// One page of the lanes, in the order of work.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    lanes: &[Lane],
    priority: Option<Priority>,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<Feedback>, Option<Place>), DbErr> {
    use feedback::Column as C;
    // As rows, which an index reads from there on; spelt out with `or` it would be a filter over all before it.
    let place = || Expr::tuple([Expr::col(C::WorkKey), Expr::col(C::Id)]);
    let later = |(key, id): Place| place().gt(Expr::tuple([Expr::val(key), Expr::val(id)]));
    let mut rows: Vec<Feedback> = Vec::new();
    for lane in lanes {
        let found = feedback::Entity::find()
            .filter(lane.condition())
            .filter(C::WorkKey.is_not_null())
            .apply_if((!lane.is_within(scope)).then_some(scope), |q, scope| q.filter(visible(scope)))
            .apply_if(priority.map(work_keys), |q, (first, last)| q.filter(C::WorkKey.between(first, last)))
            .apply_if(after, |q, v| q.filter(later(v)))
            .order_by_asc(C::WorkKey)
            .order_by_asc(C::Id)
            .limit(limit + 1)
            .all(db)
            .await?;
        rows.extend(found);
    }
    if lanes.len() > 1 {
        rows.sort_by_key(|row| (row.work_key, row.id));
        rows.dedup_by_key(|row| row.id);
    }
    let more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| more).and_then(|row| Some((row.work_key?, row.id)));
    Ok((rows, next))
}

/// What was given to a person who has not accepted it yet.
pub async fn given_to(db: &impl ConnectionTrait, user: Uuid, limit: u64) -> Result<Vec<Uuid>, DbErr> {
    use feedback::Column as C;
    feedback::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(C::HandlerId.eq(user))
        .filter(C::State.eq(State::Assigned.as_str()))
        .order_by_asc(C::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Puts a deputy beside the handler of everything open, or none; answers how many rows have changed.
pub async fn deputise(
    tx: &impl ConnectionTrait,
    handler: Uuid,
    deputy: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    use feedback::Column as C;
    let otherwise = match deputy {
        // Also what has been closed meanwhile.
        None => Condition::all().add(C::DeputyId.is_not_null()),
        Some(deputy) => Condition::all()
            .add(C::WorkKey.is_not_null())
            .add(Condition::any().add(C::DeputyId.is_null()).add(C::DeputyId.ne(deputy))),
    };
    let changed = feedback::Entity::update_many()
        .col_expr(C::DeputyId, Expr::value(deputy))
        .col_expr(C::UpdatedAt, Expr::value(now))
        .col_expr(C::Version, Expr::col(C::Version).add(1i64))
        .filter(C::HandlerId.eq(handler))
        .filter(otherwise)
        .exec(tx)
        .await?;
    Ok(changed.rows_affected)
}

/// The handlers beside whom a deputy stands.
pub async fn stood_in_for(db: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    use feedback::Column as C;
    feedback::Entity::find()
        .select_only()
        .column(C::HandlerId)
        .distinct()
        .filter(C::DeputyId.is_not_null())
        .filter(C::HandlerId.is_not_null())
        .into_tuple()
        .all(db)
        .await
}

/// Moves an open feedback to another place in the order of work.
pub async fn place(tx: &impl ConnectionTrait, id: Uuid, work_key: Option<i64>) -> Result<(), DbErr> {
    feedback::Entity::update_many()
        .col_expr(feedback::Column::WorkKey, Expr::value(work_key))
        .filter(feedback::Column::Id.eq(id))
        .exec(tx)
        .await
        .map(|_| ())
}
