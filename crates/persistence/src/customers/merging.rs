//! What becomes of everything that belongs to a customer when it is merged into another.

use std::collections::HashMap;

use huiyin_domain::customers::pair;
use huiyin_domain::event::Subject;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, BinOper, LockType, OnConflict, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, DbBackend, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect};

pub use super::profiles::Customer;
use super::{figures, profiles};
use crate::entity::{customers, dismissed_duplicates};

/// Ids of one statement.
const BATCH: usize = 10_000;

/// How the rows of a table follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// They become the survivor's.
    Move,
    /// They become the survivor's, except where it has one with the same values in these columns (in none: one at all).
    Unite(&'static [&'static str]),
    /// They become the survivor's. Where it has one with the same values in these columns and in the last one, the last
    /// one is made another, as [`second_of`] says: nothing is lost, and whoever keeps them sees which ones are doubled.
    Distinct(&'static [&'static str], &'static str),
    /// They become the survivor's; of those that bear this mark, where one alone may, the survivor's keeps it.
    MoveMarked(&'static str),
    /// What of this kind is said to be of a customer, without a foreign key: it becomes the survivor's.
    Subject(&'static str),
    /// They go: what they say is worked out anew for the survivor, or has nothing to say of it.
    Drop,
    /// They stay: whoever keeps them works them out anew for both.
    Stay,
    /// A pair of customers; see [`follow_pairs`].
    Pair,
}

/// Every column of every table that names a customer. A test holds it against the schema: a table that is not here
/// would leave its rows with the customer that is no more.
pub const REFERENCES: &[(&str, &str, Follow)] = &[
    ("customer_external_ids", "customer_id", Follow::Move),
    ("customer_tags", "customer_id", Follow::Unite(&["tag"])),
    ("customer_figures", "customer_id", Follow::Drop),
    ("customer_tiers", "customer_id", Follow::Unite(&[])),
    ("customer_tier_history", "customer_id", Follow::Move),
    ("customer_churn", "customer_id", Follow::Unite(&[])),
    // Their count goes with each change, so the segments' own refresh lets the merged one leave and the survivor enter.
    ("segment_members", "customer_id", Follow::Stay),
    // What an import did is remembered of the row it did it to; a merged one has changed since and is not undone.
    ("import_rows", "customer_id", Follow::Stay),
    ("contacts", "customer_id", Follow::MoveMarked("is_primary")),
    ("interactions", "customer_id", Follow::Move),
    ("todos", "customer_id", Follow::Move),
    ("attachments", "customer_id", Follow::Move),
    ("attachments", "subject_id", Follow::Subject("subject_kind")),
    ("timeline_entries", "customer_id", Follow::Move),
    ("orders", "customer_id", Follow::Move),
    ("order_products", "customer_id", Follow::Move),
    ("feedback", "customer_id", Follow::Move),
    ("demand_notices", "customer_id", Follow::Unite(&["demand_id", "status"])),
    ("change_requests", "customer_id", Follow::Move),
    ("pending_changes", "customer_id", Follow::Drop),
    ("stocktake_confirmations", "customer_id", Follow::Unite(&["stocktake_id"])),
    ("follow_up_expected", "customer_id", Follow::Unite(&["touchpoint_id", "occasion"])),
    ("follow_up_tasks", "customer_id", Follow::Distinct(&["plan_id", "touchpoint_id"], "occasion")),
    ("follow_up_records", "customer_id", Follow::Move),
    ("leads", "customer_id", Follow::Move),
    ("alerts", "customer_id", Follow::Move),
    ("duplicate_pairs", "newer_id", Follow::Drop),
    ("duplicate_pairs", "older_id", Follow::Drop),
    ("dismissed_duplicates", "newer_id", Follow::Pair),
    ("dismissed_duplicates", "older_id", Follow::Pair),
];

/// Two customers, locked in the order of their ids, merged away or not: two merges that cross wait for each other.
pub async fn lock_both(tx: &impl ConnectionTrait, one: Uuid, other: Uuid) -> Result<Vec<Customer>, DbErr> {
    customers::Entity::find()
        .filter(customers::Column::Id.is_in([one, other]))
        .order_by_asc(customers::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await
}

/// Keeps customers from being merged away until the transaction ends, for whoever is about to attach something to them.
/// Answers those that have been this very moment, with where they have gone.
pub async fn hold(tx: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        // One writer: nothing happens beside this transaction.
        return Ok(HashMap::new());
    }
    let mut moved = HashMap::new();
    for part in ids.chunks(BATCH) {
        let rows: Vec<(Uuid, Option<Uuid>)> = customers::Entity::find()
            .select_only()
            .columns([customers::Column::Id, customers::Column::MergedInto])
            .filter(customers::Column::Id.is_in(part.iter().copied()))
            .order_by_asc(customers::Column::Id)
            .lock(LockType::KeyShare)
            .into_tuple()
            .all(tx)
            .await?;
        moved.extend(rows.into_iter().filter_map(|(id, into)| Some((id, into?))));
    }
    Ok(moved)
}

/// Whether a customer is within reach.
pub async fn reaches(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<bool, DbErr> {
    Ok(profiles::find(db, scope, id).await?.is_some())
}

/// Into which customer this one was merged, if it was and that one is within reach.
pub async fn survivor(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Uuid>, DbErr> {
    let into: Option<Option<Uuid>> = customers::Entity::find_by_id(id)
        .select_only()
        .column(customers::Column::MergedInto)
        .into_tuple()
        .one(db)
        .await?;
    let Some(into) = into.flatten() else { return Ok(None) };
    Ok(profiles::find(db, scope, into).await?.map(|customer| customer.id))
}

/// Lets everything of `from` follow to `into`, and counts what moved. Done twice, the second time finds nothing.
pub async fn follow(tx: &impl ConnectionTrait, from: Uuid, into: Uuid) -> Result<u64, DbErr> {
    let mut moved = 0;
    for (table, column, follow) in REFERENCES {
        let (table, column) = (Alias::new(*table), Alias::new(*column));
        let theirs = Expr::col(column.clone()).eq(from);
        let gone = match follow {
            Follow::Pair | Follow::Stay => continue,
            Follow::Move | Follow::Subject(_) => None,
            Follow::MoveMarked(mark) => {
                unmark(tx, &table, &column, mark, (from, into)).await?;
                None
            }
            Follow::Distinct(same, text) => {
                set_apart(tx, (&table, &column), same, text, (from, into)).await?;
                None
            }
            Follow::Drop => Some(Condition::all().add(theirs.clone())),
            Follow::Unite(same) => {
                let known = same_of_survivor(&table, &column, same, into);
                Some(Condition::all().add(theirs.clone()).add(Expr::exists(known)))
            }
        };
        if let Some(gone) = gone {
            tx.execute(&Query::delete().from_table(table.clone()).cond_where(gone).to_owned()).await?;
        }
        if *follow != Follow::Drop {
            let mut update = Query::update().table(table).value(column, into).and_where(theirs).to_owned();
            if let Follow::Subject(kind) = follow {
                update.and_where(Expr::col(Alias::new(*kind)).eq(Subject::Customer.as_str()));
            }
            moved += tx.execute(&update).await?.rows_affected();
        }
    }
    follow_pairs(tx, from, into).await?;
    // Whoever was merged into this one before is called by the new name too: one step from any to the last.
    let chain = Query::update()
        .table(customers::Entity)
        .value(customers::Column::MergedInto, into)
        .and_where(customers::Column::MergedInto.eq(from))
        .to_owned();
    tx.execute(&chain).await?;
    figures::follow_orders(tx, &[into]).await?;
    figures::follow_interactions(tx, &[into]).await?;
    figures::follow_feedback(tx, &[into]).await?;
    Ok(moved)
}

/// Takes a mark from the rows of `from` where `into` has a row that bears it.
async fn unmark(
    tx: &impl ConnectionTrait,
    table: &Alias,
    column: &Alias,
    mark: &'static str,
    (from, into): (Uuid, Uuid),
) -> Result<(), DbErr> {
    let mut marked = same_of_survivor(table, column, &[], into);
    marked.and_where(Expr::col((Alias::new("kept"), Alias::new(mark))).eq(true));
    let update = Query::update()
        .table(table.clone())
        .value(Alias::new(mark), false)
        .and_where(Expr::col(column.clone()).eq(from))
        .and_where(Expr::exists(marked))
        .to_owned();
    tx.execute(&update).await.map(|_| ())
}

/// What the text of a row ends with that was set apart from the survivor's own, for it was this customer's.
pub fn second_of(from: Uuid) -> String {
    format!("#{from}")
}

/// Makes a text of the rows of `from` another where `into` has a row with the same text and columns.
async fn set_apart(
    tx: &impl ConnectionTrait,
    (table, column): (&Alias, &Alias),
    same: &[&'static str],
    text: &'static str,
    (from, into): (Uuid, Uuid),
) -> Result<(), DbErr> {
    let columns: Vec<&'static str> = same.iter().copied().chain([text]).collect();
    let doubled = same_of_survivor(table, column, &columns, into);
    let text = Alias::new(text);
    let longer = Expr::col(text.clone()).binary(BinOper::Custom("||"), second_of(from));
    let update = Query::update()
        .table(table.clone())
        .value(text, longer)
        .and_where(Expr::col(column.clone()).eq(from))
        .and_where(Expr::exists(doubled))
        .to_owned();
    tx.execute(&update).await.map(|_| ())
}

/// The survivor's rows of a table with the same values in these columns as the row at hand.
fn same_of_survivor(table: &Alias, column: &Alias, same: &[&'static str], into: Uuid) -> SelectStatement {
    let mut known = Query::select();
    known.expr(Expr::val(1)).from_as(table.clone(), Alias::new("kept"));
    known.and_where(Expr::col((Alias::new("kept"), column.clone())).eq(into));
    for name in same {
        let name = Alias::new(*name);
        known.and_where(Expr::col((Alias::new("kept"), name.clone())).equals((table.clone(), name)));
    }
    known
}

/// "Not the same" was said of the merged one: it holds for the survivor.
async fn follow_pairs(tx: &impl ConnectionTrait, from: Uuid, into: Uuid) -> Result<(), DbErr> {
    use dismissed_duplicates::Column as C;
    let theirs = || Condition::any().add(C::NewerId.eq(from)).add(C::OlderId.eq(from));
    let pairs = dismissed_duplicates::Entity::find().filter(theirs()).all(tx).await?;
    dismissed_duplicates::Entity::delete_many().filter(theirs()).exec(tx).await?;
    let renamed = pairs.into_iter().filter_map(|row| {
        let other = if row.newer_id == from { row.older_id } else { row.newer_id };
        let (newer_id, older_id) = pair(into, other);
        (other != into).then_some(dismissed_duplicates::Model { newer_id, older_id, ..row })
    });
    let renamed: Vec<_> = renamed.map(IntoActiveModel::into_active_model).collect();
    if renamed.is_empty() {
        return Ok(());
    }
    let known = OnConflict::columns([C::NewerId, C::OlderId]).do_nothing().to_owned();
    dismissed_duplicates::Entity::insert_many(renamed).on_conflict(known).exec_without_returning(tx).await.map(|_| ())
}
