use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use huiyin_domain::customers::{OrderStatus, customer_no};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::money::Money;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::merging;
use huiyin_persistence::customers::orders::{self, Order};
use huiyin_persistence::customers::profiles::{self, Customer, ExternalId};
use huiyin_persistence::integration::{events, numbers};
use huiyin_persistence::support::new_id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::draft::{blank, set_name};
use super::merging::missing;
use super::profiles::created;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, again, transact};

/// When an order was paid, delivered and signed for, as far as it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderTimes {
    pub paid_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub signed_at: Option<DateTime<Utc>>,
}

/// A refund is at most what was paid.
pub fn check_refund(amount: Money, refunded: Money) -> Result<(), Fault> {
    if refunded > amount {
        return Err(Fault::new(Code::RefundTooLarge).at("/refunded").with("amount", amount));
    }
    Ok(())
}

/// An order as another system tells it.
#[derive(Debug, Clone)]
pub struct NewOrder {
    pub external_system: String,
    pub order_no: String,
    pub customer_external_id: String,
    pub customer_name: Option<String>,
    pub ordered_at: DateTime<Utc>,
    pub amount: Money,
    pub status: OrderStatus,
    pub lines: Option<serde_json::Value>,
    pub times: OrderTimes,
    pub refunded: Money,
}

impl NewOrder {
    /// What makes two lines tell of one order.
    pub fn key(&self) -> (&str, &str) {
        (&self.external_system, &self.order_no)
    }
}

/// An order that is entered by itself, of a customer that is known.
#[derive(Debug, Clone)]
pub struct SingleOrder {
    pub external_system: String,
    pub order_no: String,
    pub customer_id: Uuid,
    pub ordered_at: DateTime<Utc>,
    pub amount: Money,
    pub status: OrderStatus,
    pub lines: Option<serde_json::Value>,
    pub times: OrderTimes,
    pub refunded: Money,
}

/// Creates one order; one that exists is refused, not overwritten.
pub async fn create(app: &App, command: &Command, new: SingleOrder) -> Result<Order> {
    transact(app, command, async |tx| create_in(app, tx, command, new).await).await
}

async fn create_in(app: &App, tx: &Tx, command: &Command, new: SingleOrder) -> Result<Order> {
    let now = command.now;
    check_refund(new.amount, new.refunded)?;
    let customer = profiles::find(tx, command.scope(), new.customer_id).await?;
    let Some(customer) = customer else {
        return Err(missing(tx, command.scope(), new.customer_id).await?.at("/customer_id").into());
    };
    let moved = merging::hold(tx, &[customer.id]).await?;
    let order = Order {
        id: new_id(now),
        external_system: new.external_system,
        order_no: new.order_no,
        customer_id: moved.get(&customer.id).copied().unwrap_or(customer.id),
        ordered_at: new.ordered_at,
        ordered_on: app.local_date(new.ordered_at),
        amount: new.amount.minor(),
        status: new.status.to_string(),
        lines: new.lines,
        paid_at: new.times.paid_at,
        delivered_at: new.times.delivered_at,
        signed_at: new.times.signed_at,
        refunded: new.refunded.minor(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    if orders::insert_new(tx, std::slice::from_ref(&order)).await?.is_empty() {
        return Err(Code::OrderExists.into());
    }
    orders::follow(tx, std::slice::from_ref(&order), &[], &[]).await?;
    events::append(tx, command.actor.user_id(), now, &[order_created(&order)]).await?;
    Ok(order)
}

/// What may be changed about an order; absent stays.
#[derive(Debug, Clone, Default)]
pub struct OrderChange {
    pub ordered_at: Option<DateTime<Utc>>,
    pub amount: Option<Money>,
    pub status: Option<OrderStatus>,
    pub lines: Option<Option<serde_json::Value>>,
    pub paid_at: Option<Option<DateTime<Utc>>>,
    pub delivered_at: Option<Option<DateTime<Utc>>>,
    pub signed_at: Option<Option<DateTime<Utc>>>,
    pub refunded: Option<Money>,
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: OrderChange) -> Result<Order> {
    transact(app, command, async |tx| {
        let before = orders::lock(tx, command.scope(), id).await?.ok_or(Code::OrderNotFound)?;
        update_in(app, tx, command, before, change).await
    })
    .await
}

async fn update_in(app: &App, tx: &Tx, command: &Command, before: Order, change: OrderChange) -> Result<Order> {
    command.check_version(before.version)?;
    let ordered_at = change.ordered_at.unwrap_or(before.ordered_at);
    let after = Order {
        ordered_at,
        ordered_on: app.local_date(ordered_at),
        amount: change.amount.map_or(before.amount, Money::minor),
        status: change.status.map_or_else(|| before.status.clone(), |status| status.to_string()),
        lines: change.lines.unwrap_or_else(|| before.lines.clone()),
        paid_at: change.paid_at.unwrap_or(before.paid_at),
        delivered_at: change.delivered_at.unwrap_or(before.delivered_at),
        signed_at: change.signed_at.unwrap_or(before.signed_at),
        refunded: change.refunded.map_or(before.refunded, Money::minor),
        ..before.clone()
    };
    if after == before {
        return Ok(before);
    }
    check_refund(Money::from_minor(after.amount), Money::from_minor(after.refunded))?;
    let after = orders::update(tx, Order { updated_at: command.now, version: before.version + 1, ..after }).await?;
    orders::follow(tx, &[], std::slice::from_ref(&after), &[]).await?;
    events::append(tx, command.actor.user_id(), command.now, &[order_updated(&after)]).await?;
    Ok(after)
}

/// Creates or updates the order that another system calls so. `true`: created. `whose` and the rest of `new` are
/// needed where it is new.
pub async fn put_by_external(
    app: &App,
    command: &Command,
    key: (String, String),
    new: Result<SingleOrder, Vec<Fault>>,
    change: OrderChange,
) -> Result<(Order, bool)> {
    let lost = |error: &Error| {
        error.is_concurrent_change()
            || matches!(error, Error::Faults(faults) if faults.iter().any(|fault| fault.code == Code::OrderExists))
    };
    again(lost, async || {
        transact(app, command, async |tx| {
            if let Some(known) = orders::lock_by_external(tx, &key.0, &key.1).await? {
                // Known, but perhaps not to this caller.
                let before = orders::lock(tx, command.scope(), known.id).await?.ok_or(Code::OrderNotFound)?;
                return Ok((update_in(app, tx, command, before, change.clone()).await?, false));
            }
            if command.expected_version.is_some() {
                return Err(Fault::new(Code::VersionConflict).with("etag", "-").into());
            }
            let new = new.clone().map_err(Error::Faults)?;
            Ok((create_in(app, tx, command, new).await?, true))
        })
        .await
    })
    .await
}

/// How many orders were new, and how many were known.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Recorded {
    pub created: u64,
    pub updated: u64,
}

/// Rows of one statement at most: SQLite takes 32,766 parameters.
const BATCH: usize = 32_000 / profiles::COLUMNS;

/// Records orders of which no two are the same, in one transaction: customers that are not known are created, orders
/// that are known are overwritten. Two loads may create the same customer at the same moment: the loser does it again
/// and finds it.
pub async fn record(app: &App, command: &Command, batch: Vec<NewOrder>) -> Result<Recorded> {
    let lost = |error: &Error| {
        let deadlock = matches!(error, Error::Db(error) if error.to_string().contains("deadlock detected"));
        deadlock || error.is_concurrent_change()
    };
    again(lost, async || transact(app, command, async |tx| record_in(app, tx, command, &batch).await).await).await
}

async fn record_in(app: &App, tx: &Tx, command: &Command, batch: &[NewOrder]) -> Result<Recorded> {
    let mut total = Recorded::default();
    for part in batch.chunks(BATCH) {
        let customers = customers_of(tx, command, part).await?;
        let rows = part.iter().map(|order| row(app, command, order, &customers)).collect::<Result<Vec<_>>>()?;
        let new = orders::insert_new(tx, &rows).await?;
        let (inserted, known): (Vec<Order>, Vec<Order>) = rows.into_iter().partition(|row| new.contains(&row.id));
        let mut happened: Vec<Event> = inserted.iter().map(order_created).collect();
        let former = orders::customers_of(tx, &known).await?;
        let known = orders::overwrite(tx, known).await?;
        orders::follow(tx, &inserted, &known, &former).await?;
        happened.extend(known.iter().map(order_updated));
        // Whose order is another customer's now has fewer.
        let of_now: HashSet<Uuid> = known.iter().map(|order| order.customer_id).collect();
        let former: HashSet<Uuid> = former.into_iter().filter(|customer| !of_now.contains(customer)).collect();
        happened.extend(former.into_iter().map(|customer_id| Event::CustomerUpdated {
            customer_id,
            fields: vec!["orders".to_owned()],
            requested_by: None,
        }));
        events::append(tx, command.actor.user_id(), command.now, &happened).await?;
        total.created += inserted.len() as u64;
        total.updated += known.len() as u64;
    }
    Ok(total)
}

fn row(app: &App, command: &Command, order: &NewOrder, customers: &HashMap<(&str, &str), Uuid>) -> Result<Order> {
    let key = (order.external_system.as_str(), order.customer_external_id.as_str());
    let customer_id =
        *customers.get(&key).ok_or_else(|| Error::Internal("an order without its customer".to_owned()))?;
    Ok(Order {
        id: new_id(command.now),
        external_system: order.external_system.clone(),
        order_no: order.order_no.clone(),
        customer_id,
        ordered_at: order.ordered_at,
        ordered_on: app.local_date(order.ordered_at),
        amount: order.amount.minor(),
        status: order.status.to_string(),
        lines: order.lines.clone(),
        paid_at: order.times.paid_at,
        delivered_at: order.times.delivered_at,
        signed_at: order.times.signed_at,
        refunded: order.refunded.minor(),
        created_at: command.now,
        updated_at: command.now,
        version: 1,
    })
}

fn order_created(order: &Order) -> Event {
    Event::OrderCreated {
        order_id: order.id,
        customer_id: order.customer_id,
        amount: Money::from_minor(order.amount),
        status: order.status.clone(),
    }
}

fn order_updated(order: &Order) -> Event {
    Event::OrderUpdated {
        order_id: order.id,
        customer_id: order.customer_id,
        amount: Money::from_minor(order.amount),
        status: order.status.clone(),
    }
}

/// The customers of these orders, by system and external id; unknown ones are created.
async fn customers_of<'a>(
    tx: &Tx,
    command: &Command,
    part: &'a [NewOrder],
) -> Result<HashMap<(&'a str, &'a str), Uuid>> {
    let mut wanted: HashMap<&str, HashMap<&str, Option<&str>>> = HashMap::new();
    for order in part {
        let names = wanted.entry(order.external_system.as_str()).or_default();
        let name = names.entry(order.customer_external_id.as_str()).or_default();
        *name = name.or(order.customer_name.as_deref());
    }
    let mut found = HashMap::new();
    for (system, names) in wanted {
        // In order, so that two loads that meet wait for each other instead of blocking each other for good.
        let mut ids: Vec<String> = names.keys().map(|id| (*id).to_owned()).collect();
        ids.sort_unstable();
        let mut owners: HashMap<String, Uuid> = profiles::external_owners(tx, system, &ids)
            .await?
            .into_iter()
            .map(|link| (link.external_id, link.customer_id))
            .collect();
        let mut held: Vec<Uuid> = owners.values().copied().collect();
        held.sort_unstable();
        let moved = merging::hold(tx, &held).await?;
        owners.values_mut().for_each(|owner| *owner = moved.get(owner).copied().unwrap_or(*owner));
        let missing: Vec<(&str, Option<&str>)> = ids
            .iter()
            .filter(|id| !owners.contains_key(*id))
            .filter_map(|id| names.get_key_value(id.as_str()))
            .map(|(id, name)| (*id, *name))
            .collect();
        owners.extend(create_missing(tx, command, system, &missing).await?);
        found.extend(names.keys().filter_map(|id| Some(((system, *id), *owners.get(*id)?))));
    }
    Ok(found)
}

async fn create_missing(
    tx: &Tx,
    command: &Command,
    system: &str,
    missing: &[(&str, Option<&str>)],
) -> Result<HashMap<String, Uuid>> {
    if missing.is_empty() {
        return Ok(HashMap::new());
    }
    let sequence = numbers::next(tx, numbers::Series::Customer, missing.len()).await?;
    let customers: Vec<Customer> = missing
        .iter()
        .zip(sequence)
        .map(|((external_id, name), number)| {
            let number = customer_no(number);
            // Some name there must be, even where the id is nothing but spaces.
            let told = name.unwrap_or(external_id).trim();
            let name = if told.is_empty() { &number } else { told }.to_owned();
            let mut customer = Customer { number, source: system.to_owned(), ..blank(command) };
            set_name(&mut customer, &name);
            customer
        })
        .collect();
    let links = missing.iter().zip(&customers).map(|((external_id, _), customer)| ExternalId {
        system: system.to_owned(),
        external_id: (*external_id).to_owned(),
        customer_id: customer.id,
    });
    let links: Vec<ExternalId> = links.collect();
    profiles::insert(tx, customers.clone()).await?;
    let claimed: HashSet<Uuid> =
        profiles::link_external(tx, links.clone()).await?.into_iter().map(|link| link.customer_id).collect();
    if claimed.len() < links.len() {
        // Another load has created one of them this very moment: nothing of this batch is kept, the caller tries again.
        return Err(Code::ConcurrentChange.into());
    }
    let happened: Vec<Event> = customers.iter().map(created).collect();
    events::append(tx, command.actor.user_id(), command.now, &happened).await?;
    Ok(links.into_iter().map(|link| (link.external_id, link.customer_id)).collect())
}
