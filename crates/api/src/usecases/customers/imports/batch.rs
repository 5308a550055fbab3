//! What becomes of the rows of a batch, decided in their order.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use huiyin_domain::customers::import::{
    Draft, Field, Finding, Keys, Match, MatchKey, OnDuplicate, Reason, Row, Verdict, may_merge,
};
use huiyin_domain::customers::{CustomerKind, firm_key};
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::imports::{self as store, Import};
use huiyin_persistence::customers::profiles::Customer;
use huiyin_persistence::support::to_json;
use serde_json::json;
use uuid::Uuid;

use super::apply;
use super::owners::Called;
use super::people::{People, Person};
use super::run::Run;
use crate::usecases::customers::draft::{blank, changed_fields, merge};
use crate::usecases::customers::profile_of::profile;
use crate::usecases::support::{Command, Result};

/// A row that can be imported, with what it is matched by.
#[derive(Debug)]
pub struct Candidate {
    pub row: u64,
    pub draft: Draft,
    pub notices: Vec<Finding>,
    pub keys: Keys,
}

/// How many rows came to what.
#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    pub created: i64,
    pub updated: i64,
    pub skipped: i64,
    pub failed: i64,
}

/// Rows by owners whom nobody, or more than one, is called.
pub type Unowned = BTreeMap<String, i64>;

/// What is to be written for a batch.
#[derive(Debug, Default)]
pub struct Plan {
    pub outcome: Outcome,
    pub created: Vec<New>,
    /// By customer.
    pub changed: HashMap<Uuid, Changed>,
    pub findings: Vec<store::Finding>,
    /// Of a dry run.
    pub keys: Vec<store::Key>,
    pub unowned: Unowned,
}

#[derive(Debug)]
pub struct New {
    pub row: u64,
    pub customer: Customer,
    pub tags: Vec<String>,
    pub external_id: Option<String>,
    /// Name and position of the first contact.
    pub contact: Option<(String, Option<String>)>,
}

#[derive(Debug)]
pub struct Changed {
    pub row: u64,
    pub before: Customer,
    pub after: Customer,
    pub new_tags: Vec<String>,
    pub new_external_ids: Vec<String>,
}

/// Decides on the rows of a batch, and writes what has been decided.
pub async fn store(tx: &Tx, run: &mut Run<'_>, import: &Import, rows: Vec<(u64, Row)>) -> Result<(Outcome, Unowned)> {
    let now = run.app.clock.now();
    let mut plan = Plan::default();
    let mut candidates = Vec::new();
    for (row, read) in rows {
        match read {
            Row::Blank => {}
            Row::Rejected { external_id, findings } => plan.reject(import, row, external_id, findings)?,
            Row::Read { draft, notices } => {
                candidates.push(Candidate { row, keys: keys(&draft), draft: *draft, notices });
            }
        }
    }
    let named = candidates.iter().filter_map(|candidate| candidate.draft.owner.clone()).collect();
    run.owners.learn(tx, named).await?;
    let people = People::load(tx, run, import, &candidates).await?;
    let mut decider = Decider { run, import, now, people, plan, made: HashMap::new() };
    for candidate in candidates {
        decider.decide(candidate)?;
    }
    let (mut plan, run) = (decider.plan, decider.run);
    let (outcome, unowned) = (plan.outcome, std::mem::take(&mut plan.unowned));
    apply::apply(tx, run, import, now, plan).await?;
    Ok((outcome, unowned))
}

fn keys(draft: &Draft) -> Keys {
    let firm = draft.kind.unwrap_or(CustomerKind::Enterprise) == CustomerKind::Enterprise;
    Keys {
        external_id: draft.external_id.clone(),
        phone: draft.phone.as_ref().map(|(_, key)| key.to_string()),
        email: draft.email.as_ref().map(|(_, key)| key.to_string()),
        firm: draft.name.as_deref().filter(|_| firm).and_then(firm_key),
    }
}

impl Plan {
    fn say(
        &mut self,
        import: &Import,
        row: u64,
        verdict: Verdict,
        external_id: Option<String>,
        findings: &[Finding],
        duplicate: Option<serde_json::Value>,
    ) -> Result<()> {
        self.findings.push(store::Finding {
            import_id: import.id,
            row: signed(row),
            verdict: verdict.to_string(),
            external_id,
            findings: to_json(&findings)?,
            duplicate,
        });
        Ok(())
    }

    fn reject(&mut self, import: &Import, row: u64, id: Option<String>, findings: Vec<Finding>) -> Result<()> {
        self.outcome.failed += 1;
        self.say(import, row, Verdict::Error, id, &findings, None)
    }
}

pub fn signed(row: u64) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

struct Decider<'a, 'b> {
    run: &'a mut Run<'b>,
    import: &'a Import,
    now: DateTime<Utc>,
    people: People,
    plan: Plan,
    /// Customers that this batch makes, by their place in the plan.
    made: HashMap<Uuid, usize>,
}

impl Decider<'_, '_> {
    fn decide(&mut self, candidate: Candidate) -> Result<()> {
        let Some(found) = self.people.index.find(&candidate.keys) else { return self.create(candidate, None) };
        match self.run.on_duplicate {
            OnDuplicate::Create => self.create(candidate, Some(found)),
            OnDuplicate::Skip => self.skip(&candidate, &found),
            OnDuplicate::Update => {
                let person = self.people.persons.get(&found.customer);
                let name = candidate.draft.name.as_deref().unwrap_or_default();
                if person.is_some_and(|person| person.visible && may_merge(&found, name, &person.name)) {
                    self.update(candidate, found)
                } else {
                    self.skip(&candidate, &found)
                }
            }
        }
    }

    /// Reports a row that is somebody already.
    fn duplicate(&mut self, candidate: &Candidate, found: &Match) -> Result<()> {
        let person = self.people.persons.get(&found.customer);
        let same_name = person
            .is_some_and(|person| may_merge(found, candidate.draft.name.as_deref().unwrap_or_default(), &person.name));
        let visible = person.filter(|person| person.visible);
        let number = visible.and_then(|person| Some(person.stored.as_ref()?.number.clone()));
        let row = visible.and_then(|person| person.row);
        // A phone may be shared; an id that stands for another name is a contradiction.
        let conflict =
            !same_name && (found.keys == [MatchKey::ExternalId] || self.run.on_duplicate == OnDuplicate::Update);
        let finding = match (row, &number) {
            (Some(row), _) if conflict => Finding::new(Reason::NameConflictWithRow).with("row", row),
            (Some(row), _) => Finding::new(Reason::DuplicateOfRow).with("row", row),
            (None, Some(number)) if conflict => Finding::new(Reason::NameConflictWithCustomer).with("number", number),
            (None, Some(number)) => Finding::new(Reason::DuplicateOfCustomer).with("number", number),
            (None, None) => Finding::new(Reason::DuplicateElsewhere),
        };
        let stored = visible.is_some_and(|person| person.stored.is_some()) || self.made.contains_key(&found.customer);
        let told = json!({
            "row": row, "customer_id": stored.then_some(found.customer), "number": number,
            "keys": found.keys.iter().map(|key| key.as_str()).collect::<Vec<_>>(),
        });
        let finding = self.at_key(finding, candidate, found);
        let mut findings = vec![finding];
        findings.extend(candidate.notices.iter().cloned());
        let id = candidate.draft.external_id.clone();
        self.plan.say(self.import, candidate.row, Verdict::Duplicate, id, &findings, Some(told))
    }

    /// Under the headers of the keys that matched, with the cell of the surest.
    fn at_key(&self, finding: Finding, candidate: &Candidate, found: &Match) -> Finding {
        let field = |key: &MatchKey| match key {
            MatchKey::ExternalId => Field::ExternalId,
            MatchKey::Phone => Field::Phone,
            MatchKey::Email => Field::Email,
            MatchKey::Firm => Field::Name,
        };
        let headers: Vec<&str> = found.keys.iter().map(|key| self.run.header(field(key))).collect();
        let draft = &candidate.draft;
        let value = match found.keys.first() {
            Some(MatchKey::ExternalId) => draft.external_id.as_deref(),
            Some(MatchKey::Phone) => draft.phone.as_ref().map(|(entered, _)| entered.as_str()),
            Some(MatchKey::Email) => draft.email.as_ref().map(|(entered, _)| entered.as_str()),
            _ => draft.name.as_deref(),
        };
        finding.at(&headers.join("、"), value.unwrap_or_default())
    }

    fn skip(&mut self, candidate: &Candidate, found: &Match) -> Result<()> {
        self.plan.outcome.skipped += 1;
        self.duplicate(candidate, found)
    }

    fn create(&mut self, candidate: Candidate, found: Option<Match>) -> Result<()> {
        let (owner, department) = self.owner(&candidate);
        let mut said = profile(&candidate.draft);
        let tags = said.tags.take().unwrap_or_default();
        said.source = said.source.or_else(|| Some(self.import.source.clone()));
        said.owner_id = Some(owner);
        said.department_id = Some(department);
        let command =
            Command { actor: self.run.actor.clone(), now: self.now, idempotency: None, expected_version: None };
        let customer = match merge(blank(&command), said, &self.run.fields, true) {
            Ok(customer) => customer,
            Err(faults) => {
                let findings = faults.iter().map(|fault| self.finding(fault)).collect();
                return self.plan.reject(self.import, candidate.row, candidate.draft.external_id, findings);
            }
        };
        if let Some(found) = &found {
            self.duplicate(&candidate, found)?;
        } else if !candidate.notices.is_empty() {
            let id = candidate.draft.external_id.clone();
            self.plan.say(self.import, candidate.row, Verdict::Notice, id, &candidate.notices, None)?;
        }
        self.plan.outcome.created += 1;
        let id = if self.import.dry_run { Uuid::from_u128(candidate.row.into()) } else { customer.id };
        // An id that another system has given stays with the first who had it.
        let external_id = candidate
            .keys
            .external_id
            .clone()
            .filter(|id| self.people.index.holder(MatchKey::ExternalId, id).is_none());
        self.people.index.add_all(&candidate.keys, id);
        self.people.persons.insert(
            id,
            Person {
                name: customer.name.clone(),
                row: Some(candidate.row),
                visible: true,
                stored: None,
                tags: tags.clone(),
            },
        );
        if self.import.dry_run {
            let name = &customer.name;
            self.plan.keys.extend(candidate.keys.each().map(|(kind, key)| store::Key {
                import_id: self.import.id,
                kind: kind.to_string(),
                key: key.to_owned(),
                row: signed(candidate.row),
                name: name.clone(),
            }));
        } else {
            self.made.insert(id, self.plan.created.len());
            let draft = candidate.draft;
            let enterprise = customer.kind == CustomerKind::Enterprise.as_str();
            let contact = draft.contact_name.filter(|_| enterprise).map(|name| (name, draft.contact_position));
            self.plan.created.push(New { row: candidate.row, customer, tags, external_id, contact });
        }
        Ok(())
    }

    /// Owner and department of a new customer, as `POST /customers` would choose them.
    fn owner(&mut self, candidate: &Candidate) -> (Option<Uuid>, Option<Uuid>) {
        let mut owner = self.run.default_owner;
        if let Some(name) = &candidate.draft.owner {
            match self.run.owners.called(name) {
                Called::One(id, department) => owner = Some((id, department)),
                Called::Nobody | Called::Several => *self.plan.unowned.entry(name.clone()).or_default() += 1,
            }
        }
        let department = self.import.department_id.or(owner.and_then(|(_, department)| department));
        match (owner, department) {
            (None, None) => self.run.default_place,
            (owner, department) => (owner.map(|(id, _)| id), department),
        }
    }

    fn update(&mut self, mut candidate: Candidate, found: Match) -> Result<()> {
        let Some(person) = self.people.persons.get_mut(&found.customer) else { return self.skip(&candidate, &found) };
        let mut said = profile(&candidate.draft);
        let tags = said.tags.take().unwrap_or_default();
        let new_tags: Vec<String> = tags.into_iter().filter(|tag| !person.tags.contains(tag)).collect();
        let free = |id: &String| self.people.index.holder(MatchKey::ExternalId, id).is_none();
        let new_id = candidate.keys.external_id.clone().filter(free);
        let place = self.made.get(&found.customer).copied();
        let before = match place.and_then(|place| self.plan.created.get(place)) {
            Some(new) => Some(new.customer.clone()),
            None => match self.plan.changed.get(&found.customer) {
                Some(changed) => Some(changed.after.clone()),
                None => person.stored.clone(),
            },
        };
        // Of a dry run, which has stored nobody.
        let Some(before) = before else {
            self.plan.outcome.updated += 1;
            return Ok(());
        };
        if let Some(Called::One(id, _)) = candidate.draft.owner.as_deref().map(|name| self.run.owners.called(name)) {
            said.owner_id = Some(Some(id));
        }
        let after = match merge(before.clone(), said, &self.run.fields, false) {
            Ok(after) => after,
            Err(faults) => {
                let findings = faults.iter().map(|fault| self.finding(fault)).collect();
                return self.plan.reject(self.import, candidate.row, candidate.draft.external_id, findings);
            }
        };
        if changed_fields(&before, &after).is_empty() && new_tags.is_empty() && new_id.is_none() {
            return self.skip(&candidate, &found);
        }
        self.plan.outcome.updated += 1;
        person.tags.extend(new_tags.iter().cloned());
        person.name.clone_from(&after.name);
        self.people.index.add_all(&candidate.keys, found.customer);
        if !candidate.notices.is_empty() {
            let notices = std::mem::take(&mut candidate.notices);
            let id = candidate.draft.external_id.clone();
            self.plan.say(self.import, candidate.row, Verdict::Notice, id, &notices, None)?;
        }
        if let Some(new) = place.and_then(|place| self.plan.created.get_mut(place)) {
            new.customer = after;
            new.tags.extend(new_tags);
            new.external_id = new.external_id.take().or(new_id);
            return Ok(());
        }
        let changed = self.plan.changed.entry(found.customer).or_insert_with(|| Changed {
            row: candidate.row,
            after: before.clone(),
            before,
            new_tags: Vec::new(),
            new_external_ids: Vec::new(),
        });
        changed.after = after;
        changed.new_tags.extend(new_tags);
        changed.new_external_ids.extend(new_id);
        Ok(())
    }

    /// What the rules say of a whole customer, told of a row.
    fn finding(&self, fault: &Fault) -> Finding {
        let pointer = fault.pointer.as_deref().unwrap_or_default();
        let key = pointer.rsplit('/').next().unwrap_or_default();
        let column = self.run.labels.get(&format!("custom.{key}")).or_else(|| self.run.labels.get(key));
        let column = column.map_or(key, String::as_str);
        let finding = match fault.code {
            Code::CustomFieldRequired => Finding::new(Reason::Required).with("field", column),
            _ => Finding::new(Reason::InvalidText).with("expected", fault.message(Lang::Zh)),
        };
        finding.at(column, "")
    }
}

/// Headers by what they were understood as.
pub type Labels = BTreeMap<String, String>;
