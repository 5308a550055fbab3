//! To-dos (待办): given in an interaction or by themselves, reminded of by timers.

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::{Reminder, TodoStatus, may_change, reminder_due, reminders};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::customers::todos::{self, Todo};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, new_id, stored};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Something to be done.
#[derive(Debug, Clone)]
pub struct NewTodo {
    pub title: String,
    pub note: Option<String>,
    /// Whoever gives it unless said; the customer's owner where another system gives it.
    pub owner_id: Option<Uuid>,
    pub due_on: NaiveDate,
}

/// What is said anew. `None`: not said.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub title: Option<String>,
    pub note: Option<Option<String>>,
    pub owner_id: Option<Uuid>,
    pub due_on: Option<NaiveDate>,
}

/// Gives a to-do for a customer.
pub async fn create(app: &App, command: &Command, customer: Uuid, new: NewTodo) -> Result<Todo> {
    transact(app, command, async |tx| {
        let customer = profiles::find(tx, command.scope(), customer).await?.ok_or(Code::CustomerNotFound)?;
        let (mut rows, faults) = prepare(tx, command, &customer, None, vec![(String::new(), new)]).await?;
        if !faults.is_empty() {
            return Err(Error::Faults(faults));
        }
        let happened = give(app, tx, command.now, &rows).await?;
        events::append(tx, command.actor.user_id(), command.now, &happened).await?;
        rows.pop().ok_or_else(|| Error::Internal("a to-do that was not made".to_owned()))
    })
    .await
}

/// To-dos of a customer that are not stored yet, and what is wrong with them; each comes with the pointer to where it
/// stands.
pub async fn prepare(
    tx: &Tx,
    command: &Command,
    customer: &Customer,
    interaction: Option<Uuid>,
    new: Vec<(String, NewTodo)>,
) -> Result<(Vec<Todo>, Vec<Fault>)> {
    let (now, giver) = (command.now, command.actor.user_id());
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    let wanted: Vec<Uuid> = new.iter().filter_map(|(_, todo)| todo.owner_id).collect();
    let active = users::active_among(tx, &wanted).await?;
    for (pointer, todo) in new {
        let at = format!("{pointer}/owner_id");
        if todo.owner_id.is_some_and(|owner| !active.contains(&owner)) {
            faults.push(Fault::new(Code::UserNotFound).at(at));
            continue;
        }
        let Some(owner_id) = todo.owner_id.or(giver).or(customer.owner_id) else {
            faults.push(Fault::new(Code::ReferenceMissing).at(at).with("name", "owner_id"));
            continue;
        };
        rows.push(Todo {
            id: new_id(now),
            customer_id: customer.id,
            interaction_id: interaction,
            title: todo.title.trim().to_owned(),
            note: todo.note,
            owner_id,
            due_on: todo.due_on,
            status: TodoStatus::Open.to_string(),
            cancel_reason: None,
            closed_at: None,
            closed_by: None,
            created_by: giver,
            created_at: now,
            updated_at: now,
            version: 1,
        });
    }
    Ok((rows, faults))
}

/// Stores to-dos with their reminders; the caller appends the events.
pub async fn give(app: &App, tx: &Tx, now: DateTime<Utc>, rows: &[Todo]) -> Result<Vec<Event>> {
    todos::insert(tx, rows).await?;
    timers::set(tx, now, rows.iter().flat_map(|row| alarms(app, row, now)).collect()).await?;
    let given = |row: &Todo| Event::TodoCreated {
        todo_id: row.id,
        customer_id: row.customer_id,
        owner_id: row.owner_id,
        due_on: row.due_on,
    };
    Ok(rows.iter().map(given).collect())
}

fn alarms(app: &App, row: &Todo, now: DateTime<Utc>) -> impl Iterator<Item = NewTimer> {
    let id = row.id;
    reminders(row.due_on, app.config.time_zone, now).into_iter().map(move |(reminder, at)| NewTimer {
        kind: TimerKind::TodoReminder,
        subject_id: id,
        unique_key: key(id, reminder),
        due_at: at.max(now),
        payload: serde_json::json!(reminder),
    })
}

fn key(id: Uuid, reminder: Reminder) -> String {
    format!("todo:{id}:{reminder}")
}

fn keys(id: Uuid) -> Vec<String> {
    Reminder::ALL.iter().map(|reminder| key(id, *reminder)).collect()
}

/// Loads a to-do that is still open, for one who may change it.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<Todo> {
    let row = todos::lock(tx, command.scope(), id).await?.ok_or(Code::TodoNotFound)?;
    command.check_version(row.version)?;
    may_change(&command.actor, &[Some(row.owner_id), row.created_by])?;
    stored::<TodoStatus>(&row.status)?.check_open()?;
    Ok(row)
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: Change) -> Result<Todo> {
    transact(app, command, async |tx| {
        let before = take(tx, command, id).await?;
        let mut after = before.clone();
        if let Some(title) = change.title {
            after.title = title.trim().to_owned();
        }
        after.note = change.note.unwrap_or(after.note);
        after.owner_id = change.owner_id.unwrap_or(after.owner_id);
        after.due_on = change.due_on.unwrap_or(after.due_on);
        let fields: Vec<String> = [
            ("title", before.title != after.title),
            ("note", before.note != after.note),
            ("owner_id", before.owner_id != after.owner_id),
            ("due_on", before.due_on != after.due_on),
        ]
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| name.to_owned())
        .collect();
        if fields.is_empty() {
            return Ok(before);
        }
        if before.owner_id != after.owner_id && users::active(tx, after.owner_id).await?.is_none() {
            return Err(Fault::new(Code::UserNotFound).at("/owner_id").into());
        }
        if before.due_on != after.due_on {
            timers::cancel(tx, keys(id)).await?;
            timers::set(tx, command.now, alarms(app, &after, command.now).collect()).await?;
        }
        let row = store(tx, command, after).await?;
        let event = Event::TodoUpdated { todo_id: id, customer_id: row.customer_id, owner_id: row.owner_id, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}

async fn store(tx: &Tx, command: &Command, row: Todo) -> Result<Todo> {
    Ok(todos::update(tx, Todo { updated_at: command.now, version: row.version + 1, ..row }).await?)
}

/// It is done.
pub async fn complete(app: &App, command: &Command, id: Uuid) -> Result<Todo> {
    close(app, command, id, TodoStatus::Done, None).await
}

/// It will not be done, and why.
pub async fn cancel(app: &App, command: &Command, id: Uuid, reason: String) -> Result<Todo> {
    close(app, command, id, TodoStatus::Cancelled, Some(reason)).await
}

async fn close(app: &App, command: &Command, id: Uuid, to: TodoStatus, reason: Option<String>) -> Result<Todo> {
    transact(app, command, async |tx| {
        let mut row = take(tx, command, id).await?;
        row.status = to.to_string();
        row.cancel_reason = reason;
        row.closed_at = Some(command.now);
        row.closed_by = command.actor.user_id();
        timers::cancel(tx, keys(id)).await?;
        let row = store(tx, command, row).await?;
        let (customer_id, owner_id) = (row.customer_id, row.owner_id);
        let event = match to {
            TodoStatus::Cancelled => Event::TodoCancelled { todo_id: id, customer_id, owner_id },
            _ => Event::TodoCompleted { todo_id: id, customer_id, owner_id },
        };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// Reminds the owner; after a standstill only of what is still true.
pub async fn remind(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let reminder: Reminder = from_json(&timer.payload)?;
    let tx = app.db.begin().await?;
    // The row before anything is written: see the outbox.
    let row = todos::lock(&tx, Scope::All, timer.subject_id).await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    if let Some(row) = row.filter(|row| row.status == TodoStatus::Open.as_str())
        && reminder_due(row.due_on, app.config.time_zone, now) == Some(reminder)
    {
        let Todo { id: todo_id, owner_id, due_on, .. } = row;
        let event = match reminder {
            Reminder::Overdue => Event::TodoOverdue { todo_id, owner_id, due_on },
            _ => Event::TodoReminded { todo_id, owner_id, due_on },
        };
        events::append(&tx, None, now, &[event]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
