//! Entry points (反馈入口), kept by the administrator.

use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::entry::FieldRule;
use huiyin_domain::feedback::{Channel, Subtype};
use huiyin_persistence::feedback::entries::{self, Entry};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use crate::secret::random;
use crate::usecases::App;
use crate::usecases::identity::departments::check_department;
use crate::usecases::support::{Command, Result, transact, unique_as};

/// Where people leave feedback, and what they are asked for.
#[derive(Debug)]
pub struct NewEntry {
    /// Made up unless given.
    pub key: Option<String>,
    pub name: String,
    pub channel: Channel,
    pub contact: FieldRule,
    pub own_name: FieldRule,
    pub picture: bool,
    pub per_minute: i32,
    pub department_id: Option<Uuid>,
    pub subtype: Option<Subtype>,
}

/// What changes of it; absent stays. Its key stands on posters and stays.
#[derive(Debug, Default)]
pub struct EntryChange {
    pub name: Option<String>,
    pub active: Option<bool>,
    pub channel: Option<Channel>,
    pub contact: Option<FieldRule>,
    pub own_name: Option<FieldRule>,
    pub picture: Option<bool>,
    pub per_minute: Option<i32>,
    pub department_id: Option<Option<Uuid>>,
    pub subtype: Option<Option<Subtype>>,
}

/// Random bytes of a key: it is short enough for a printed code, and nobody guesses it.
const KEY_BYTES: usize = 9;

pub async fn create(app: &App, command: &Command, new: NewEntry) -> Result<Entry> {
    let now = command.now;
    let entry = Entry {
        id: new_id(now),
        key: new.key.unwrap_or_else(|| random(KEY_BYTES).to_lowercase().replace(['_', '-'], "0")),
        name: new.name,
        active: true,
        channel: new.channel.to_string(),
        contact_rule: new.contact.to_string(),
        name_rule: new.own_name.to_string(),
        takes_picture: new.picture,
        per_minute: new.per_minute,
        department_id: new.department_id,
        subtype: new.subtype.map(|subtype| subtype.to_string()),
        created_by: command.actor.user_id(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    transact(app, command, async |tx| {
        check_department(tx, entry.department_id).await?;
        let entry = entries::insert(tx, entry).await.map_err(unique_as(Code::EntryKeyTaken))?;
        let (key, channel) = (entry.key.clone(), entry.channel.clone());
        let event = Event::FeedbackEntryCreated { entry_id: entry.id, key, channel };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(entry)
    })
    .await
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: EntryChange) -> Result<Entry> {
    transact(app, command, async |tx| {
        let before = entries::lock(tx, id).await?.ok_or(Code::EntryNotFound)?;
        command.check_version(before.version)?;
        let after = change.over(before.clone());
        if after.department_id != before.department_id {
            check_department(tx, after.department_id).await?;
        }
        let fields = changed_fields(&before, &after);
        if fields.is_empty() {
            return Ok(before);
        }
        let after = Entry { updated_at: command.now, version: before.version + 1, ..after };
        let after = entries::update(tx, after).await?;
        let event = Event::FeedbackEntryUpdated { entry_id: id, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}

impl EntryChange {
    fn over(self, row: Entry) -> Entry {
        let rule = |rule: FieldRule| rule.to_string();
        Entry {
            name: self.name.unwrap_or(row.name),
            active: self.active.unwrap_or(row.active),
            channel: self.channel.map_or(row.channel, |channel| channel.to_string()),
            contact_rule: self.contact.map_or(row.contact_rule, rule),
            name_rule: self.own_name.map_or(row.name_rule, rule),
            takes_picture: self.picture.unwrap_or(row.takes_picture),
            per_minute: self.per_minute.unwrap_or(row.per_minute),
            department_id: self.department_id.unwrap_or(row.department_id),
            subtype: self.subtype.map_or(row.subtype, |subtype| subtype.map(|subtype| subtype.to_string())),
            ..row
        }
    }
}

fn changed_fields(before: &Entry, after: &Entry) -> Vec<String> {
    let changes = [
        ("name", before.name != after.name),
        ("active", before.active != after.active),
        ("channel", before.channel != after.channel),
        ("contact", before.contact_rule != after.contact_rule),
        ("contact_name", before.name_rule != after.name_rule),
        ("picture", before.takes_picture != after.takes_picture),
        ("per_minute", before.per_minute != after.per_minute),
        ("department_id", before.department_id != after.department_id),
        ("subtype", before.subtype != after.subtype),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}

/// One by which nothing has come in; what has come in names its entry point for ever.
pub async fn delete(app: &App, command: &Command, id: Uuid) -> Result<()> {
    transact(app, command, async |tx| {
        let entry = entries::lock(tx, id).await?.ok_or(Code::EntryNotFound)?;
        command.check_version(entry.version)?;
        if entries::is_used(tx, id).await? {
            return Err(Code::EntryInUse.into());
        }
        entries::delete(tx, id).await?;
        let event = Event::FeedbackEntryDeleted { entry_id: id, key: entry.key };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(())
    })
    .await
}
