//! Many feedback assigned with one request: each by itself, as if by a request of its own.

use huiyin_domain::fault::{Code, Fault, Lang};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::View;
use super::dispatch::{Assignment, assign, check_assignment};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Idempotency, Result, already_done, transact};

/// One of many, and the version of it that the caller has seen.
#[derive(Debug, Clone, Copy)]
pub struct One {
    pub id: Uuid,
    pub version: Option<i64>,
}

/// What became of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    pub id: Uuid,
    pub assigned: Option<Assigned>,
    pub refused: Option<Refused>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assigned {
    pub department_id: Option<Uuid>,
    pub handler_id: Option<Uuid>,
    pub version: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refused {
    pub code: Code,
    pub zh: String,
    pub en: String,
}

impl Refused {
    fn of(fault: &Fault) -> Self {
        Refused { code: fault.code, zh: fault.message(Lang::Zh), en: fault.message(Lang::En) }
    }
}

/// Assigns each in a transaction of its own, so that one that cannot be assigned holds up no other, and nothing is
/// locked for long. A request that broke off half-way and is sent again with its key assigns what was left; one that came
/// to its end answers as it did.
pub async fn assign_many(app: &App, command: &Command, items: Vec<One>, to: Assignment) -> Result<Vec<Outcome>> {
    if already_done(app, command).await? {
        return keep(app, command, Vec::new()).await;
    }
    check_assignment(&app.db, &to).await?;
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(items.len());
    for item in items {
        let outcome = if outcomes.iter().any(|known| known.id == item.id) {
            Outcome { id: item.id, assigned: None, refused: Some(Refused::of(&Fault::new(Code::NotUnique))) }
        } else {
            assign_one(app, command, item, to.clone()).await?
        };
        outcomes.push(outcome);
    }
    keep(app, command, outcomes).await
}

async fn assign_one(app: &App, command: &Command, item: One, to: Assignment) -> Result<Outcome> {
    let key = |idempotency: &Idempotency| Idempotency {
        key: format!("{}#{}", idempotency.key, item.id),
        fingerprint: idempotency.fingerprint.clone(),
    };
    let idempotency = command.idempotency.as_ref().map(key);
    let own = Command { idempotency, expected_version: item.version, ..command.clone() };
    match assign(app, &own, item.id, to).await {
        Ok(View { feedback, .. }) => {
            let (department_id, handler_id, version) = (feedback.department_id, feedback.handler_id, feedback.version);
            Ok(Outcome { id: item.id, assigned: Some(Assigned { department_id, handler_id, version }), refused: None })
        }
        Err(Error::Faults(faults)) => {
            let refused = faults.first().map(Refused::of);
            Ok(Outcome { id: item.id, assigned: None, refused })
        }
        Err(error) => Err(error),
    }
}

/// Keeps the outcomes with the key of the request, or answers those that were kept.
async fn keep(app: &App, command: &Command, outcomes: Vec<Outcome>) -> Result<Vec<Outcome>> {
    transact(app, command, async |_| Ok(outcomes)).await
}
