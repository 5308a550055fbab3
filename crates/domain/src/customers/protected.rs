//! Protected fields (受保护字段): which edits of whom wait for approval, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::fault::{Code, Fault};
use crate::identity::{Actor, Permission, Principal, Role};
use crate::text_enum;

text_enum! {
    /// Where a change request stands (变更申请).
    ChangeStatus {
        Pending = "pending",
        Approved = "approved",
        Rejected = "rejected",
        Withdrawn = "withdrawn",
        /// The customer has changed meanwhile, or is no more: it can never be approved.
        Superseded = "superseded",
    }
}

/// What can be protected of a profile; beside these, `custom.<key>` names a custom field and `contact.<field>` one of all
/// contacts. Tags are free labels.
pub const PROFILE_FIELDS: [&str; 17] = [
    "kind",
    "name",
    "industry",
    "phone",
    "email",
    "birthday",
    "address",
    "source",
    "owner_id",
    "department_id",
    "cooperation_start",
    "cooperation_stage",
    "annual_amount",
    "contract_end",
    "core_products",
    "preferred_channel",
    "note",
];

/// The fields whose edits by an agent wait for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProtectedFields(pub BTreeSet<String>);

impl Default for ProtectedFields {
    fn default() -> Self {
        let names =
            ["name", "phone", "email", "owner_id", "department_id", "annual_amount", "contact.phone", "contact.email"];
        ProtectedFields(names.map(str::to_owned).into())
    }
}

impl ProtectedFields {
    /// Those of these fields that are protected.
    pub fn of(&self, fields: Vec<String>) -> Vec<String> {
        fields.into_iter().filter(|field| self.0.contains(field)).collect()
    }

    /// Those of these fields of a contact that are protected.
    pub fn of_contact(&self, fields: Vec<String>) -> Vec<String> {
        fields.into_iter().filter(|field| self.0.contains(&format!("contact.{field}"))).collect()
    }
}

/// Whether an actor decides on protected fields of a customer of this department, and so writes them at once: managers
/// in their own department, administrators and other systems everywhere.
pub fn decides_on(actor: &Actor, department: Option<Uuid>) -> bool {
    match &actor.principal {
        Principal::System | Principal::ApiKey { .. } => true,
        Principal::User { .. } if actor.role == Role::Admin => true,
        Principal::User { .. } => {
            actor.may(Permission::ChangeRequestsDecide) && department.is_some() && actor.department == department
        }
    }
}

/// One field of a change request; values as they stand in a customer's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub from: Value,
    pub to: Value,
}

/// What is asked for, by field.
pub type Changes = BTreeMap<String, FieldChange>;

/// The rules of one request.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    pub status: ChangeStatus,
    pub requested_by: Uuid,
    /// The customer's, now.
    pub department: Option<Uuid>,
}

impl ChangeRequest {
    /// Whether `actor` may approve or reject it now: it is pending, it is not the actor's own, and the customer is one on
    /// whose protected fields the actor decides.
    pub fn decidable_by(&self, actor: &Actor) -> Result<(), Fault> {
        if actor.user_id() == Some(self.requested_by) {
            return Err(Fault::new(Code::OwnChangeRequest));
        }
        if !decides_on(actor, self.department) {
            return Err(Fault::new(Code::NotYourDepartment));
        }
        self.pending()
    }

    /// Whether `actor` may take it back now.
    pub fn withdrawable_by(&self, actor: &Actor) -> Result<(), Fault> {
        if actor.user_id() != Some(self.requested_by) {
            return Err(Fault::new(Code::NotYourChangeRequest));
        }
        self.pending()
    }

    fn pending(&self) -> Result<(), Fault> {
        match self.status {
            ChangeStatus::Pending => Ok(()),
            status => Err(Fault::new(Code::ChangeRequestDecided).with("status", status)),
        }
    }
}

/// The fields whose value is no more what it was when the request was made.
pub fn stale<'a>(changes: &'a Changes, now: &BTreeMap<String, Value>) -> Vec<&'a str> {
    let moved = |(field, change): &(&String, &FieldChange)| now.get(*field).unwrap_or(&Value::Null) != &change.from;
    changes.iter().filter(moved).map(|(field, _)| field.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::DataScope;

    const SALES: Uuid = Uuid::from_u128(1);

    fn person(role: Role, department: Option<Uuid>) -> Actor {
        let principal = Principal::User { session: Uuid::nil() };
        Actor { id: Uuid::from_u128(9), principal, role, data_scope: DataScope::All, department }
    }

    #[test]
    fn managers_decide_in_their_department_admins_everywhere_agents_nowhere() {
        let research = Some(Uuid::from_u128(2));
        for (actor, own, other, nobodys) in [
            (person(Role::Agent, Some(SALES)), false, false, false),
            (person(Role::Director, Some(SALES)), false, false, false),
            (person(Role::Manager, Some(SALES)), true, false, false),
            (person(Role::Manager, None), false, false, false),
            (person(Role::Admin, None), true, true, true),
            (
                Actor { principal: Principal::ApiKey { scopes: Vec::new() }, ..person(Role::Integration, None) },
                true,
                true,
                true,
            ),
        ] {
            let decided = [Some(SALES), research, None].map(|department| decides_on(&actor, department));
            assert_eq!(decided, [own, other, nobodys], "{actor:?}");
        }
    }

    #[test]
    fn nobody_decides_on_the_own_request_or_twice() {
        let admin = person(Role::Admin, None);
        let request = |status, requested_by| ChangeRequest { status, requested_by, department: Some(SALES) };
        let code = |outcome: Result<(), Fault>| outcome.err().map(|fault| fault.code);
        let other = Uuid::from_u128(7);
        assert_eq!(code(request(ChangeStatus::Pending, other).decidable_by(&admin)), None);
        assert_eq!(code(request(ChangeStatus::Pending, admin.id).decidable_by(&admin)), Some(Code::OwnChangeRequest));
        assert_eq!(code(request(ChangeStatus::Pending, admin.id).withdrawable_by(&admin)), None);
        assert_eq!(
            code(request(ChangeStatus::Pending, other).withdrawable_by(&admin)),
            Some(Code::NotYourChangeRequest)
        );
        for status in ChangeStatus::ALL.iter().copied().filter(|status| *status != ChangeStatus::Pending) {
            assert_eq!(code(request(status, other).decidable_by(&admin)), Some(Code::ChangeRequestDecided));
            assert_eq!(code(request(status, admin.id).withdrawable_by(&admin)), Some(Code::ChangeRequestDecided));
        }
    }

    #[test]
    fn a_request_is_stale_where_a_field_moved_even_to_what_is_wanted() {
        let change = |from: &str, to: &str| FieldChange { from: from.into(), to: to.into() };
        let changes = Changes::from([("name".into(), change("a", "b")), ("phone".into(), change("1", "2"))]);
        let now = |name: &str, phone: Option<&str>| {
            BTreeMap::from([("name".to_owned(), Value::from(name)), ("phone".to_owned(), Value::from(phone))])
        };
        assert!(stale(&changes, &now("a", Some("1"))).is_empty());
        assert_eq!(stale(&changes, &now("b", Some("1"))), ["name"]);
        assert_eq!(stale(&changes, &now("a", None)), ["phone"]);
    }

    #[test]
    fn only_protected_fields_wait() {
        let fields = ["name", "note", "custom.vip"].map(str::to_owned).to_vec();
        assert_eq!(ProtectedFields::default().of(fields.clone()), ["name"]);
        let of_contact = ["name", "phone", "note"].map(str::to_owned).to_vec();
        assert_eq!(ProtectedFields::default().of_contact(of_contact), ["phone"]);
        assert_eq!(ProtectedFields(BTreeSet::from(["custom.vip".to_owned()])).of(fields), ["custom.vip"]);
    }
}
