//! Writing into the audit log, in the transaction of what it tells of.

use huiyin_domain::audit::{AuditAction, AuditActor};
use huiyin_domain::event::Subject;
use huiyin_domain::identity::Principal;
use huiyin_persistence::integration::audit::{self, Entry};
use huiyin_persistence::support::new_id;
use huiyin_persistence::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::usecases::support::Command;

/// What is to be remembered; `details` names fields and figures, never values.
#[derive(Debug, Clone)]
pub struct Audited {
    pub action: AuditAction,
    pub subject: (Subject, Uuid),
    pub reason: Option<String>,
    pub details: serde_json::Value,
}

pub async fn record(tx: &impl ConnectionTrait, command: &Command, audited: Audited) -> Result<(), DbErr> {
    let actor = match &command.actor.principal {
        Principal::User { .. } => AuditActor::User,
        Principal::ApiKey { .. } => AuditActor::ApiKey,
        Principal::System => AuditActor::System,
    };
    let (subject, subject_id) = audited.subject;
    let entry = Entry {
        id: new_id(command.now),
        at: command.now,
        actor: actor.to_string(),
        actor_id: (actor != AuditActor::System).then_some(command.actor.id),
        action: audited.action.to_string(),
        subject: subject.to_string(),
        subject_id,
        reason: audited.reason,
        details: audited.details,
        request_id: command.origin.request_id.clone(),
        remote_address: command.origin.remote_address.clone(),
    };
    audit::append(tx, entry).await
}
