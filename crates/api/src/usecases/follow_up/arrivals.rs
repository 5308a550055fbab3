//! What happens to customers brings follow-ups: a consumer of the outbox. It notes what is to come and when; the sweep of
//! the touchpoint makes the task when its day begins, so that whoever has left by then is not contacted.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use huiyin_domain::customers::OrderStatus;
use huiyin_domain::event::{Event, Subject};
use huiyin_domain::feedback::FeedbackType;
use huiyin_domain::follow_up::sweep::{end_of_today, key_of_event};
use huiyin_domain::follow_up::{PlanStatus, TouchEvent};
use huiyin_domain::tiering::condition::Moment;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::merging;
use huiyin_persistence::follow_up::audience::Audience;
use huiyin_persistence::follow_up::expected::{self, Expected, Moments};
use huiyin_persistence::follow_up::generation::{self, Among};
use huiyin_persistence::integration::events::{self, Recorded};
use huiyin_persistence::support::{from_json, stored};
use uuid::Uuid;

use super::generation::{REMEMBERED, due_after, look_at};
use super::making::{Maker, audience, cancel_those_who_left};
use crate::usecases::App;
use crate::usecases::support::Result;

const CONSUMER: &str = "follow_up";
const BATCH: u64 = 1000;

/// Something that happened to a customer.
#[derive(Debug, Clone)]
struct Happening {
    event: TouchEvent,
    /// The customer, order or feedback: with the event it names the occasion.
    subject: Uuid,
    customer: Uuid,
    at: DateTime<Utc>,
    feedback: Option<Uuid>,
}

/// What is in a batch of events.
#[derive(Default)]
struct Seen {
    created: HashMap<Uuid, DateTime<Utc>>,
    orders: BTreeSet<Uuid>,
    /// Resolved, and closed, by feedback.
    resolved: HashMap<Uuid, DateTime<Utc>>,
    closed: HashMap<Uuid, DateTime<Utc>>,
    /// What was noted of these before is withdrawn, whatever has become of them since.
    reopened: BTreeSet<Uuid>,
    /// Who has left which segment.
    left: HashMap<Uuid, Vec<Uuid>>,
    /// With whom something has happened that conditions ask for.
    changed: BTreeSet<Uuid>,
}

impl Seen {
    fn of(batch: &[Recorded]) -> Self {
        let mut seen = Seen::default();
        for Recorded { event, occurred_at, .. } in batch {
            let asked_for = [Subject::Customer, Subject::Order, Subject::Interaction, Subject::Feedback];
            if asked_for.contains(&event.subject().0) {
                seen.changed.extend(event.customer());
            }
            match event {
                Event::CustomerCreated { customer_id, .. } => {
                    seen.created.insert(*customer_id, *occurred_at);
                }
                Event::OrderCreated { order_id, .. } | Event::OrderUpdated { order_id, .. } => {
                    seen.orders.insert(*order_id);
                }
                Event::FeedbackResolved { feedback_id, .. } => {
                    seen.resolved.insert(*feedback_id, *occurred_at);
                }
                Event::FeedbackClosed { feedback_id, .. } => {
                    seen.closed.insert(*feedback_id, *occurred_at);
                }
                Event::FeedbackReopened { feedback_id, .. } => {
                    seen.resolved.remove(feedback_id);
                    seen.closed.remove(feedback_id);
                    seen.reopened.insert(*feedback_id);
                }
                Event::SegmentLeft { customer_id, segment_id } => {
                    seen.left.entry(*segment_id).or_default().push(*customer_id);
                }
                _ => {}
            }
        }
        seen
    }

    /// The events that touchpoints may wait for among these.
    fn kinds(&self) -> Vec<&'static str> {
        use TouchEvent::*;
        let of_orders: &[TouchEvent] =
            if self.orders.is_empty() { &[] } else { &[OrderPaid, OrderDelivered, OrderSigned] };
        let created = (!self.created.is_empty()).then_some(CustomerCreated);
        let resolved = [FeedbackResolved, ComplaintResolved].into_iter().filter(|_| !self.resolved.is_empty());
        let closed = (!self.closed.is_empty()).then_some(FeedbackClosed);
        let all = created.into_iter().chain(of_orders.iter().copied()).chain(resolved).chain(closed);
        all.map(TouchEvent::as_str).collect()
    }
}

/// When something happened to an order, where it has. Some systems say only where the order stands: then as early as it
/// can have been, when it was ordered, so that telling it again changes nothing.
fn moment(order: &Moments, event: TouchEvent) -> Result<Option<DateTime<Utc>>> {
    let status: OrderStatus = stored(&order.status)?;
    if status == OrderStatus::Cancelled {
        return Ok(None);
    }
    let (said, from) = match event {
        TouchEvent::OrderPaid => (order.paid_at, OrderStatus::Paid),
        TouchEvent::OrderDelivered => (order.delivered_at, OrderStatus::Delivered),
        TouchEvent::OrderSigned => (order.signed_at, OrderStatus::SignedFor),
        _ => return Ok(None),
    };
    Ok(said.or((status >= from).then_some(order.ordered_at)))
}

/// Notes what the next events bring; answers how many events there were.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let seen = Seen::of(&batch);
    let today = note(app, &tx, &seen, now).await?;
    let_go(app, &tx, &seen, now).await?;
    // Timers last: a sweep has tasks and figures in hand before it writes its own.
    look_at(&tx, today.into_iter().collect(), now).await?;
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

/// Notes what has happened; answers the touchpoints that have something to do today.
async fn note(app: &App, tx: &Tx, seen: &Seen, now: DateTime<Utc>) -> Result<BTreeSet<Uuid>> {
    let mut today = BTreeSet::new();
    let kinds = seen.kinds();
    if kinds.is_empty() && seen.reopened.is_empty() {
        return Ok(today);
    }
    let statuses = [PlanStatus::Active.as_str(), PlanStatus::Paused.as_str()];
    let waiting = generation::waiting_for(tx, kinds, statuses).await?;
    let orders = if waiting.is_empty() {
        Vec::new()
    } else {
        expected::orders(tx, seen.orders.iter().copied().collect()).await?
    };
    withdraw(tx, seen, &orders).await?;
    if waiting.is_empty() {
        return Ok(today);
    }
    let mut happened = happenings(tx, seen, &orders).await?;
    let mut customers: Vec<Uuid> = happened.iter().map(|one| one.customer).collect();
    customers.sort_unstable();
    customers.dedup();
    let moved = merging::hold(tx, &customers).await?;
    happened.iter_mut().for_each(|one| one.customer = moved.get(&one.customer).copied().unwrap_or(one.customer));

    let mut rows = Vec::new();
    for (touchpoint, plan) in waiting {
        // What happened before it began is none of its business, nor what is forgotten by now.
        let begins = plan.started_at.unwrap_or(now).max(touchpoint.created_at);
        let trigger = from_json(&touchpoint.trigger)?;
        let maker = Maker::load(app, tx, plan, &touchpoint, now).await?;
        let own = happened.iter().filter(|one| touchpoint.event.as_deref() == Some(one.event.as_str()));
        let own = own.filter(|one| one.at >= begins).map(|one| (one, due_after(&trigger, &maker, one.at)));
        let due: Vec<(&Happening, DateTime<Utc>)> = own.filter(|(_, due_at)| *due_at >= now - REMEMBERED).collect();
        let customers: Vec<Uuid> = due.iter().map(|(one, _)| one.customer).collect();
        let meant = generation::among(tx, &maker.audience, &customers).await?;
        let meant: BTreeSet<Uuid> = meant.into_iter().map(|one| one.id).collect();
        if due.iter().any(|(_, due_at)| *due_at <= end_of_today(now, maker.zone)) {
            today.insert(touchpoint.id);
        }
        rows.extend(due.into_iter().map(|(one, due_at)| Expected {
            touchpoint_id: touchpoint.id,
            customer_id: one.customer,
            occasion: key_of_event(one.event, one.subject),
            happened_at: one.at,
            due_at,
            feedback_id: one.feedback,
            meant: meant.contains(&one.customer),
            dropped_at: None,
        }));
    }
    expected::note(tx, rows).await?;
    Ok(today)
}

async fn happenings(tx: &Tx, seen: &Seen, orders: &[Moments]) -> Result<Vec<Happening>> {
    let mut all: Vec<Happening> = Vec::new();
    for (customer, at) in &seen.created {
        let (event, subject) = (TouchEvent::CustomerCreated, *customer);
        all.push(Happening { event, subject, customer: *customer, at: *at, feedback: None });
    }
    for order in orders {
        for event in [TouchEvent::OrderPaid, TouchEvent::OrderDelivered, TouchEvent::OrderSigned] {
            let Some(at) = moment(order, event)? else { continue };
            all.push(Happening { event, subject: order.id, customer: order.customer_id, at, feedback: None });
        }
    }
    let ids: BTreeSet<Uuid> = seen.resolved.keys().chain(seen.closed.keys()).copied().collect();
    for raised in expected::feedback(tx, ids.into_iter().collect()).await? {
        let Some(customer) = raised.customer_id else { continue };
        let (subject, feedback) = (raised.id, Some(raised.id));
        if let Some(at) = seen.resolved.get(&raised.id).copied() {
            all.push(Happening { event: TouchEvent::FeedbackResolved, subject, customer, at, feedback });
            if raised.kind == FeedbackType::Complaint.as_str() {
                all.push(Happening { event: TouchEvent::ComplaintResolved, subject, customer, at, feedback });
            }
        }
        if let Some(at) = seen.closed.get(&raised.id).copied() {
            all.push(Happening { event: TouchEvent::FeedbackClosed, subject, customer, at, feedback });
        }
    }
    Ok(all)
}

/// An order that was cancelled was not bought, and a feedback that is open again was not resolved.
async fn withdraw(tx: &Tx, seen: &Seen, orders: &[Moments]) -> Result<()> {
    let cancelled = orders.iter().filter(|order| order.status == OrderStatus::Cancelled.as_str());
    let (mut customers, mut occasions) = (Vec::new(), Vec::new());
    for order in cancelled {
        customers.push(order.customer_id);
        for event in [TouchEvent::OrderPaid, TouchEvent::OrderDelivered, TouchEvent::OrderSigned] {
            occasions.push(key_of_event(event, order.id));
        }
    }
    for raised in expected::feedback(tx, seen.reopened.iter().copied().collect()).await? {
        customers.extend(raised.customer_id);
        for event in [TouchEvent::FeedbackResolved, TouchEvent::ComplaintResolved, TouchEvent::FeedbackClosed] {
            occasions.push(key_of_event(event, raised.id));
        }
    }
    Ok(expected::withdraw(tx, customers, occasions).await?)
}

/// Cancels what nobody has begun of those who have left the segment of their plan, or do not meet its condition any more.
/// Those with whom only time went on are let go in the morning, by the sweep.
async fn let_go(app: &App, tx: &Tx, seen: &Seen, now: DateTime<Utc>) -> Result<()> {
    let active = PlanStatus::Active.as_str();
    let segments: Vec<Uuid> = seen.left.keys().copied().collect();
    for (segment, plan) in generation::of_segments(tx, &segments, active).await? {
        let left = seen.left.get(&segment).map(Vec::as_slice);
        let among = Among { plan, touchpoints: None, customers: left };
        while cancel_those_who_left(tx, among, &Audience::Members(segment), now).await?.found > 0 {}
    }
    let changed: Vec<Uuid> = seen.changed.iter().copied().collect();
    for plan in generation::by_condition(tx, &changed, active).await? {
        let moment = Moment { now, zone: app.config.time_zone };
        let audience = audience(plan.department_id, None, plan.condition.as_ref(), moment)?;
        let among = Among { plan: plan.id, touchpoints: None, customers: Some(&changed) };
        while cancel_those_who_left(tx, among, &audience, now).await?.found > 0 {}
    }
    Ok(())
}
