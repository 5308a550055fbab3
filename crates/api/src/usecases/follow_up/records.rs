//! Records (回访记录): what was said in a follow-up, kept in one transaction with all that comes of it.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::VerificationOutcome;
use huiyin_domain::feedback::classify::Classification;
use huiyin_domain::follow_up::record::Consequences;
use huiyin_domain::follow_up::script::{Values, Variable};
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::{FollowUpMethod, RecordOutcome, TaskOrigin, TaskOutcome};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::contacts;
use huiyin_persistence::customers::figures;
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::follow_up::records::{self, Record};
use huiyin_persistence::follow_up::tasks::Task;
use huiyin_persistence::follow_up::{alerts as stored_alerts, scripts, tasks as stored_tasks};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored, to_json};
use uuid::Uuid;

use super::recording::{Asked, NewRecord, classified, prepare, task_of};
use super::scripts::values_of_task;
use super::tasks::{NewTask, close, errand, new_task};
use super::{alerts, leads, settings, verification};
use crate::usecases::App;
use crate::usecases::customers::todos;
use crate::usecases::feedback::intake::receive_in;
use crate::usecases::support::{Command, Result, transact, unique_as};

/// What a follow-up is called that nobody had planned.
const UNPLANNED: &str = "临时回访";

/// A task that is about to be recorded, with its customer; both are locked.
struct Reached {
    task: Task,
    customer: Option<Customer>,
}

/// Records what was said, and everything that comes of it: all of it, or nothing. A task is recorded once.
pub async fn record(app: &App, command: &Command, task: Uuid, new: NewRecord) -> Result<Record> {
    let classified = classified(app, &new.feedback).await?;
    transact(app, command, async |tx| {
        let reached = take(tx, command, task).await?;
        keep(app, tx, &without_version(command), reached, new, classified).await
    })
    .await
}

/// Records a follow-up that nobody had planned: its task is made and done at once.
pub async fn create(
    app: &App,
    command: &Command,
    customer: Uuid,
    title: Option<String>,
    new: NewRecord,
) -> Result<Record> {
    let classified = classified(app, &new.feedback).await?;
    transact(app, command, async |tx| {
        let customer = profiles::lock(tx, command.scope(), customer).await?;
        let customer = customer.ok_or_else(|| Fault::new(Code::CustomerNotFound).at("/customer_id"))?;
        let command = without_version(command);
        let department = command.actor.department.or(customer.department_id);
        let hands = Hands { assignee: command.actor.user_id(), department, instead_of: None };
        let what = (title.unwrap_or_else(|| UNPLANNED.to_owned()), new.method.unwrap_or(FollowUpMethod::Phone));
        let window = (command.now, command.now);
        let made = task_of(&command, TaskOrigin::Manual, Some(customer.id), what, hands, window);
        let made = NewTask { script_id: new.script_id, prompted_by: made.created_by, ..made };
        if let Some(script) = new.script_id
            && scripts::find(tx, script).await?.is_none()
        {
            return Err(Fault::new(Code::ScriptNotFound).at("/script_id").into());
        }
        let (task, happened) = new_task(app, tx, command.now, made).await?;
        events::append(tx, command.actor.user_id(), command.now, &happened).await?;
        keep(app, tx, &command, Reached { task, customer: Some(customer) }, new, classified).await
    })
    .await
}

/// The version that the caller has seen is the task's; whatever else is written has others.
pub(super) fn without_version(command: &Command) -> Command {
    Command { expected_version: None, ..command.clone() }
}

/// Loads the task for one who may work on it. Locked are its feedback, its customer and itself, in the order in which
/// everything else takes them.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<Reached> {
    let seen = stored_tasks::find(tx, command.scope(), id).await?.ok_or(Code::TaskNotFound)?;
    if let Some(feedback) = seen.feedback_id {
        pool::lock(tx, Scope::All, feedback).await?;
    }
    let customer = match seen.customer_id {
        // Whoever is to call need not be within reach of the customer otherwise.
        Some(customer) => Some(profiles::lock(tx, Scope::All, customer).await?.ok_or(Code::ConcurrentChange)?),
        None => None,
    };
    let task = stored_tasks::lock(tx, command.scope(), id).await?.ok_or(Code::TaskNotFound)?;
    if (task.customer_id, task.feedback_id) != (seen.customer_id, seen.feedback_id) {
        return Err(Code::ConcurrentChange.into());
    }
    if let Some(record) = records::of_task(tx, id).await? {
        return Err(Fault::new(Code::RecordExists).with("record", record.id).into());
    }
    command.check_version(task.version)?;
    errand(&task)?.worked_on_by(&command.actor)?;
    Ok(Reached { task, customer })
}

/// Keeps the record and lets everything follow. Nothing is written before every part has been looked at, but for what is
/// undone with the transaction.
async fn keep(
    app: &App,
    tx: &Tx,
    command: &Command,
    Reached { task, customer }: Reached,
    mut new: NewRecord,
    classified: Vec<(Classification, i64)>,
) -> Result<Record> {
    let (now, id) = (command.now, new_id(command.now));
    errand(&task)?.complete(TaskOutcome::from(new.outcome), now)?;
    // Before anything is corrected.
    let filled = filled(tx, command, &task, &new).await?;
    let parts = prepare(app, tx, command, id, (&task, customer.as_ref()), &mut new).await?;
    let low = settings::read(tx).await?.alerts.low(parts.scores);
    let mut led_to = Consequences {
        to_dos: parts.to_dos.iter().map(|row| row.id).collect(),
        leads: parts.leads.iter().map(|row| row.id).collect(),
        corrected: parts.customer.fields,
        change_request: parts.customer.waits,
        contact_corrected: parts.contact.fields,
        contact_change_request: parts.contact.waits,
        ..Consequences::default()
    };
    let mut more = todos::give(app, tx, now, &parts.to_dos).await?;
    for (voice, classified) in std::mem::take(&mut new.feedback).into_iter().zip(classified) {
        let voice = voice.received(task.customer_id, id);
        let received = receive_in(app, tx, command, Scope::All, voice, classified).await?;
        led_to.feedback.push(received.view.feedback.id);
    }
    if let Some((from, by, hands)) = parts.next {
        let (next, happened) = new_task(app, tx, now, next_task(&task, &new, id, (from, by), hands, command)?).await?;
        led_to.next_task = Some(next.id);
        more.extend(happened);
    }
    let mut alert = None;
    if let Some((kind, score)) = low {
        let cause = alerts::Cause { record: id, task: &task, customer: customer.as_ref(), kind, score };
        let (raised, happened) = alerts::prepare(app, tx, command, cause).await?;
        (led_to.alert, led_to.care_task) = (Some(raised.id), raised.task_id);
        alert = Some(raised);
        more.extend(happened);
    }
    let row = Record { low_score: low.is_some(), ..row(command, id, &task, &new, parts.asked.as_ref())? };
    let row = Record {
        happened_at: parts.happened_at,
        csat: parts.scores.csat,
        nps: parts.scores.nps,
        consequences: to_json(&led_to)?,
        script_values: parts.asked.as_ref().map(|_| to_json(&filled)).transpose()?,
        ..row
    };
    let row = records::insert(tx, row).await.map_err(unique_as(Code::ConcurrentChange))?;
    more.extend(leads::give(tx, parts.leads).await?);
    if let Some(alert) = alert {
        stored_alerts::insert(tx, alert).await?;
    }
    let (task, completed) = close(tx, command, task, TaskOutcome::from(new.outcome), now).await?;
    let mut happened = vec![created(&row, new.outcome)?, completed];
    happened.extend(more);
    if let (Some(customer), RecordOutcome::Reached) = (row.customer_id, new.outcome) {
        figures::follow_interactions(tx, &[customer]).await?;
    }
    events::append(tx, command.actor.user_id(), now, &happened).await?;
    if task.origin == TaskOrigin::Verification.as_str() {
        // Who did not want to say has not agreed either: the head of the department decides.
        let verdict = new.verification.unwrap_or(VerificationOutcome::Unreachable);
        let score = row.csat.filter(|_| new.verification.is_some());
        verification::answered(app, tx, command, &task, verdict, score, note(&row)).await?;
    }
    Ok(row)
}

/// What the script was filled with, so that it can be read later as it was said.
async fn filled(tx: &Tx, command: &Command, task: &Task, new: &NewRecord) -> Result<Values> {
    if new.outcome != RecordOutcome::Reached || new.script_id.or(task.script_id).is_none() {
        return Ok(Values::default());
    }
    let about = match task.feedback_id {
        Some(feedback) => pool::find(tx, Scope::All, feedback).await?,
        None => None,
    };
    let mut values = values_of_task(tx, &command.actor, task.plan_id, task.customer_id, about.as_ref()).await?;
    if let Some(contact) = new.contact_id
        && let Some(contact) = contacts::find(tx, Scope::All, contact).await?
    {
        values.set(Variable::ContactName, Some(contact.name));
    }
    Ok(values)
}

/// What was said in a few words, for those who look after a feedback.
fn note(row: &Record) -> String {
    [&row.complaints, &row.summary, &row.wishes].into_iter().flatten().next().cloned().unwrap_or_default()
}

fn created(row: &Record, outcome: RecordOutcome) -> Result<Event> {
    Ok(Event::FollowUpRecordCreated {
        record_id: row.id,
        task_id: row.task_id,
        customer_id: row.customer_id,
        plan_id: row.plan_id,
        outcome,
        method: stored(&row.method)?,
        csat: row.csat,
        nps: row.nps,
    })
}

fn next_task(
    task: &Task,
    new: &NewRecord,
    record: Uuid,
    window: (DateTime<Utc>, DateTime<Utc>),
    hands: Hands,
    command: &Command,
) -> Result<NewTask> {
    let next = new.next.as_ref();
    let method = next.and_then(|next| next.method).or(new.method);
    let what = (task.title.clone(), method.map_or_else(|| stored(&task.method), Ok)?);
    let made = task_of(command, TaskOrigin::Next, task.customer_id, what, hands, window);
    let note = next.and_then(|next| next.note.clone());
    Ok(NewTask { source_record_id: Some(record), note, prompted_by: task.prompted_by, ..made })
}

fn row(command: &Command, id: Uuid, task: &Task, new: &NewRecord, asked: Option<&Asked>) -> Result<Record> {
    let now = command.now;
    let words = new.words.clone();
    Ok(Record {
        id,
        task_id: task.id,
        customer_id: task.customer_id,
        plan_id: task.plan_id,
        contact_id: new.contact_id,
        method: new.method.map_or_else(|| task.method.clone(), |method| method.to_string()),
        happened_at: now,
        outcome: new.outcome.to_string(),
        identity_confirmed: new.identity_confirmed,
        script_id: asked.map(|asked| asked.script),
        script_version: asked.map(|asked| asked.version),
        script_values: None,
        answers: to_json(&new.answers)?,
        csat: None,
        nps: None,
        mood: new.mood.map(|mood| mood.to_string()),
        praise: words.praise,
        complaints: words.complaints,
        wishes: words.wishes,
        commitments: words.commitments,
        summary: words.summary,
        read_back: new.read_back,
        contact_confirmed: new.contact_confirmed,
        verification: new.verification.map(|verdict| verdict.to_string()),
        low_score: false,
        consequences: serde_json::Value::Null,
        author_id: command.actor.user_id(),
        department_id: task.department_id.or(command.actor.department),
        created_at: now,
        updated_at: now,
        version: 1,
    })
}
