//! Searching customers: by condition, text and tags, in several orders, page by page.
//!
//! A page continues behind a position, never at a count of rows, so that rows which come and go meanwhile move no
//! others. An order falls into bands, each of which reads an index: rows with a value by value, and rows without one by
//! id, which come last whichever way is sorted.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use huiyin_domain::identity::Scope;
use huiyin_domain::tiering::condition::Predicate;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, DbBackend, ExprTrait, Order, QueryResult};

use super::conditions;
use crate::customers::profiles::{self, Known};
use crate::entity::customers;

/// By what customers are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    Created,
    Name,
    AnnualAmount,
    LastActivityAt,
    /// Nothing sold is zero.
    Revenue,
    LastOrderOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub by: SortBy,
    pub ascending: bool,
}

/// What a text is searched by.
#[derive(Debug, Clone, Default)]
pub struct TextQuery {
    /// All of these are among the tokens of the customer.
    pub tokens: Vec<String>,
    /// Or it is one of these, which the text names exactly.
    pub exact: Vec<Uuid>,
}

/// Which customers are looked for, within the reader's scope.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub predicate: Option<Predicate>,
    pub text: Option<TextQuery>,
    /// With any of these.
    pub tags: Vec<String>,
    /// Beside the reader's scope: where it is asked for what is masked elsewhere. `Some(None)`: nobody.
    pub within: Option<Option<Scope>>,
}

/// The value of the order at some row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    None,
    Text(String),
    /// An amount, microseconds, or a number of days.
    Number(i64),
}

/// The last row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Which part of the order it stands in, from 0.
    pub band: u8,
    pub key: Key,
    pub id: Uuid,
}

/// A page in the order asked for.
#[derive(Debug, Clone)]
pub struct Found {
    pub items: Vec<Known>,
    pub next: Option<Position>,
}

/// Rows that are in one order.
struct Band {
    filter: Option<Expr>,
    key: Option<Expr>,
    /// Whether the key is of the figures.
    of_figures: bool,
}

fn own(column: customers::Column) -> Expr {
    Expr::col((customers::Entity, column))
}

fn figure(column: &'static str) -> Expr {
    Expr::col(("customer_figures", column))
}

impl Sort {
    fn bands(self) -> Vec<Band> {
        let by_id = |filter| Band { filter, key: None, of_figures: false };
        let nullable = |key: Expr| {
            let filter = Some(key.clone().is_not_null());
            vec![Band { filter, key: Some(key.clone()), of_figures: false }, by_id(Some(key.is_null()))]
        };
        let without = |filter: Expr| {
            let rows = Query::select()
                .expr(Expr::val(1))
                .from("customer_figures")
                .and_where(figure("customer_id").equals((customers::Entity, customers::Column::Id)))
                .and_where(filter)
                .to_owned();
            Some(Expr::exists(rows).not())
        };
        let sold = |filter: Expr| Band { filter: Some(filter), key: Some(figure("revenue")), of_figures: true };
        match self.by {
            SortBy::Created => vec![by_id(None)],
            SortBy::Name => vec![Band { filter: None, key: Some(own(customers::Column::NameKey)), of_figures: false }],
            SortBy::AnnualAmount => nullable(own(customers::Column::AnnualAmount)),
            SortBy::LastActivityAt => nullable(own(customers::Column::LastActivityAt)),
            SortBy::LastOrderOn => {
                let key = figure("last_order_on");
                let filter = Some(key.clone().is_not_null());
                let known = Band { filter, key: Some(key.clone()), of_figures: true };
                vec![known, by_id(without(key.is_not_null()))]
            }
            SortBy::Revenue => {
                let mut bands = vec![
                    sold(figure("revenue").gt(0)),
                    by_id(without(figure("revenue").ne(0))),
                    sold(figure("revenue").lt(0)),
                ];
                if self.ascending {
                    bands.reverse();
                }
                bands
            }
        }
    }

    /// A key as a value of the database.
    fn bound(self, key: &Key) -> Option<sea_orm::Value> {
        match (self.by, key) {
            (SortBy::Name, Key::Text(text)) => Some(text.as_str().into()),
            (SortBy::AnnualAmount | SortBy::Revenue, Key::Number(number)) => Some((*number).into()),
            (SortBy::LastActivityAt, Key::Number(micros)) => {
                Some(DateTime::from_timestamp_micros(*micros).unwrap_or_default().into())
            }
            (SortBy::LastOrderOn, Key::Number(days)) => {
                let date = i32::try_from(*days).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
                Some(date.unwrap_or_default().into())
            }
            _ => None,
        }
    }

    fn key(self, row: &QueryResult) -> Result<Key, DbErr> {
        Ok(match self.by {
            SortBy::Created => Key::None,
            SortBy::Name => Key::Text(row.try_get("", "sort_key")?),
            SortBy::AnnualAmount | SortBy::Revenue => Key::Number(row.try_get("", "sort_key")?),
            SortBy::LastActivityAt => Key::Number(row.try_get::<DateTime<Utc>>("", "sort_key")?.timestamp_micros()),
            SortBy::LastOrderOn => Key::Number(row.try_get::<NaiveDate>("", "sort_key")?.num_days_from_ce().into()),
        })
    }
}

impl Search {
    /// The customers that are meant, within `scope`.
    pub fn condition(&self, scope: Scope, backend: DbBackend) -> Condition {
        let mut condition = Condition::all().add(profiles::visible(scope));
        match self.within {
            None => {}
            Some(Some(within)) => condition = condition.add(profiles::visible(within)),
            Some(None) => condition = condition.add(Expr::cust("FALSE")),
        }
        if let Some(predicate) = &self.predicate {
            condition = condition.add(conditions::expression(predicate, backend));
        }
        if let Some(text) = &self.text {
            condition = condition.add(text.condition(backend));
        }
        if !self.tags.is_empty() {
            let tagged = Query::select()
                .column("customer_id")
                .from("customer_tags")
                .and_where(Expr::col("tag").is_in(self.tags.iter().map(String::as_str)))
                .to_owned();
            condition = condition.add(own(customers::Column::Id).in_subquery(tagged));
        }
        condition
    }
}

impl TextQuery {
    fn condition(&self, backend: DbBackend) -> Condition {
        let mut any = Condition::any();
        if !self.tokens.is_empty() {
            any = any.add(match backend {
                DbBackend::Postgres => Expr::cust_with_values(
                    "string_to_array(\"customers\".\"search\", ' ') @> string_to_array($1, ' ')",
                    [self.tokens.join(" ")],
                ),
                _ => {
                    let all: Vec<String> = self.tokens.iter().map(|token| format!("\"{token}\"")).collect();
                    Expr::cust_with_values(
                        "\"customers\".\"number\" IN (SELECT printf('C%06d', rowid) FROM customer_search WHERE customer_search MATCH ?)",
                        [all.join(" ")],
                    )
                }
            });
        }
        if !self.exact.is_empty() {
            any = any.add(own(customers::Column::Id).is_in(self.exact.iter().copied()));
        }
        if any.is_empty() { any.add(Expr::cust("FALSE")) } else { any }
    }
}

/// Customers that a text names exactly, at most: the rest is found by narrowing the search.
const EXACT: u64 = 50;

/// The customers whose number or external id is `text`, and those of this phone and mail among `within`.
pub async fn named(
    db: &impl ConnectionTrait,
    text: &str,
    phone_key: Option<String>,
    email_key: Option<String>,
    within: Option<Scope>,
) -> Result<Vec<Uuid>, DbErr> {
    let select = |condition: Condition| {
        Query::select()
            .column(customers::Column::Id)
            .from(customers::Entity)
            .cond_where(condition)
            .limit(EXACT)
            .to_owned()
    };
    let number = Condition::all().add(own(customers::Column::Number).eq(text.to_uppercase()));
    let external = Query::select()
        .expr_as(Expr::col("customer_id"), "id")
        .from("customer_external_ids")
        .and_where(Expr::col("external_id").eq(text))
        .limit(EXACT)
        .to_owned();
    let mut queries = vec![select(number), external];
    if let Some(within) = within {
        let of_contact = |column: customers::Column, key: String| {
            select(Condition::all().add(own(column).eq(key)).add(profiles::visible(within)))
        };
        queries.extend(phone_key.map(|key| of_contact(customers::Column::PhoneKey, key)));
        queries.extend(email_key.map(|key| of_contact(customers::Column::EmailKey, key)));
    }
    let mut found = Vec::new();
    for query in queries {
        for row in db.query_all(&query).await? {
            found.push(row.try_get("", "id")?);
        }
    }
    Ok(found)
}

/// One page, after `after`.
pub async fn page(
    db: &impl ConnectionTrait,
    scope: Scope,
    search: &Search,
    sort: Sort,
    after: Option<&Position>,
    limit: u64,
) -> Result<Found, DbErr> {
    let condition = search.condition(scope, db.get_database_backend());
    let mut positions: Vec<Position> = Vec::new();
    let first = after.map_or(0, |position| position.band);
    // One row more than asked for tells whether there is a next page.
    for (number, band) in (0u8..).zip(sort.bands()).skip(usize::from(first)) {
        let wanted = (limit + 1).saturating_sub(positions.len() as u64);
        if wanted == 0 {
            break;
        }
        let after = after.filter(|position| position.band == number);
        let query = band.select(sort, condition.clone(), after, wanted);
        for row in db.query_all(&query).await? {
            let key = if band.key.is_some() { sort.key(&row)? } else { Key::None };
            let id = row.try_get("", "id")?;
            // One that has changed bands between the two statements stands in both.
            if positions.iter().all(|known| known.id != id) {
                positions.push(Position { band: number, key, id });
            }
        }
    }
    let more = positions.len() as u64 > limit;
    positions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { positions.last().cloned() } else { None };
    let ids: Vec<Uuid> = positions.into_iter().map(|position| position.id).collect();
    Ok(Found { items: in_order(db, scope, &ids).await?, next })
}

impl Band {
    fn select(&self, sort: Sort, condition: Condition, after: Option<&Position>, limit: u64) -> SelectStatement {
        let order = if sort.ascending { Order::Asc } else { Order::Desc };
        // The tie is broken by the column that stands in the same index.
        let id = if self.of_figures { figure("customer_id") } else { own(customers::Column::Id) };
        let mut select = Query::select();
        select.expr_as(own(customers::Column::Id), "id").from(customers::Entity).cond_where(condition);
        if self.of_figures {
            let same = figure("customer_id").equals((customers::Entity, customers::Column::Id));
            select.inner_join("customer_figures", same);
        }
        if let Some(filter) = &self.filter {
            select.and_where(filter.clone());
        }
        let beyond = |left: Expr, right: Expr| if sort.ascending { left.gt(right) } else { left.lt(right) };
        if let Some(key) = &self.key {
            select.expr_as(key.clone(), "sort_key").order_by_expr(key.clone(), order.clone());
        }
        if let Some(position) = after {
            let last = Expr::val(position.id);
            let bound = self.key.clone().zip(sort.bound(&position.key));
            select.and_where(match bound {
                Some((key, value)) => beyond(Expr::tuple([key, id.clone()]), Expr::tuple([Expr::val(value), last])),
                None => beyond(id.clone(), last),
            });
        }
        select.order_by_expr(id, order).limit(limit).to_owned()
    }
}

async fn in_order(db: &impl ConnectionTrait, scope: Scope, ids: &[Uuid]) -> Result<Vec<Known>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut items = profiles::show_all(db, scope, ids).await?;
    let place = |known: &Known| ids.iter().position(|id| *id == known.customer.id);
    items.sort_by_key(place);
    Ok(items)
}
