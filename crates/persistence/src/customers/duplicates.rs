//! Pairs of customers that are likely the same. They are kept as they come to be, so that a page of them costs the same
//! however many customers there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use huiyin_domain::customers::{DuplicateReason, MatchKeys, pair};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, ConnectionTrait, DbBackend, FromQueryResult, IntoActiveModel, QueryOrder};
use sea_orm::{QuerySelect, Statement, Value};

use super::reach::reached;
pub use crate::entity::duplicate_pairs::Model as Pair;
use crate::entity::{customers, dismissed_duplicates, duplicate_pairs};
use crate::support::{Page, PageRequest, new_id, page_by_id};

/// A customer is compared with so many that share a key, the nearest older and newer ones: a number that ten thousand
/// have in common is no sign of anything.
const NEAREST: u32 = 20;
/// Ids of one statement, and rows of one insert.
const BATCH: usize = 4_000;

/// The pairs of which the reader reaches both, newest found first. `personal` is where the reader sees contact data: a
/// pair with nothing else in common is shown only there, because it would tell what is masked.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    personal: Option<Scope>,
    page: PageRequest,
) -> Result<Page<Pair>, DbErr> {
    use duplicate_pairs::Column as C;
    let both = |scope: Scope| {
        Condition::all().add(C::NewerId.in_subquery(reached(scope))).add(C::OlderId.in_subquery(reached(scope)))
    };
    let mut in_common = Condition::any().add(C::Firm.eq(true)).add(C::Name.eq(true));
    match personal {
        Some(Scope::All) => in_common = Condition::all(),
        Some(scope) => in_common = in_common.add(both(scope)),
        None => {}
    }
    let select = duplicate_pairs::Entity::find().filter(both(scope)).filter(in_common);
    Ok(page_by_id!(select, C::Id, page, db))
}

/// Says of two customers that they are not the same; `false` where it has been said before.
pub async fn dismiss(
    tx: &impl ConnectionTrait,
    one: Uuid,
    other: Uuid,
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    use dismissed_duplicates::Column as C;
    let (newer_id, older_id) = pair(one, other);
    let row = dismissed_duplicates::Model { newer_id, older_id, dismissed_by: by, dismissed_at: now };
    let known = OnConflict::columns([C::NewerId, C::OlderId]).do_nothing().to_owned();
    let new = dismissed_duplicates::Entity::insert(row.into_active_model())
        .on_conflict(known)
        .exec_without_returning(tx)
        .await?;
    duplicate_pairs::Entity::delete_many()
        .filter(duplicate_pairs::Column::NewerId.eq(newer_id))
        .filter(duplicate_pairs::Column::OlderId.eq(older_id))
        .exec(tx)
        .await?;
    Ok(new == 1)
}

/// By which a customer is compared.
#[derive(Debug, FromQueryResult)]
struct Keys {
    id: Uuid,
    phone_key: Option<String>,
    email_key: Option<String>,
    firm_key: Option<String>,
    name_key: String,
}

impl Keys {
    fn into_match(self) -> (Uuid, MatchKeys) {
        let keys = MatchKeys { phone: self.phone_key, email: self.email_key, firm: self.firm_key, name: self.name_key };
        (self.id, keys)
    }
}

async fn keys_of(tx: &impl ConnectionTrait, ids: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, MatchKeys>, DbErr> {
    use customers::Column as C;
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found = HashMap::new();
    for part in ids.chunks(BATCH) {
        let rows = customers::Entity::find()
            .select_only()
            .columns([C::Id, C::PhoneKey, C::EmailKey, C::FirmKey, C::NameKey])
            .filter(C::Id.is_in(part.iter().copied()))
            .filter(C::MergedInto.is_null())
            .into_model::<Keys>()
            .all(tx)
            .await?;
        found.extend(rows.into_iter().map(Keys::into_match));
    }
    Ok(found)
}

/// Finds the pairs of these customers anew. Cost grows with their number, not with the table. Done twice, the second
/// time changes nothing.
pub async fn refresh(tx: &impl ConnectionTrait, touched: &[Uuid], now: DateTime<Utc>) -> Result<(), DbErr> {
    let touched: BTreeSet<Uuid> = touched.iter().copied().collect();
    if touched.is_empty() {
        return Ok(());
    }
    let known = known_pairs(tx, &touched).await?;
    let mut wanted: BTreeSet<(Uuid, Uuid)> = known.keys().copied().collect();
    for reason in DuplicateReason::ALL {
        for (one, other) in neighbours(tx, &touched, *reason).await? {
            wanted.insert(pair(one, other));
        }
    }
    let dismissed = dismissed_pairs(tx, &touched).await?;
    let everybody = wanted.iter().flat_map(|(newer, older)| [*newer, *older]).collect();
    let keys = keys_of(tx, &everybody).await?;
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for ids in wanted {
        let common = match (keys.get(&ids.0), keys.get(&ids.1)) {
            (Some(newer), Some(older)) if !dismissed.contains(&ids) => newer.common(older),
            _ => Vec::new(),
        };
        let before = known.get(&ids);
        let row = row(before.map_or_else(|| new_id(now), |pair| pair.id), ids, &common);
        match before {
            Some(before) if common.is_empty() => gone.push(before.id),
            Some(before) if *before != row => {
                duplicate_pairs::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
            }
            None if !common.is_empty() => new.push(row.into_active_model()),
            _ => {}
        }
    }
    for part in gone.chunks(BATCH) {
        let ids = part.iter().copied();
        duplicate_pairs::Entity::delete_many().filter(duplicate_pairs::Column::Id.is_in(ids)).exec(tx).await?;
    }
    for part in new.chunks(BATCH) {
        let exists = OnConflict::columns([duplicate_pairs::Column::NewerId, duplicate_pairs::Column::OlderId])
            .do_nothing()
            .to_owned();
        duplicate_pairs::Entity::insert_many(part.iter().cloned())
            .on_conflict(exists)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

fn row(id: Uuid, (newer_id, older_id): (Uuid, Uuid), common: &[DuplicateReason]) -> Pair {
    let has = |reason| common.contains(&reason);
    Pair {
        id,
        newer_id,
        older_id,
        phone: has(DuplicateReason::Phone),
        email: has(DuplicateReason::Email),
        firm: has(DuplicateReason::Firm),
        name: has(DuplicateReason::Name),
    }
}

async fn known_pairs(
    tx: &impl ConnectionTrait,
    touched: &BTreeSet<Uuid>,
) -> Result<BTreeMap<(Uuid, Uuid), Pair>, DbErr> {
    use duplicate_pairs::Column as C;
    let ids: Vec<Uuid> = touched.iter().copied().collect();
    let mut found = BTreeMap::new();
    for part in ids.chunks(BATCH) {
        let ids = || part.iter().copied();
        let theirs = Condition::any().add(C::NewerId.is_in(ids())).add(C::OlderId.is_in(ids()));
        let rows = duplicate_pairs::Entity::find().filter(theirs).order_by_asc(C::Id).all(tx).await?;
        found.extend(rows.into_iter().map(|pair| ((pair.newer_id, pair.older_id), pair)));
    }
    Ok(found)
}

async fn dismissed_pairs(tx: &impl ConnectionTrait, touched: &BTreeSet<Uuid>) -> Result<BTreeSet<(Uuid, Uuid)>, DbErr> {
    use dismissed_duplicates::Column as C;
    let ids: Vec<Uuid> = touched.iter().copied().collect();
    let mut found = BTreeSet::new();
    for part in ids.chunks(BATCH) {
        let ids = || part.iter().copied();
        let theirs = Condition::any().add(C::NewerId.is_in(ids())).add(C::OlderId.is_in(ids()));
        let rows = dismissed_duplicates::Entity::find().filter(theirs).all(tx).await?;
        found.extend(rows.into_iter().map(|row| (row.newer_id, row.older_id)));
    }
    Ok(found)
}

/// (customer, another with the same key), the nearest by id on both sides. Each look is a stretch of an index.
async fn neighbours(
    tx: &impl ConnectionTrait,
    touched: &BTreeSet<Uuid>,
    reason: DuplicateReason,
) -> Result<Vec<(Uuid, Uuid)>, DbErr> {
    let key = match reason {
        DuplicateReason::Phone => "phone_key",
        DuplicateReason::Email => "email_key",
        DuplicateReason::Firm => "firm_key",
        DuplicateReason::Name => "name_key",
    };
    let backend = tx.get_database_backend();
    let ids: Vec<Uuid> = touched.iter().copied().collect();
    let mut found = Vec::new();
    for part in ids.chunks(BATCH) {
        let places: Vec<String> = match backend {
            DbBackend::Postgres => (1..=part.len()).map(|n| format!("${n}")).collect(),
            _ => part.iter().map(|_| "?".to_owned()).collect(),
        };
        let places = places.join(", ");
        for (side, order) in [("<", "DESC"), (">", "ASC")] {
            let nearest = format!(
                "SELECT x.id FROM customers x WHERE x.{key} = t.{key} AND x.id {side} t.id AND x.merged_into IS NULL \
                 ORDER BY x.id {order} LIMIT {NEAREST}"
            );
            let join = match backend {
                DbBackend::Postgres => format!("CROSS JOIN LATERAL ({nearest}) c"),
                // SQLite has no LATERAL, but looks a list up for each row.
                _ => format!("CROSS JOIN customers c ON c.id IN ({nearest})"),
            };
            let sql = format!(
                "SELECT t.id AS one, c.id AS other FROM customers t {join} \
                 WHERE t.id IN ({places}) AND t.{key} <> '' AND t.merged_into IS NULL"
            );
            let values = part.iter().map(|id| Value::from(*id));
            let rows = tx.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
            for row in rows {
                found.push((row.try_get("", "one")?, row.try_get("", "other")?));
            }
        }
    }
    Ok(found)
}
