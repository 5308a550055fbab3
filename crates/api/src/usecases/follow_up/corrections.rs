//! Corrections of a record within a day.

use chrono::{DateTime, SubsecRound, Utc};
use huiyin_domain::customers::happened_by;
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::Mood;
use huiyin_domain::follow_up::record::{Consequences, Scores, check_refusal, may_correct};
use huiyin_domain::follow_up::script::{Answer, Content, check_answers};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::figures;
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::follow_up::records::{self, Record};
use huiyin_persistence::follow_up::{alerts as stored_alerts, scripts, tasks};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, stored, to_json};
use uuid::Uuid;

use super::recording::{Asked, judged, unknown_contact};
use super::records::without_version;
use super::{alerts, settings};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// What is said anew. `None`: not said; `Some(None)`: cleared.
#[derive(Debug, Clone, Default)]
pub struct Correction {
    pub happened_at: Option<DateTime<Utc>>,
    pub identity_confirmed: Option<bool>,
    pub contact_id: Option<Option<Uuid>>,
    pub answers: Option<Vec<Answer>>,
    pub csat: Option<Option<i16>>,
    pub nps: Option<Option<i16>>,
    pub mood: Option<Option<Mood>>,
    pub praise: Option<Option<String>>,
    pub complaints: Option<Option<String>>,
    pub wishes: Option<Option<String>>,
    pub commitments: Option<Option<String>>,
    pub summary: Option<Option<String>>,
    pub read_back: Option<bool>,
}

/// Corrects a record within a day. A score that turns out to be low raises its alert now; one that was raised stays.
pub async fn update(app: &App, command: &Command, id: Uuid, change: Correction) -> Result<Record> {
    transact(app, command, async |tx| {
        let seen = records::find(tx, command.scope(), id).await?.ok_or(Code::FollowUpRecordNotFound)?;
        let customer = match seen.customer_id {
            Some(customer) => Some(profiles::lock(tx, Scope::All, customer).await?.ok_or(Code::ConcurrentChange)?),
            None => None,
        };
        let before = records::lock(tx, command.scope(), id).await?.ok_or(Code::FollowUpRecordNotFound)?;
        command.check_version(before.version)?;
        may_correct(&command.actor, before.author_id, before.created_at, command.now)?;
        let mut after = corrected(tx, command, &before, change).await?;
        let fields = changed_fields(&before, &after);
        if fields.is_empty() {
            return Ok(before);
        }
        let (low, happened) = look_again(app, tx, command, customer.as_ref(), &mut after).await?;
        after = Record { low_score: low, updated_at: command.now, version: before.version + 1, ..after };
        let row = records::update(tx, after).await?;
        if let (Some(customer), true) = (row.customer_id, row.happened_at != before.happened_at) {
            figures::follow_interactions(tx, &[customer]).await?;
        }
        let mut told = vec![Event::FollowUpRecordUpdated {
            record_id: id,
            customer_id: row.customer_id,
            fields,
            csat: row.csat,
            nps: row.nps,
            previous_csat: before.csat,
            previous_nps: before.nps,
        }];
        told.extend(happened);
        events::append(tx, command.actor.user_id(), command.now, &told).await?;
        Ok(row)
    })
    .await
}

/// Whether the scores are low by the thresholds of now; the alert is raised unless there is one.
async fn look_again(
    app: &App,
    tx: &Tx,
    command: &Command,
    customer: Option<&Customer>,
    row: &mut Record,
) -> Result<(bool, Vec<Event>)> {
    let Some((kind, score)) = settings::read(tx).await?.alerts.low(Scores { csat: row.csat, nps: row.nps }) else {
        return Ok((false, Vec::new()));
    };
    let mut led_to: Consequences = from_json(&row.consequences)?;
    if led_to.alert.is_some() {
        return Ok((true, Vec::new()));
    }
    let task = tasks::find(tx, Scope::All, row.task_id).await?;
    let task = task.ok_or_else(|| Error::broken("record", "without a task"))?;
    let cause = alerts::Cause { record: row.id, task: &task, customer, kind, score };
    let (alert, happened) = alerts::prepare(app, tx, &without_version(command), cause).await?;
    (led_to.alert, led_to.care_task) = (Some(alert.id), alert.task_id);
    stored_alerts::insert(tx, alert).await?;
    row.consequences = to_json(&led_to)?;
    Ok((true, happened))
}

async fn corrected(tx: &Tx, command: &Command, before: &Record, change: Correction) -> Result<Record> {
    let mut after = before.clone();
    let mut faults = Vec::new();
    if let Some(at) = change.happened_at {
        after.happened_at = at.trunc_subsecs(6);
        faults.extend(happened_by(after.happened_at, command.now).err());
    }
    after.identity_confirmed = change.identity_confirmed.unwrap_or(after.identity_confirmed);
    after.read_back = change.read_back.unwrap_or(after.read_back);
    after.mood = change.mood.map_or(after.mood, |mood| mood.map(|mood| mood.to_string()));
    for (target, value) in [
        (&mut after.praise, change.praise),
        (&mut after.complaints, change.complaints),
        (&mut after.wishes, change.wishes),
        (&mut after.commitments, change.commitments),
        (&mut after.summary, change.summary),
    ] {
        if let Some(value) = value {
            *target = value;
        }
    }
    if let Some(contact) = change.contact_id {
        match (before.customer_id, contact) {
            (Some(customer), Some(contact)) if before.contact_id != Some(contact) => {
                faults.extend(unknown_contact(tx, customer, Some(contact)).await?);
            }
            (None, Some(_)) => {
                faults.push(Fault::new(Code::CustomerNeeded).at("/contact_id").with("name", "contact_id"));
            }
            _ => {}
        }
        after.contact_id = contact;
    }
    let said = [
        ("answers", change.answers.as_ref().is_some_and(|answers| !answers.is_empty())),
        ("csat", change.csat.flatten().is_some()),
        ("nps", change.nps.flatten().is_some()),
    ];
    faults.extend(check_refusal(stored(&before.outcome)?, &said));
    let asked = asked_then(tx, before).await?;
    let anew = change.answers.is_some();
    let answers: Vec<Answer> = change.answers.map_or_else(|| from_json(&before.answers), Ok)?;
    match &asked {
        Some(asked) if anew => faults.extend(check_answers(&asked.content, &answers)),
        None if anew && !answers.is_empty() => faults.push(Fault::new(Code::AnswersWithoutScript).at("/answers")),
        _ => {}
    }
    // What the answers say now takes the place of what they said before.
    let kept = |score: Option<i16>| score.filter(|_| !anew);
    let given = Scores { csat: change.csat.unwrap_or(kept(before.csat)), nps: change.nps.unwrap_or(kept(before.nps)) };
    let scores = judged(asked.as_ref(), &answers, given, &mut faults);
    (after.csat, after.nps) = (scores.csat, scores.nps);
    after.answers = to_json(&answers)?;
    if faults.is_empty() { Ok(after) } else { Err(Error::Faults(faults)) }
}

/// The version of the script that was asked at the time.
async fn asked_then(tx: &Tx, row: &Record) -> Result<Option<Asked>> {
    let (Some(script), Some(number)) = (row.script_id, row.script_version) else { return Ok(None) };
    let Some(version) = scripts::version(tx, script, number).await? else { return Ok(None) };
    let content: Content = from_json(&version.content)?;
    Ok(Some(Asked { script, version: number, content }))
}

fn changed_fields(before: &Record, after: &Record) -> Vec<String> {
    let changes = [
        ("happened_at", before.happened_at != after.happened_at),
        ("identity_confirmed", before.identity_confirmed != after.identity_confirmed),
        ("contact_id", before.contact_id != after.contact_id),
        ("answers", before.answers != after.answers),
        ("csat", before.csat != after.csat),
        ("nps", before.nps != after.nps),
        ("mood", before.mood != after.mood),
        ("praise", before.praise != after.praise),
        ("complaints", before.complaints != after.complaints),
        ("wishes", before.wishes != after.wishes),
        ("commitments", before.commitments != after.commitments),
        ("summary", before.summary != after.summary),
        ("read_back", before.read_back != after.read_back),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}
