//! Lets the firm live through its feedback: taken in as an interface would, then handled by whoever is responsible.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Outcome;
use super::api::{Session, text};
use super::customers::{SYSTEM, external_id, phone};
use super::people::Staff;
use super::voices::{Step, VOICES, Voice, Who};

const PATH: &str = "/api/v1/feedback";

/// Takes in whatever is missing, takes every step that has not been taken, and answers what stands in which state.
pub async fn live_through(admin: &Session, staff: &Staff) -> Outcome<String> {
    let mut sessions: HashMap<&'static str, Session> = HashMap::new();
    let mut states: BTreeMap<String, u32> = BTreeMap::new();
    for (index, voice) in VOICES.iter().enumerate() {
        let feedback = take_in(admin, index, voice).await?;
        let state = handle(admin, staff, &mut sessions, index, voice, feedback).await?;
        *states.entry(state).or_default() += 1;
    }
    Ok(states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", "))
}

/// The same message twice is one feedback, so this may be sent at every run.
async fn take_in(admin: &Session, index: usize, voice: &Voice) -> Outcome<Value> {
    let mut body = json!({
        "channel": voice.channel, "channel_message_id": format!("demo-{:03}", index + 1), "content": voice.content,
    });
    match voice.who {
        Who::Customer(index) => body["customer_external_id"] = json!({ "system": SYSTEM, "id": external_id(index) }),
        Who::Caller(index) => body["contact"] = json!({ "phone": phone(index) }),
        Who::Stranger(name) => body["contact"] = json!({ "name": name }),
        Who::Nobody => {}
    }
    admin.post(PATH, Some(body)).await?.granted("POST", PATH)
}

/// Takes the steps that are still ahead, each as the one who would take it, and answers the state.
async fn handle(
    admin: &Session,
    staff: &Staff,
    sessions: &mut HashMap<&'static str, Session>,
    index: usize,
    voice: &Voice,
    mut feedback: Value,
) -> Outcome<String> {
    let path = format!("{PATH}/{}", text(&feedback, "id"));
    if voice.steps.is_empty() {
        return Ok(text(&feedback, "state"));
    }
    if feedback["state"] == "new" {
        let body = json!({ "subtype": voice.subtype, "priority": voice.priority });
        feedback = admin.post(&format!("{path}/triage"), Some(body)).await?.granted("POST", &path)?;
    }
    for step in voice.steps.iter().skip(steps_taken(admin, &path).await?) {
        let session = match staff.agent_of(&text(&feedback, "department_id"), index) {
            Some(agent) => match sessions.entry(agent) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(staff.sign_in(agent).await?),
            },
            // A department without agents of its own.
            None => admin,
        };
        if matches!(step, Step::Resolve(..)) {
            finish_parts(admin, &path).await?;
        }
        let (action, body) = request(*step, &feedback)?;
        let path = format!("{path}/{action}");
        let answer = session.post(&path, body).await?.granted("POST", &path)?;
        if !matches!(step, Step::Talk(..) | Step::Hear(..)) {
            feedback = answer;
        }
    }
    Ok(text(&feedback, "state"))
}

/// Nothing is resolved as long as another department has its part.
async fn finish_parts(admin: &Session, path: &str) -> Outcome<()> {
    let parts = admin.get(&format!("{path}/parts")).await?;
    let open =
        |part: &&Value| part["role"] == "collaborator" && (part["state"] == "open" || part["state"] == "accepted");
    for part in parts["items"].as_array().into_iter().flatten().filter(open) {
        let finish = format!("{path}/parts/{}/finish", text(part, "id"));
        admin.post(&finish, Some(json!({ "note": "已核对，同意处理意见" }))).await?.granted("POST", &finish)?;
    }
    Ok(())
}

/// How many steps people have taken before, by the history: a run that was broken off goes on where it was.
async fn steps_taken(admin: &Session, path: &str) -> Outcome<usize> {
    const TAKEN: [&str; 9] = [
        "feedback.accepted",
        "feedback.started",
        "feedback.communicated",
        "feedback.awaiting_customer",
        "feedback.resumed",
        "feedback.resolved",
        "feedback.closed",
        "feedback.reopened",
        "feedback.rejected",
    ];
    let history = admin.get(&format!("{path}/history")).await?;
    let entries = history["items"].as_array().into_iter().flatten();
    Ok(entries.filter(|entry| entry["kind"].as_str().is_some_and(|kind| TAKEN.contains(&kind))).count())
}

fn request(step: Step, feedback: &Value) -> Outcome<(&'static str, Option<Value>)> {
    let word = |direction: &str, method: &str, content: &str| {
        Some(json!({ "direction": direction, "method": method, "content": content }))
    };
    Ok(match step {
        Step::Accept { hours } => ("accept", Some(json!({ "promised_at": promise(feedback, hours)? }))),
        Step::Start => ("start", None),
        Step::Talk(method, content) => ("communications", word("outbound", method, content)),
        Step::Hear(method, content) => ("communications", word("inbound", method, content)),
        Step::Await => ("await-customer", None),
        Step::Resume => ("resume", None),
        Step::Resolve(solution, improvement) => {
            ("resolve", Some(json!({ "solution": solution, "improvement": improvement })))
        }
        Step::Confirm => ("confirm", None),
        Step::Reopen(reason) => ("reopen", Some(json!({ "reason": reason }))),
        Step::Reject(reason) => ("reject", Some(json!({ "reason": reason }))),
    })
}

/// So many hours after it came in by the server's clock, but not beyond the deadline.
fn promise(feedback: &Value, hours: i64) -> Outcome<DateTime<Utc>> {
    let received: DateTime<Utc> = text(feedback, "received_at").parse()?;
    let mut clocks = feedback["deadlines"].as_array().into_iter().flatten();
    let due = clocks.find(|clock| clock["clock"] == "resolve").and_then(|clock| clock["due_at"].as_str());
    let wanted = received + TimeDelta::hours(hours);
    Ok(match due {
        Some(due) => wanted.min(due.parse()?),
        None => wanted,
    })
}
