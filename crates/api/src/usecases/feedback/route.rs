//! Which rule a feedback meets, and where that sends it.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::feedback::{Asked, Criteria, Criterion, Rejection, Step, Strategy, Subtype};
use huiyin_domain::tiering::condition::{Facts, Moment};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::feedback::routing::{self, RoutingRule};
use huiyin_persistence::support::{from_json, stored, to_json};
use huiyin_persistence::tiering::facts;
use huiyin_persistence::{ConnectionTrait, DbErr, Tx};
use uuid::Uuid;

use super::place::{Placed, Wanted, place};
use super::step::ticket;
use crate::usecases::App;
use crate::usecases::support::Result;

/// A rule that was tried, and the first thing that it asks in vain if there is one.
#[derive(Debug)]
pub struct Tried {
    pub rule: RoutingRule,
    pub missed: Option<Criterion>,
}

pub fn criteria(rule: &RoutingRule) -> Result<Criteria, DbErr> {
    from_json(&rule.criteria)
}

/// What a rule asks of its department, if it names one.
pub fn wanted(rule: &RoutingRule) -> Result<Option<Wanted>, DbErr> {
    let strategy: Strategy = stored(&rule.strategy)?;
    Ok(rule.department_id.map(|department| Wanted { department, strategy, person: rule.handler_id }))
}

/// Tries the rules in their order until one is met, which is the last one of the answer.
pub async fn try_rules(
    app: &App,
    db: &impl ConnectionTrait,
    feedback: &Feedback,
    now: DateTime<Utc>,
) -> Result<Vec<Tried>> {
    let subtype: Subtype = stored(&feedback.subtype)?;
    let rules = routing::candidates(db, subtype).await?;
    let criteria = rules.iter().map(criteria).collect::<Result<Vec<_>, _>>()?;
    let customer = match feedback.customer_id {
        Some(customer) if criteria.iter().any(|criteria| criteria.customer.is_some()) => {
            facts::load(db, &[customer]).await?.remove(&customer)
        }
        _ => None,
    };
    let rejected = rejected_by(feedback)?;
    let text = Asked::text(&feedback.content);
    let asked = asked(feedback, subtype, &text, customer.as_ref())?;
    let moment = Moment { now, zone: app.config.time_zone };
    let mut tried = Vec::new();
    for (rule, criteria) in rules.into_iter().zip(criteria) {
        // Who has sent it back is not asked again by a rule, but by a person.
        if rule.department_id.is_some_and(|department| rejected.contains(&department)) {
            continue;
        }
        let missed = criteria.missed(&asked, moment);
        let met = missed.is_none();
        tried.push(Tried { rule, missed });
        if met {
            break;
        }
    }
    Ok(tried)
}

fn asked<'a>(
    feedback: &Feedback,
    subtype: Subtype,
    text: &'a str,
    customer: Option<&'a Facts>,
) -> Result<Asked<'a>, DbErr> {
    Ok(Asked {
        subtype,
        priority: stored(&feedback.priority)?,
        channel: stored(&feedback.channel)?,
        mood: stored(&feedback.mood)?,
        text,
        customer,
    })
}

fn rejected_by(feedback: &Feedback) -> Result<Vec<Uuid>, DbErr> {
    let rejections: Vec<Rejection> = from_json(&feedback.rejections)?;
    Ok(rejections.into_iter().filter_map(|rejection| rejection.department_id).collect())
}

/// Sends a feedback where the first rule that it meets says; the caller stores the step. No step: no rule is met, or a
/// supervisor names the department, and the departments proposed stand in the row.
pub async fn route(app: &App, tx: &Tx, row: &mut Feedback, now: DateTime<Utc>) -> Result<Option<Step>> {
    let met = try_rules(app, tx, row, now).await?.pop().filter(|tried| tried.missed.is_none());
    let Some(Tried { rule, .. }) = met else { return Ok(None) };
    let departments: Vec<Uuid> = from_json(&rule.collaborators)?;
    let Some(wanted) = wanted(&rule)? else {
        let rejected = rejected_by(row)?;
        let proposed: Vec<Uuid> = departments.into_iter().filter(|one| !rejected.contains(one)).collect();
        row.proposed_departments = to_json(&proposed)?;
        return Ok(None);
    };
    let placed = place(tx, wanted, now).await?;
    let step = ticket(row)?.assign(wanted.department, placed.handler, departments, None)?;
    row.collaborators = rule.collaborators;
    row.proposed_departments = serde_json::json!([]);
    Ok(Some(told(step, Some(rule.id), placed)))
}

/// The step, with what its event tells of how the handler was found.
pub fn told(mut step: Step, rule: Option<Uuid>, placed: Placed) -> Step {
    if let Event::FeedbackAssigned { rule_id, instead_of, .. } = &mut step.event {
        (*rule_id, *instead_of) = (rule, placed.instead_of);
    }
    step
}
