//! A feedback comes in: whose is it, what is it, how urgent, where does it go, until when.

use chrono::{DateTime, Utc};
use huiyin_domain::customers::{Email, Phone};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::classify::Classification;
use huiyin_domain::feedback::{Channel, FeedbackType, Priority, State, Subtype, raise_for_tier};
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::ClockKind;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::figures;
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::feedback::callers::{self, Caller};
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored, to_json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::View;
use super::classifier;
use super::parts::{self, Moved};
use super::route::route;
use super::step::{in_order, lay_over, ticket};
use crate::usecases::App;
use crate::usecases::sla::book::{Book, Cause};
use crate::usecases::sla::policies;
use crate::usecases::support::{Command, Result, transact};

/// What somebody has said, and what is known of who said it.
#[derive(Debug, Clone)]
pub struct NewFeedback {
    pub channel: Channel,
    pub channel_message_id: Option<String>,
    pub content: String,
    pub customer_id: Option<Uuid>,
    /// (system, id) of the customer in another system.
    pub external: Option<(String, String)>,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    pub contact_email: Option<String>,
    /// What a person has decided already; the classifier is not asked about it.
    pub subtype: Option<Subtype>,
    pub priority: Option<Priority>,
    pub hints: Hints,
    /// The record of the follow-up in which it was raised.
    pub source_record_id: Option<Uuid>,
}

/// What is known of where it came in, for what nobody else can tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints {
    /// What it is where the classifier is not sure.
    pub subtype: Option<Subtype>,
    /// Where it goes where no rule says so.
    pub department: Option<Uuid>,
}

/// A feedback that was taken in.
#[derive(Debug, Serialize, Deserialize)]
pub struct Received {
    pub view: View,
    /// The channel had delivered this message before; nothing was stored.
    pub duplicate: bool,
}

/// Takes a feedback in. The same message of a channel, delivered twice, is one feedback, also at the same moment.
pub async fn receive(app: &App, command: &Command, new: NewFeedback) -> Result<Received> {
    let classifier = classifier::in_use(app).await?;
    let classified = (classifier.classify(&new.content), classifier.number);
    transact(app, command, async |tx| receive_in(app, tx, command, command.scope(), new, classified).await).await
}

/// Takes a feedback in as part of a larger work; `reach` is where its customer is looked for. The text has been classified
/// before the transaction began.
pub async fn receive_in(
    app: &App,
    tx: &Tx,
    command: &Command,
    reach: Scope,
    new: NewFeedback,
    classified: (Classification, i64),
) -> Result<Received> {
    if let Some(received) = known(tx, command, &new).await? {
        return Ok(received);
    }
    let caller = find_caller(tx, reach, &new).await?;
    let (message, channel, hints) = (new.channel_message_id.clone(), new.channel, new.hints);
    let mut feedback = judge(command, new, classified, caller.as_ref())?;
    let effective = policies::in_force(app, tx).await?;
    feedback.policy_id = effective.as_ref().map(|effective| effective.policy_id);
    let mut happened = vec![received_event(&feedback)?];

    let mut step = if feedback.needs_review { None } else { route(app, tx, &mut feedback, command.now).await? };
    if let (None, Some(department)) = (&step, hints.department)
        && feedback.proposed_departments == json!([])
    {
        // Where it was left says where it goes, unless a rule does.
        step = Some(ticket(&feedback)?.assign(department, None, Vec::new(), None)?);
    }
    let mut kinds = vec![ClockKind::Assign, ClockKind::Respond, ClockKind::Resolve];
    let mut listed: Vec<Uuid> = Vec::new();
    if let Some(step) = step {
        feedback = lay_over(feedback, &step.ticket);
        if let Event::FeedbackAssigned { collaborators, .. } = &step.event {
            listed.clone_from(collaborators);
        }
        happened.push(step.event);
        // Dispatched at once: that clock has nothing to measure.
        kinds.remove(0);
    }
    let cause = Cause { event: "feedback.received", actor: command.actor.user_id() };
    let mut book = Book::new(app, tx, cause, command.now);
    if let Some(effective) = &effective {
        book.begin_all(effective, &feedback, &kinds)?;
    }
    let Some(feedback) = pool::insert(tx, in_order(feedback, &book.clocks())?).await? else {
        // Delivered twice at the same moment; the other one is stored now.
        let message = message.ok_or(Code::ConcurrentChange)?;
        return duplicate(tx, command, channel, &message).await?.ok_or_else(|| Code::ConcurrentChange.into());
    };
    if let Some(Event::FeedbackReceived { number, .. }) = happened.first_mut() {
        number.clone_from(&feedback.number);
    }
    if let Some(customer) = feedback.customer_id {
        let complaint = feedback.kind == FeedbackType::Complaint.as_str();
        figures::add_feedback(tx, customer, complaint, feedback.received_at).await?;
    }
    let ticket = ticket(&feedback)?;
    let moved = Moved { feedback: &feedback, ticket: &ticket, listed: Some(&listed), before: Vec::new() };
    happened.extend(parts::follow(tx, &mut book, command, moved).await?);
    let clocks = book.finish().await?;
    events::append(tx, command.actor.user_id(), command.now, &happened).await?;
    Ok(Received { view: View { feedback, clocks }, duplicate: false })
}

async fn known(tx: &Tx, command: &Command, new: &NewFeedback) -> Result<Option<Received>> {
    match &new.channel_message_id {
        Some(message) => duplicate(tx, command, new.channel, message).await,
        None => Ok(None),
    }
}

/// The feedback that the message is already; where the caller may not see it, only its number.
async fn duplicate(tx: &Tx, command: &Command, channel: Channel, message: &str) -> Result<Option<Received>> {
    let Some(row) = pool::find_by_message(tx, channel.as_str(), message).await? else { return Ok(None) };
    let feedback = pool::find(tx, command.scope(), row.id).await?;
    let feedback = feedback.ok_or_else(|| Fault::new(Code::DuplicateMessage).with("number", &row.number))?;
    let clocks = huiyin_persistence::sla::clocks::of_feedback(tx, feedback.id).await?;
    Ok(Some(Received { view: View { feedback, clocks }, duplicate: true }))
}

/// The customer to whom the feedback is attached, kept from being merged away meanwhile. By id, by another system's id, or
/// by the contact data given; who is not found stays anonymous, but an id that names nobody is an error.
async fn find_caller(tx: &Tx, reach: Scope, new: &NewFeedback) -> Result<Option<Caller>> {
    if let Some(id) = new.customer_id {
        let held = callers::hold(tx, reach, id).await?;
        return held.map(Some).ok_or_else(|| Fault::new(Code::CustomerNotFound).at("/customer_id").into());
    }
    for _ in 0..LOOKS {
        let Some(found) = look_for_customer(tx, reach, new).await? else { return Ok(None) };
        let held = callers::hold(tx, Scope::All, found.id).await?;
        if held.is_some() {
            return Ok(held);
        }
    }
    Err(Code::ConcurrentChange.into())
}

/// A customer that is merged away between the look and the hold is found again as the one it was merged into.
const LOOKS: usize = 3;

async fn look_for_customer(tx: &Tx, reach: Scope, new: &NewFeedback) -> Result<Option<Customer>> {
    if let Some((system, id)) = &new.external {
        let found = profiles::find_by_external(tx, reach, system, id).await?;
        return found.map(Some).ok_or_else(|| Fault::new(Code::CustomerNotFound).at("/customer_external_id").into());
    }
    let phone = new.contact_phone.as_deref().and_then(Phone::parse);
    let email = new.contact_email.as_deref().and_then(Email::parse);
    if phone.is_none() && email.is_none() {
        return Ok(None);
    }
    Ok(profiles::find_by_contact(tx, phone.as_ref().map(Phone::as_str), email.as_ref().map(Email::as_str)).await?)
}

/// What a person has decided stands; the classifier says the rest; the customer's tier may raise the priority.
fn judge(
    command: &Command,
    new: NewFeedback,
    (classified, model_version): (Classification, i64),
    caller: Option<&Caller>,
) -> Result<Feedback> {
    let tier = caller.and_then(|caller| caller.tier.as_deref()).map(stored).transpose()?;
    let by_person = new.subtype.is_some();
    let unsure = !by_person && classified.needs_review;
    let hint = new.hints.subtype.filter(|_| unsure);
    let subtype = new.subtype.or(hint).unwrap_or(classified.subtype);
    let kind: FeedbackType = subtype.feedback_type();
    let priority = new.priority.unwrap_or_else(|| raise_for_tier(classified.priority, kind, tier));
    Ok(Feedback {
        channel: new.channel.to_string(),
        channel_message_id: new.channel_message_id,
        content: new.content,
        customer_id: caller.map(|caller| caller.customer.id),
        reporter_id: command.actor.user_id(),
        contact_name: new.contact_name,
        contact_phone: new.contact_phone,
        contact_email: new.contact_email,
        kind: kind.to_string(),
        subtype: subtype.to_string(),
        priority: priority.to_string(),
        mood: classified.mood.to_string(),
        confidence: if by_person { 1.0 } else { classified.confidence },
        needs_review: unsure && hint.is_none(),
        evidence: to_json(&classified.evidence)?,
        classified_by: if by_person { "person" } else { "model" }.to_owned(),
        model_version: (!by_person).then_some(model_version),
        source_record_id: new.source_record_id,
        ..blank(command.now)
    })
}

/// A feedback of which nothing is known but when it came in.
pub fn blank(now: DateTime<Utc>) -> Feedback {
    Feedback {
        id: new_id(now),
        number: String::new(),
        channel: String::new(),
        channel_message_id: None,
        content: String::new(),
        customer_id: None,
        reporter_id: None,
        contact_name: None,
        contact_phone: None,
        contact_email: None,
        kind: String::new(),
        subtype: String::new(),
        priority: String::new(),
        mood: String::new(),
        confidence: 0.0,
        needs_review: false,
        evidence: json!([]),
        classified_by: String::new(),
        model_version: None,
        state: State::New.to_string(),
        awaiting: None,
        department_id: None,
        handler_id: None,
        first_handler_id: None,
        collaborators: json!([]),
        promised_at: None,
        solution: None,
        improvement: None,
        reopened_times: 0,
        escalation_level: 0,
        escalated_at: None,
        explanation_owed_since: None,
        policy_id: None,
        received_at: now,
        accepted_at: None,
        resolved_at: None,
        closed_at: None,
        work_key: None,
        deputy_id: None,
        proposed_departments: json!([]),
        rejections: json!([]),
        source_record_id: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

fn received_event(feedback: &Feedback) -> Result<Event> {
    Ok(Event::FeedbackReceived {
        feedback_id: feedback.id,
        number: feedback.number.clone(),
        channel: feedback.channel.clone(),
        feedback_type: stored(&feedback.kind)?,
        subtype: stored(&feedback.subtype)?,
        priority: stored(&feedback.priority)?,
        needs_review: feedback.needs_review,
        customer_id: feedback.customer_id,
    })
}
