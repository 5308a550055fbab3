//! Policies, and what this copy remembers of them: parsed once a version.

use std::sync::Arc;

use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::sla::{Calendar, CalendarSpec, PolicySpec};
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::integration::events;
use huiyin_persistence::sla::calendars;
use huiyin_persistence::sla::policies::{self, InForce, StoredPolicy};
use huiyin_persistence::support::{from_json, new_id, to_json};
use moka::sync::Cache;
use uuid::Uuid;

use super::recompute;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

/// A policy and its calendar, ready to compute with.
#[derive(Debug)]
pub struct Effective {
    pub policy_id: Uuid,
    pub calendar_id: Uuid,
    pub calendar_version: i64,
    pub spec: PolicySpec,
    pub calendar: Arc<Calendar>,
    /// Switched off, it measures and stays silent: nobody is warned, told of a missed deadline or escalated to.
    pub enabled: bool,
}

impl Effective {
    /// The calendar of the policy.
    pub fn dated(&self) -> Dated {
        Dated { id: self.calendar_id, version: self.calendar_version, rules: self.calendar.clone() }
    }
}

/// A calendar as it is in one of its versions.
#[derive(Debug, Clone)]
pub struct Dated {
    pub id: Uuid,
    pub version: i64,
    pub rules: Arc<Calendar>,
}

/// Policies and calendars by id and version: what is held is never out of date.
pub struct Policies {
    policies: Cache<InForce, Arc<Effective>>,
    calendars: Cache<(Uuid, i64), Arc<Calendar>>,
}

impl Default for Policies {
    fn default() -> Self {
        Policies { policies: Cache::new(256), calendars: Cache::new(256) }
    }
}

/// The policy for new feedback.
pub async fn in_force(app: &App, db: &impl ConnectionTrait) -> Result<Option<Arc<Effective>>> {
    match policies::in_force(db).await? {
        Some(versions) => effective(app, db, versions).await.map(Some),
        None => Ok(None),
    }
}

/// One policy by id, active or not.
pub async fn by_id(app: &App, db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Arc<Effective>>> {
    match policies::versions(db, id).await? {
        Some(versions) => effective(app, db, versions).await.map(Some),
        None => Ok(None),
    }
}

async fn effective(app: &App, db: &impl ConnectionTrait, versions: InForce) -> Result<Arc<Effective>> {
    if let Some(known) = app.policies.policies.get(&versions) {
        return Ok(known);
    }
    let stored = policies::find(db, versions.policy_id).await?.ok_or(Code::PolicyNotFound)?;
    let spec: PolicySpec = from_json(&stored.spec)?;
    let calendar = calendar(app, db, versions.calendar_id).await?;
    let InForce { policy_id, calendar_id, calendar_version, .. } = versions;
    let enabled = stored.enabled;
    let effective = Arc::new(Effective { policy_id, calendar_id, calendar_version, spec, calendar, enabled });
    app.policies.policies.insert(versions, effective.clone());
    Ok(effective)
}

/// A calendar, parsed.
pub async fn calendar(app: &App, db: &impl ConnectionTrait, id: Uuid) -> Result<Arc<Calendar>> {
    Ok(present(app, db, id).await?.rules)
}

/// A calendar as it is now.
pub async fn present(app: &App, db: &impl ConnectionTrait, id: Uuid) -> Result<Dated> {
    let stored = calendars::find(db, id).await?.ok_or(Code::CalendarNotFound)?;
    let version = stored.version;
    let rules = match app.policies.calendars.get(&(id, version)) {
        Some(known) => known,
        None => parsed(app, id, version, &stored.spec)?,
    };
    Ok(Dated { id, version, rules })
}

/// A calendar as it was in a version; as it is now, where that was before versions were kept.
pub async fn calendar_at(app: &App, db: &impl ConnectionTrait, id: Uuid, version: i64) -> Result<Arc<Calendar>> {
    if let Some(known) = app.policies.calendars.get(&(id, version)) {
        return Ok(known);
    }
    match calendars::version(db, id, version).await? {
        Some(spec) => parsed(app, id, version, &spec),
        None => calendar(app, db, id).await,
    }
}

fn parsed(app: &App, id: Uuid, version: i64, spec: &serde_json::Value) -> Result<Arc<Calendar>> {
    let spec: CalendarSpec = from_json(spec)?;
    let parsed = Calendar::try_from(spec).map_err(|faults| Error::broken("stored calendar", format!("{faults:?}")))?;
    let parsed = Arc::new(parsed);
    app.policies.calendars.insert((id, version), parsed.clone());
    Ok(parsed)
}

fn check(spec: &PolicySpec) -> Result<()> {
    let fault = |fault: huiyin_domain::sla::PolicyFault| {
        Fault::new(Code::InvalidValue).at(fault.pointer).with("reason", format!("{:?}", fault.kind))
    };
    let faults: Vec<Fault> = spec.faults().into_iter().map(fault).collect();
    if !faults.is_empty() {
        return Err(Error::Faults(faults));
    }
    match spec.crossed_step() {
        Some(step) => Err(Fault::new(Code::EscalationConflict).at(format!("/escalation/{step}")).into()),
        None => Ok(()),
    }
}

async fn check_calendar(db: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    match calendars::find(db, id).await? {
        Some(_) => Ok(()),
        None => Err(Fault::new(Code::CalendarNotFound).at("/calendar_id").into()),
    }
}

pub async fn create(app: &App, command: &Command, calendar_id: Uuid, spec: PolicySpec) -> Result<StoredPolicy> {
    check(&spec)?;
    let now = command.now;
    let policy = StoredPolicy {
        id: new_id(now),
        name: spec.name.clone(),
        active: false,
        enabled: true,
        calendar_id,
        spec: to_json(&spec)?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    transact(app, command, async |tx| {
        check_calendar(tx, calendar_id).await?;
        let policy = policies::insert(tx, policy).await.map_err(unique_as(Code::NameTaken))?;
        events::append(tx, command.actor.user_id(), now, &[Event::PolicyCreated { policy_id: policy.id }]).await?;
        Ok(policy)
    })
    .await
}

/// What of a policy is to be changed beside what it says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Switches {
    pub calendar_id: Option<Uuid>,
    pub enabled: Option<bool>,
}

/// Changes a policy. New feedback goes by it as it is now; the deadlines of open feedback follow in the background,
/// those that are closed stay.
pub async fn update(
    app: &App,
    command: &Command,
    id: Uuid,
    change: impl FnOnce(PolicySpec) -> PolicySpec,
    switches: Switches,
) -> Result<StoredPolicy> {
    let Switches { calendar_id, enabled } = switches;
    transact(app, command, async |tx| {
        let before = policies::lock(tx, id).await?.ok_or(Code::PolicyNotFound)?;
        command.check_version(before.version)?;
        let spec = change(from_json(&before.spec)?);
        check(&spec)?;
        if let Some(calendar) = calendar_id {
            check_calendar(tx, calendar).await?;
        }
        let after = StoredPolicy {
            name: spec.name.clone(),
            spec: to_json(&spec)?,
            calendar_id: calendar_id.unwrap_or(before.calendar_id),
            enabled: enabled.unwrap_or(before.enabled),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let revived = after.enabled && !before.enabled;
        let after = StoredPolicy { updated_at: command.now, version: before.version + 1, ..after };
        let after = policies::update(tx, after).await.map_err(unique_as(Code::NameTaken))?;
        recompute::after_policy(tx, command, id, revived).await?;
        events::append(tx, command.actor.user_id(), command.now, &[Event::PolicyUpdated { policy_id: id }]).await?;
        Ok(after)
    })
    .await
}

/// Makes a policy the one for new feedback.
pub async fn activate(app: &App, command: &Command, id: Uuid) -> Result<StoredPolicy> {
    transact(app, command, async |tx| {
        policies::deactivate_all(tx).await?;
        let policy = policies::lock(tx, id).await?.ok_or(Code::PolicyNotFound)?;
        let version = policy.version + 1;
        let policy =
            policies::update(tx, StoredPolicy { active: true, updated_at: command.now, version, ..policy }).await?;
        events::append(tx, command.actor.user_id(), command.now, &[Event::PolicyActivated { policy_id: id }]).await?;
        Ok(policy)
    })
    .await
}
