//! What a record consists of, and what is wrong with any part of it: looked at before anything is kept.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use huiyin_domain::customers::happened_by;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::classify::Classification;
use huiyin_domain::feedback::{Channel, Mood, Priority, Subtype, VerificationOutcome};
use huiyin_domain::follow_up::record::{Scores, check_refusal, next_window, settled};
use huiyin_domain::follow_up::script::{Answer, Content, check_answers, scores};
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::{FollowUpMethod, RecordOutcome, TaskOrigin, TaskPriority};
use huiyin_domain::identity::{Permission, Scope};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::contacts;
use huiyin_persistence::customers::profiles::Customer;
use huiyin_persistence::customers::todos::Todo;
use huiyin_persistence::follow_up::leads::Lead;
use huiyin_persistence::follow_up::scripts;
use huiyin_persistence::follow_up::tasks::Task;
use huiyin_persistence::support::from_json;
use uuid::Uuid;

use super::leads::{self, NewLead};
use super::task_steps::hands;
use super::tasks::NewTask;
use crate::usecases::App;
use crate::usecases::customers::changes::{Edited, edit};
use crate::usecases::customers::contact_changes::{self, Edited as ContactEdited};
use crate::usecases::customers::contacts::{Person, changed_fields as changed_of_contact};
use crate::usecases::customers::draft::{Profile, changed_fields};
use crate::usecases::customers::todos::{self, NewTodo};
use crate::usecases::feedback::classifier;
use crate::usecases::feedback::intake::{Hints, NewFeedback};
use crate::usecases::support::{Command, Error, Result};

/// What was said, and what is to come of it.
#[derive(Debug, Clone)]
pub struct NewRecord {
    pub outcome: RecordOutcome,
    /// The task's unless said.
    pub method: Option<FollowUpMethod>,
    /// Now unless said.
    pub happened_at: Option<DateTime<Utc>>,
    pub identity_confirmed: bool,
    pub contact_id: Option<Uuid>,
    /// The task's unless said.
    pub script_id: Option<Uuid>,
    /// The latest unless said.
    pub script_version: Option<i32>,
    pub answers: Vec<Answer>,
    pub scores: Scores,
    pub mood: Option<Mood>,
    pub words: Words,
    pub read_back: bool,
    /// What the customer says of a resolution, where that was asked.
    pub verification: Option<VerificationOutcome>,
    pub to_dos: Vec<NewTodo>,
    pub contact_confirmed: Option<bool>,
    pub customer_changes: Option<Profile>,
    /// Of the contact who was spoken with.
    pub contact_changes: Option<Person>,
    pub feedback: Vec<Voice>,
    pub leads: Vec<NewLead>,
    pub next: Option<Next>,
}

/// What was said, in words.
#[derive(Debug, Clone, Default)]
pub struct Words {
    pub praise: Option<String>,
    pub complaints: Option<String>,
    pub wishes: Option<String>,
    pub commitments: Option<String>,
    pub summary: Option<String>,
}

/// A complaint, suggestion or inquiry that becomes a feedback of its own.
#[derive(Debug, Clone)]
pub struct Voice {
    pub content: String,
    pub subtype: Option<Subtype>,
    pub priority: Option<Priority>,
}

/// When the customer is contacted next.
#[derive(Debug, Clone)]
pub struct Next {
    pub due_on: NaiveDate,
    /// As this time unless said.
    pub method: Option<FollowUpMethod>,
    pub note: Option<String>,
    /// Who was to make this contact unless said.
    pub assignee_id: Option<Uuid>,
}

/// A task that comes of a follow-up, in whose hands it is and when it is due.
pub fn task_of(
    command: &Command,
    origin: TaskOrigin,
    customer: Option<Uuid>,
    (title, method): (String, FollowUpMethod),
    hands: Hands,
    (due_from, due_by): (DateTime<Utc>, DateTime<Utc>),
) -> NewTask {
    NewTask {
        origin,
        plan_id: None,
        touchpoint_id: None,
        customer_id: customer,
        occasion: None,
        feedback_id: None,
        source_record_id: None,
        title,
        note: None,
        method,
        script_id: None,
        priority: TaskPriority::Normal,
        tier: None,
        hands,
        due_from,
        due_by,
        created_by: command.actor.user_id(),
        prompted_by: None,
    }
}

/// What each feedback seems to be about, and by which version of the classifier: found out before the transaction begins.
pub async fn classified(app: &App, voices: &[Voice]) -> Result<Vec<(Classification, i64)>> {
    if voices.is_empty() {
        return Ok(Vec::new());
    }
    let classifier = classifier::in_use(app).await?;
    Ok(voices.iter().map(|voice| (classifier.classify(&voice.content), classifier.number)).collect())
}

impl Voice {
    /// As it comes into the pool.
    pub fn received(self, customer: Option<Uuid>, record: Uuid) -> NewFeedback {
        NewFeedback {
            channel: Channel::FollowUp,
            channel_message_id: None,
            content: self.content,
            customer_id: customer,
            external: None,
            contact_name: None,
            contact_phone: None,
            contact_email: None,
            subtype: self.subtype,
            priority: self.priority,
            hints: Hints::default(),
            source_record_id: Some(record),
        }
    }
}

/// A script as it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub script: Uuid,
    pub version: i32,
    pub content: Content,
}

/// Which fields were corrected at once, and the request by which the others wait.
#[derive(Debug, Default)]
pub struct Corrected {
    pub fields: Vec<String>,
    pub waits: Option<Uuid>,
}

/// The parts of a record, none of which has anything wrong with it.
#[derive(Debug)]
pub struct Parts {
    pub happened_at: DateTime<Utc>,
    pub asked: Option<Asked>,
    pub scores: Scores,
    pub to_dos: Vec<Todo>,
    pub leads: Vec<Lead>,
    pub customer: Corrected,
    pub contact: Corrected,
    /// The window of the next follow-up, and who makes it.
    pub next: Option<(DateTime<Utc>, DateTime<Utc>, Hands)>,
}

/// Looks at all parts and tells everything that is wrong with any of them at once. What of it writes already (a correction
/// of the customer) is undone with the transaction.
pub async fn prepare(
    app: &App,
    tx: &Tx,
    command: &Command,
    record: Uuid,
    (task, customer): (&Task, Option<&Customer>),
    new: &mut NewRecord,
) -> Result<Parts> {
    let now = command.now;
    let happened_at = new.happened_at.unwrap_or(now).trunc_subsecs(6);
    let mut faults: Vec<Fault> = happened_by(happened_at, now).err().into_iter().collect();
    faults.extend(contradictions(task, customer.is_some(), new));
    let asked = match new.outcome {
        RecordOutcome::Reached => asked(tx, task, new, &mut faults).await?,
        RecordOutcome::Refused => None,
    };
    let scores = judged(asked.as_ref(), &new.answers, new.scores, &mut faults);
    let mut parts = Parts {
        happened_at,
        asked,
        scores,
        to_dos: Vec::new(),
        leads: Vec::new(),
        customer: Corrected::default(),
        contact: Corrected::default(),
        next: None,
    };
    if let Some(customer) = customer {
        let unknown = unknown_contact(tx, customer.id, new.contact_id).await?;
        let known = new.contact_id.filter(|_| unknown.is_none());
        faults.extend(unknown);
        let given = std::mem::take(&mut new.to_dos).into_iter().enumerate();
        let given = given.map(|(index, todo)| (format!("/to_dos/{index}"), todo)).collect();
        let (to_dos, wrong) = todos::prepare(tx, command, customer, None, given).await?;
        faults.extend(wrong);
        let (leads, wrong) = leads::prepare(tx, command, customer, record, std::mem::take(&mut new.leads)).await?;
        faults.extend(wrong);
        (parts.to_dos, parts.leads) = (to_dos, leads);
        if let Some(profile) = new.customer_changes.take() {
            parts.customer = told(correct(tx, command, customer, profile).await, "changes", &mut faults)?;
        }
        match (new.contact_changes.take(), known) {
            (Some(person), Some(contact)) => {
                let corrected = correct_contact(tx, command, customer, contact, person).await;
                parts.contact = told(corrected, "contact_changes", &mut faults)?;
            }
            (Some(_), None) if new.contact_id.is_none() => {
                faults.push(Fault::new(Code::ContactNotFound).at("/contact_id"));
            }
            _ => {}
        }
    }
    if let Some(next) = &new.next {
        match next_window(next.due_on, app.config.time_zone, now) {
            Ok((from, by)) => parts.next = Some((from, by, next_hands(tx, command, task, next, &mut faults).await?)),
            Err(fault) => faults.push(fault.at("/next_follow_up/due_on")),
        }
    }
    if faults.is_empty() { Ok(parts) } else { Err(Error::Faults(faults)) }
}

/// What cannot be said of this task.
fn contradictions(task: &Task, has_customer: bool, new: &NewRecord) -> Vec<Fault> {
    let said = [
        ("answers", !new.answers.is_empty()),
        ("csat", new.scores.csat.is_some()),
        ("nps", new.scores.nps.is_some()),
        ("verification", new.verification.is_some()),
    ];
    let mut faults = check_refusal(new.outcome, &said);
    let verifies = task.origin == TaskOrigin::Verification.as_str();
    match (verifies, new.outcome, new.verification) {
        (true, RecordOutcome::Reached, None) => faults.push(Fault::new(Code::VerdictNeeded).at("/verification")),
        (false, _, Some(_)) => faults.push(Fault::new(Code::VerdictUnasked).at("/verification")),
        _ => {}
    }
    let of_customer = [
        ("contact_id", new.contact_id.is_some()),
        ("to_dos", !new.to_dos.is_empty()),
        ("leads", !new.leads.is_empty()),
        ("contact_data", new.customer_changes.is_some() || new.contact_changes.is_some()),
    ];
    let needed = of_customer.iter().filter(|(_, said)| *said && !has_customer);
    faults.extend(needed.map(|(name, _)| Fault::new(Code::CustomerNeeded).at(format!("/{name}")).with("name", name)));
    faults
}

/// The version of the script that was asked, with what is wrong with its answers.
async fn asked(tx: &Tx, task: &Task, new: &NewRecord, faults: &mut Vec<Fault>) -> Result<Option<Asked>> {
    let Some(script) = new.script_id.or(task.script_id) else {
        if !new.answers.is_empty() {
            faults.push(Fault::new(Code::AnswersWithoutScript).at("/answers"));
        }
        return Ok(None);
    };
    let version = match new.script_version {
        Some(number) => {
            let version = scripts::version(tx, script, number).await?;
            version.ok_or_else(|| Fault::new(Code::ScriptVersionNotFound).at("/script_version"))
        }
        None => {
            let latest = scripts::latest(tx, script).await?.map(|(_, version)| version);
            latest.ok_or_else(|| Fault::new(Code::ScriptNotFound).at("/script_id"))
        }
    };
    match version {
        Ok(version) => {
            let content: Content = from_json(&version.content)?;
            faults.extend(check_answers(&content, &new.answers));
            Ok(Some(Asked { script, version: version.number, content }))
        }
        Err(fault) => {
            faults.push(fault);
            Ok(None)
        }
    }
}

/// The scores, given or answered.
pub fn judged(asked: Option<&Asked>, answers: &[Answer], given: Scores, faults: &mut Vec<Fault>) -> Scores {
    let (csat, nps) = asked.map_or((None, None), |asked| scores(&asked.content, answers));
    let mut settle = |given: Option<i16>, answered, name| {
        settled(given, answered, name).unwrap_or_else(|fault| {
            faults.push(fault);
            given
        })
    };
    Scores { csat: settle(given.csat, csat, "csat"), nps: settle(given.nps, nps, "nps") }
}

/// Whoever was spoken with must be somebody of this customer.
pub async fn unknown_contact(tx: &Tx, customer: Uuid, contact: Option<Uuid>) -> Result<Option<Fault>> {
    let Some(contact) = contact else { return Ok(None) };
    let known = contacts::known_of(tx, customer, &[contact]).await?;
    Ok(known.is_empty().then(|| Fault::new(Code::ContactNotFound).at("/contact_id")))
}

/// Corrects the customer's data as anybody does: what is protected may have to wait for somebody who decides.
async fn correct(tx: &Tx, command: &Command, customer: &Customer, profile: Profile) -> Result<Corrected> {
    Ok(match edit(tx, command, customer.clone(), profile).await? {
        Edited::Done(after) => Corrected { fields: changed_fields(customer, &after), waits: None },
        Edited::Waits(asked) => Corrected { fields: from_json(&asked.request.applied)?, waits: Some(asked.request.id) },
    })
}

/// The same of a contact.
async fn correct_contact(
    tx: &Tx,
    command: &Command,
    customer: &Customer,
    contact: Uuid,
    person: Person,
) -> Result<Corrected> {
    let gone = || Error::from(Fault::new(Code::ContactNotFound));
    let before = contacts::lock(tx, Scope::All, contact).await?.ok_or_else(gone)?;
    Ok(match contact_changes::edit(tx, command, customer.clone(), before.clone(), person).await? {
        ContactEdited::Done(after) => Corrected { fields: changed_of_contact(&before, &after), waits: None },
        ContactEdited::Waits(asked) => {
            Corrected { fields: from_json(&asked.request.applied)?, waits: Some(asked.request.id) }
        }
    })
}

/// What is wrong with corrections is told with everything else that is wrong.
fn told(corrected: Result<Corrected>, part: &str, faults: &mut Vec<Fault>) -> Result<Corrected> {
    match corrected {
        Err(Error::Faults(wrong)) => {
            faults.extend(wrong.into_iter().map(|fault| {
                let at = fault.pointer.clone().unwrap_or_default();
                fault.at(format!("/contact_data/{part}{at}"))
            }));
            Ok(Corrected::default())
        }
        other => other,
    }
}

/// Who makes the next one. To give it to anybody else than oneself, or who had this one, one must be allowed to give work.
async fn next_hands(tx: &Tx, command: &Command, task: &Task, next: &Next, faults: &mut Vec<Fault>) -> Result<Hands> {
    let me = command.actor.user_id();
    let Some(wanted) = next.assignee_id else {
        // Whoever had this one may have left the firm since.
        for meant in [task.assignee_id, me].into_iter().flatten() {
            if let Ok(hands) = hands(tx, command, Some(meant), None).await? {
                return Ok(Hands { department: hands.department.or(task.department_id), ..hands });
            }
        }
        return Ok(Hands { department: task.department_id, ..Hands::default() });
    };
    let at = "/next_follow_up/assignee_id";
    let usual = [me, task.assignee_id].contains(&next.assignee_id);
    if !usual && !command.actor.may(Permission::FollowUpAssign) {
        faults.push(Fault::new(Code::Forbidden).at(at).with("permission", Permission::FollowUpAssign));
        return Ok(Hands::default());
    }
    match hands(tx, command, Some(wanted), None).await? {
        Ok(hands) => Ok(Hands { department: hands.department.or(task.department_id), ..hands }),
        Err(wrong) => {
            faults.extend(wrong.into_iter().map(|fault| fault.at(at)));
            Ok(Hands::default())
        }
    }
}
