//! Which rule something would meet, and who would be given it, without storing anything.

use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::classify::Classification;
use huiyin_domain::feedback::{Channel, Priority, Subtype, raise_for_tier};
use huiyin_persistence::customers::profiles;
use huiyin_persistence::support::{from_json, stored};
use huiyin_persistence::tiering::tiers;
use uuid::Uuid;

use super::classifier;
use super::intake::blank;
use super::place::{Placed, peek};
use super::route::{Tried, try_rules, wanted};
use crate::usecases::App;
use crate::usecases::support::{Command, Result};

/// What might come in.
#[derive(Debug, Clone)]
pub struct Supposed {
    pub content: String,
    pub channel: Channel,
    pub customer_id: Option<Uuid>,
    pub subtype: Option<Subtype>,
    pub priority: Option<Priority>,
}

/// Where it would go.
#[derive(Debug)]
pub struct Foreseen {
    pub classified: Classification,
    pub subtype: Subtype,
    pub priority: Priority,
    /// A person would have to look at it first.
    pub waits_for_triage: bool,
    /// The rules in their order, up to the one that is met.
    pub tried: Vec<Tried>,
    pub collaborators: Vec<Uuid>,
    pub placed: Placed,
}

/// Goes the way of an intake up to where that would write.
pub async fn preview(app: &App, command: &Command, supposed: Supposed) -> Result<Foreseen> {
    let classified = classifier::in_use(app).await?.classify(&supposed.content);
    let tier = match supposed.customer_id {
        Some(id) => {
            let customer = profiles::find(&app.db, command.scope(), id).await?;
            let customer = customer.ok_or_else(|| Fault::new(Code::CustomerNotFound).at("/customer_id"))?;
            tiers::find(&app.db, customer.id).await?.map(|tier| stored(&tier.tier)).transpose()?
        }
        None => None,
    };
    let subtype = supposed.subtype.unwrap_or(classified.subtype);
    let raised = raise_for_tier(classified.priority, subtype.feedback_type(), tier);
    let priority = supposed.priority.unwrap_or(raised);
    let mut feedback = blank(command.now);
    feedback.content = supposed.content;
    feedback.channel = supposed.channel.to_string();
    feedback.customer_id = supposed.customer_id;
    feedback.subtype = subtype.to_string();
    feedback.priority = priority.to_string();
    feedback.mood = classified.mood.to_string();
    let tried = try_rules(app, &app.db, &feedback, command.now).await?;
    let met = tried.last().filter(|tried| tried.missed.is_none()).map(|tried| &tried.rule);
    let collaborators = met.map(|rule| from_json(&rule.collaborators)).transpose()?.unwrap_or_default();
    let placed = match met.map(wanted).transpose()?.flatten() {
        Some(wanted) => peek(&app.db, wanted, command.now).await?,
        None => Placed::default(),
    };
    let waits_for_triage = supposed.subtype.is_none() && classified.needs_review;
    Ok(Foreseen { classified, subtype, priority, waits_for_triage, tried, collaborators, placed })
}
