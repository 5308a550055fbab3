//! Interactions (互动记录): recorded with their to-dos in one request.

use chrono::{DateTime, SubsecRound, Utc};
use huiyin_domain::customers::{InteractionMethod, happened_by, may_change};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::interactions::{self, Interaction};
use huiyin_persistence::customers::{contacts, figures, profiles};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, new_id, stored, to_json};
use uuid::Uuid;

use super::todos::{self, NewTodo};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// What may be said about an interaction. `None`: not said; `Some(None)`: cleared.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub happened_at: Option<DateTime<Utc>>,
    pub method: Option<InteractionMethod>,
    pub subject: Option<String>,
    pub staff_ids: Option<Vec<Uuid>>,
    pub contact_ids: Option<Vec<Uuid>>,
    pub other_participants: Option<Vec<String>>,
    pub key_points: Option<Option<String>>,
    pub wishes: Option<Option<String>>,
    pub commitments: Option<Option<String>>,
    pub next_step: Option<Option<String>>,
}

/// Records what happened with a customer, and what is to be done because of it.
pub async fn record(
    app: &App,
    command: &Command,
    customer: Uuid,
    record: Record,
    new_todos: Vec<NewTodo>,
) -> Result<Interaction> {
    transact(app, command, async |tx| {
        // Locked: the figures of a customer are kept by one at a time.
        let customer = profiles::lock(tx, command.scope(), customer).await?.ok_or(Code::CustomerNotFound)?;
        let author_id = command.actor.user_id();
        let blank = Interaction {
            id: new_id(command.now),
            customer_id: customer.id,
            happened_at: command.now,
            method: InteractionMethod::Other.to_string(),
            subject: String::new(),
            staff_ids: to_json(&author_id.into_iter().collect::<Vec<_>>())?,
            contact_ids: serde_json::json!([]),
            other_participants: serde_json::json!([]),
            key_points: None,
            wishes: None,
            commitments: None,
            next_step: None,
            author_id,
            created_at: command.now,
            updated_at: command.now,
            version: 1,
        };
        let mut faults = check(tx, customer.id, &record).await?;
        let row = merge(blank, record)?;
        faults.extend(happened_by(row.happened_at, command.now).err());
        let placed = new_todos.into_iter().enumerate().map(|(index, todo)| (format!("/todos/{index}"), todo));
        let (given, wrong) = todos::prepare(tx, command, &customer, Some(row.id), placed.collect()).await?;
        faults.extend(wrong);
        if !faults.is_empty() {
            return Err(Error::Faults(faults));
        }
        let row = interactions::insert(tx, row).await?;
        let mut happened = vec![Event::InteractionRecorded {
            interaction_id: row.id,
            customer_id: customer.id,
            method: stored(&row.method)?,
            happened_at: row.happened_at,
        }];
        happened.extend(todos::give(app, tx, command.now, &given).await?);
        figures::follow_interactions(tx, &[customer.id]).await?;
        events::append(tx, command.actor.user_id(), command.now, &happened).await?;
        Ok(row)
    })
    .await
}

/// Corrects a record: whoever made it, managers and administrators.
pub async fn update(app: &App, command: &Command, id: Uuid, record: Record) -> Result<Interaction> {
    transact(app, command, async |tx| {
        let found = interactions::find(tx, command.scope(), id).await?.ok_or(Code::InteractionNotFound)?;
        // In the order in which a new one takes them: the customer, then its interaction.
        profiles::lock(tx, command.scope(), found.customer_id).await?.ok_or(Code::InteractionNotFound)?;
        let before = interactions::lock(tx, command.scope(), id).await?.ok_or(Code::InteractionNotFound)?;
        command.check_version(before.version)?;
        may_change(&command.actor, &[before.author_id])?;
        let mut faults = check(tx, before.customer_id, &record).await?;
        let after = merge(before.clone(), record)?;
        if after.happened_at != before.happened_at {
            faults.extend(happened_by(after.happened_at, command.now).err());
        }
        if !faults.is_empty() {
            return Err(Error::Faults(faults));
        }
        let fields = changed_fields(&before, &after);
        if fields.is_empty() {
            return Ok(before);
        }
        let row = Interaction { updated_at: command.now, version: before.version + 1, ..after };
        let row = interactions::update(tx, row).await?;
        figures::follow_interactions(tx, &[row.customer_id]).await?;
        let event = Event::InteractionUpdated { interaction_id: id, customer_id: row.customer_id, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// Whoever is named must be there: users of ours, contacts of this customer.
async fn check(tx: &Tx, customer: Uuid, record: &Record) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let missing = |ids: &[Uuid], known: &[Uuid], name: &str, code: Code| -> Vec<Fault> {
        let unknown = ids.iter().enumerate().filter(|(_, id)| !known.contains(id));
        unknown.map(|(index, _)| Fault::new(code).at(format!("/{name}/{index}"))).collect()
    };
    if let Some(ids) = &record.staff_ids {
        let known = users::active_among(tx, ids).await?;
        faults.extend(missing(ids, &known, "staff_ids", Code::UserNotFound));
    }
    if let Some(ids) = &record.contact_ids {
        let known = contacts::known_of(tx, customer, ids).await?;
        faults.extend(missing(ids, &known, "contact_ids", Code::ContactNotFound));
    }
    Ok(faults)
}

fn merge(mut row: Interaction, record: Record) -> Result<Interaction> {
    if let Some(at) = record.happened_at {
        row.happened_at = at.trunc_subsecs(6);
    }
    if let Some(method) = record.method {
        row.method = method.to_string();
    }
    if let Some(subject) = record.subject {
        row.subject = subject.trim().to_owned();
    }
    for (target, ids) in [(&mut row.staff_ids, record.staff_ids), (&mut row.contact_ids, record.contact_ids)] {
        if let Some(mut ids) = ids {
            ids.sort_unstable();
            ids.dedup();
            *target = to_json(&ids)?;
        }
    }
    if let Some(names) = record.other_participants {
        row.other_participants = to_json(&names)?;
    }
    for (target, value) in [
        (&mut row.key_points, record.key_points),
        (&mut row.wishes, record.wishes),
        (&mut row.commitments, record.commitments),
        (&mut row.next_step, record.next_step),
    ] {
        if let Some(value) = value {
            *target = value;
        }
    }
    Ok(row)
}

fn changed_fields(before: &Interaction, after: &Interaction) -> Vec<String> {
    let changes = [
        ("happened_at", before.happened_at != after.happened_at),
        ("method", before.method != after.method),
        ("subject", before.subject != after.subject),
        ("staff_ids", before.staff_ids != after.staff_ids),
        ("contact_ids", before.contact_ids != after.contact_ids),
        ("other_participants", before.other_participants != after.other_participants),
        ("key_points", before.key_points != after.key_points),
        ("wishes", before.wishes != after.wishes),
        ("commitments", before.commitments != after.commitments),
        ("next_step", before.next_step != after.next_step),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}

/// The participants as they are stored.
pub fn participants(row: &Interaction) -> Result<(Vec<Uuid>, Vec<Uuid>, Vec<String>)> {
    Ok((from_json(&row.staff_ids)?, from_json(&row.contact_ids)?, from_json(&row.other_participants)?))
}
