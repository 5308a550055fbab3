//! Signs that customers use what they bought. They move one time and are not kept themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_persistence::customers::activities;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Of whom a signal is.
#[derive(Debug, Clone)]
pub enum Whose {
    Id(Uuid),
    External { system: String, id: String },
}

#[derive(Debug, Clone)]
pub struct Signal {
    pub whose: Whose,
    pub at: DateTime<Utc>,
}

/// What became of signals, each by its index.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Taken {
    pub accepted: u64,
    /// Of customers that are unknown or out of reach.
    pub unknown: Vec<usize>,
    /// More than five minutes in the future: a clock is wrong there.
    pub in_future: Vec<usize>,
}

/// Clocks of other systems may be ahead by this much.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

pub async fn record(app: &App, command: &Command, signals: Vec<Signal>) -> Result<Taken> {
    transact(app, command, async |tx| {
        let mut keys: Vec<(String, String)> = signals
            .iter()
            .filter_map(|signal| match &signal.whose {
                Whose::External { system, id } => Some((system.clone(), id.clone())),
                Whose::Id(_) => None,
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let mut by_key: HashMap<(String, String), Uuid> = HashMap::new();
        for part in keys.chunks(500) {
            let links = activities::of_external(tx, part).await?;
            by_key.extend(links.into_iter().map(|link| ((link.system, link.external_id), link.customer_id)));
        }
        let whose = |signal: &Signal| match &signal.whose {
            Whose::Id(id) => Some(*id),
            Whose::External { system, id } => by_key.get(&(system.clone(), id.clone())).copied(),
        };
        let ids: Vec<Uuid> = signals.iter().filter_map(whose).collect();
        let reached: HashSet<Uuid> = activities::reached(tx, command.scope(), &ids).await?.into_iter().collect();
        let mut taken = Taken::default();
        // The last of each, in the order of ids: two loads wait for each other instead of blocking each other for good.
        let mut last: BTreeMap<Uuid, DateTime<Utc>> = BTreeMap::new();
        for (index, signal) in signals.iter().enumerate() {
            match whose(signal).filter(|id| reached.contains(id)) {
                None => taken.unknown.push(index),
                Some(_) if signal.at > command.now + TOLERANCE => taken.in_future.push(index),
                Some(id) => {
                    taken.accepted += 1;
                    let at = last.entry(id).or_insert(signal.at);
                    *at = (*at).max(signal.at);
                }
            }
        }
        for (id, at) in last {
            activities::seen(tx, id, at).await?;
        }
        Ok(taken)
    })
    .await
}
