//! Segments as they are defined. Who is in them, `membership` keeps.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::tiering::condition::Condition;
use huiyin_domain::tiering::{RefreshState, SegmentStatus};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::tiering::segments::{self, Segment};
use serde_json::Value;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

/// All customers are held against the condition this often unless another time is set.
const REFRESH_HOURS: i32 = 24;

/// A segment to create.
#[derive(Debug, Clone)]
pub struct NewSegment {
    pub name: String,
    pub description: Option<String>,
    pub condition: Value,
    pub refresh_hours: Option<i32>,
}

/// What may be changed about a segment; absent stays.
#[derive(Debug, Clone, Default)]
pub struct SegmentChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub condition: Option<Value>,
    pub refresh_hours: Option<i32>,
    pub status: Option<SegmentStatus>,
}

/// Creates a segment; its members are found as soon as a worker is free.
pub async fn create(app: &App, command: &Command, new: NewSegment) -> Result<Segment> {
    let now = command.now;
    transact(app, command, async |tx| {
        let condition = checked(tx, &new.condition).await?;
        let segment = Segment {
            id: new_id(now),
            name: new.name.trim().to_owned(),
            description: new.description,
            condition: new.condition,
            personal: condition.is_personal(),
            status: SegmentStatus::Active.to_string(),
            refresh_state: RefreshState::Pending.to_string(),
            refresh_hours: new.refresh_hours.unwrap_or(REFRESH_HOURS),
            members: 0,
            refreshed_at: None,
            created_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let segment = segments::insert(tx, segment).await.map_err(unique_as(Code::NameTaken))?;
        timers::set(tx, now, vec![timer(segment.id, now)]).await?;
        events::append(tx, command.actor.user_id(), now, &[Event::SegmentCreated { segment_id: segment.id }]).await?;
        Ok(segment)
    })
    .await
}

async fn checked(tx: &Tx, condition: &Value) -> Result<Condition> {
    let fields = custom_fields::active(tx).await?;
    Condition::parse_for(condition, "/condition", &fields).map_err(Error::Faults)
}

/// A stored condition; it was checked before it was stored.
pub(super) fn condition(segment: &Segment) -> Result<Condition> {
    Condition::parse(&segment.condition, "")
        .map_err(|faults| Error::broken("a stored condition", format!("{faults:?}")))
}

/// When a segment is refreshed next. There is one such timer a segment.
pub(super) fn timer(segment_id: Uuid, due_at: DateTime<Utc>) -> NewTimer {
    NewTimer {
        kind: TimerKind::SegmentRefresh,
        subject_id: segment_id,
        unique_key: key(segment_id),
        due_at,
        payload: Value::Null,
    }
}

fn key(segment_id: Uuid) -> String {
    format!("segment_refresh:{segment_id}")
}

pub(super) fn hours(segment: &Segment) -> TimeDelta {
    TimeDelta::hours(segment.refresh_hours.into())
}

/// Changes a segment. With another condition it is refreshed, and so is one that comes back from the archive.
pub async fn update(app: &App, command: &Command, id: Uuid, change: SegmentChange) -> Result<Segment> {
    let now = command.now;
    transact(app, command, async |tx| {
        let before = segments::lock(tx, id).await?.ok_or(Code::SegmentNotFound)?;
        command.check_version(before.version)?;
        let mut after = before.clone();
        if let Some(written) = change.condition
            && written != before.condition
        {
            after.personal = checked(tx, &written).await?.is_personal();
            after.condition = written;
        }
        after.name = change.name.map_or(after.name, |name| name.trim().to_owned());
        after.description = change.description.unwrap_or(after.description);
        after.refresh_hours = change.refresh_hours.unwrap_or(after.refresh_hours);
        after.status = change.status.map_or(after.status, |status| status.to_string());
        let fields = changed_fields(&before, &after);
        if fields.is_empty() {
            return Ok(before);
        }
        let active = after.status == SegmentStatus::Active.as_str();
        if !active {
            after.refresh_state = RefreshState::Idle.to_string();
            timers::cancel(tx, vec![key(id)]).await?;
        } else if fields.iter().any(|field| field == "condition" || field == "status") {
            after.refresh_state = RefreshState::Pending.to_string();
            timers::set(tx, now, vec![timer(id, now)]).await?;
        } else if fields.iter().any(|field| field == "refresh_hours") && !is_under_way(&after)? {
            let due_at = after.refreshed_at.unwrap_or(now) + hours(&after);
            timers::set(tx, now, vec![timer(id, due_at)]).await?;
        }
        after.updated_at = now;
        after.version += 1;
        let after = segments::update(tx, after).await.map_err(unique_as(Code::NameTaken))?;
        let event = Event::SegmentUpdated { segment_id: id, fields };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(after)
    })
    .await
}

fn is_under_way(segment: &Segment) -> Result<bool> {
    Ok(stored::<RefreshState>(&segment.refresh_state)?.is_under_way())
}

fn changed_fields(before: &Segment, after: &Segment) -> Vec<String> {
    let changes = [
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("condition", before.condition != after.condition),
        ("refresh_hours", before.refresh_hours != after.refresh_hours),
        ("status", before.status != after.status),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}

/// Orders a refresh now; one that is under way is not begun again.
pub async fn refresh_now(app: &App, command: &Command, id: Uuid) -> Result<Segment> {
    transact(app, command, async |tx| {
        let segment = segments::lock(tx, id).await?.ok_or(Code::SegmentNotFound)?;
        if segment.status != SegmentStatus::Active.as_str() {
            return Err(Fault::new(Code::SegmentArchived).into());
        }
        if is_under_way(&segment)? { Ok(segment) } else { order(tx, segment, command.now).await }
    })
    .await
}

/// Sets a locked segment's refresh to now.
pub(super) async fn order(tx: &Tx, segment: Segment, now: DateTime<Utc>) -> Result<Segment> {
    timers::set(tx, now, vec![timer(segment.id, now)]).await?;
    Ok(segments::update(tx, Segment { refresh_state: RefreshState::Pending.to_string(), ..segment }).await?)
}
