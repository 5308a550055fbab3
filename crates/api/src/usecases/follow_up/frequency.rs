//! How often customers are contacted at most: one setting of the deployment, changed by administrators, and what comes of
//! it where tasks are made.

use std::collections::HashMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::FollowUpMethod;
use huiyin_domain::follow_up::frequency::{ContactLimit, ContactLimits};
use huiyin_domain::sla::{local_date, start_of_day};
use huiyin_domain::tiering::Tier;
use huiyin_persistence::follow_up::frequency::contacts;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::stored;
use huiyin_persistence::{ConnectionTrait, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::making::Wanted;
use crate::usecases::App;
use crate::usecases::integration::settings;
use crate::usecases::support::{Command, Error, Result, transact};

const NAME: &str = "contact_limits";
/// What events of this setting are about.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0006);

/// The setting with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub version: i64,
    pub limits: ContactLimits,
}

impl Default for Kept {
    fn default() -> Self {
        Kept { version: 1, limits: ContactLimits::default() }
    }
}

pub async fn read(db: &impl ConnectionTrait) -> Result<Kept> {
    settings::read(db, NAME).await
}

/// Sets them anew; tasks that there are stay.
pub async fn replace(app: &App, command: &Command, limits: ContactLimits) -> Result<Kept> {
    transact(app, command, async |tx| {
        let before: Kept = settings::lock(tx, NAME).await?;
        command.check_version(before.version)?;
        let changed = Tier::ALL.iter().filter(|tier| before.limits.of(Some(**tier)) != limits.of(Some(**tier)));
        let fields: Vec<String> = changed.map(ToString::to_string).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        let after = Kept { version: before.version + 1, limits };
        settings::set(tx, NAME, &after).await?;
        let event = Event::FollowUpContactLimitsChanged { setting_id: ID, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}

/// Of tasks that a marketing plan wants, those that may be, and those that would be too many for their customers.
///
/// Whoever asks keeps all others who make such tasks waiting until the transaction ends: two plans that count at once
/// would both find one left.
pub async fn divide(
    tx: &Tx,
    wanted: Vec<Wanted>,
    method: FollowUpMethod,
    zone: Tz,
) -> Result<(Vec<Wanted>, Vec<Wanted>)> {
    let Kept { limits, .. } = settings::lock(tx, NAME).await?;
    let mut asked: HashMap<(ContactLimit, NaiveDate), Vec<Uuid>> = HashMap::new();
    let mut measured = Vec::with_capacity(wanted.len());
    for want in wanted {
        let tier = want.candidate.tier.as_deref().map(stored::<Tier>).transpose()?;
        let measure = limits.of(tier).map(|limit| (limit, limit.counts_from(local_date(zone, want.due.from))));
        if let Some(measure) = measure {
            asked.entry(measure).or_default().push(want.candidate.id);
        }
        measured.push((measure, want));
    }
    let mut counted = HashMap::new();
    for ((limit, day), customers) in asked {
        let from = start_of_day(zone, day).ok_or_else(|| Error::broken(NAME, format!("no day {day}")))?;
        counted.insert((limit, day), contacts(tx, &customers, method, from).await?);
    }
    let (mut within, mut beyond) = (Vec::new(), Vec::new());
    let mut more: HashMap<Uuid, u64> = HashMap::new();
    for (measure, want) in measured {
        let customer = want.candidate.id;
        let own = more.entry(customer).or_default();
        let before = measure.and_then(|measure| counted.get(&measure)?.get(&customer).copied()).unwrap_or_default();
        if measure.is_none_or(|(limit, _)| limit.allows_beside(before + *own)) {
            *own += 1;
            within.push(want);
        } else {
            beyond.push(want);
        }
    }
    Ok((within, beyond))
}
