//! Who the rows of a batch may be: customers that are there, and those that earlier rows have made or would have made.

use std::collections::HashMap;

use huiyin_domain::customers::import::{Index, MatchKey, OnDuplicate};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::imports::{self, Import};
use huiyin_persistence::customers::matching;
use huiyin_persistence::customers::profiles::Customer;
use uuid::Uuid;

use super::batch::Candidate;
use super::run::Run;
use crate::usecases::support::Result;

/// Somebody a row may be.
#[derive(Debug)]
pub struct Person {
    pub name: String,
    /// The row of this file that made or changed them.
    pub row: Option<u64>,
    /// Whether whoever imports reaches them.
    pub visible: bool,
    /// As stored; `None` for those that this batch makes, or a dry run would have made.
    pub stored: Option<Customer>,
    pub tags: Vec<String>,
}

/// Everybody whom the keys of a batch name.
#[derive(Debug, Default)]
pub struct People {
    pub index: Index,
    pub persons: HashMap<Uuid, Person>,
}

impl People {
    pub async fn load(tx: &Tx, run: &Run<'_>, import: &Import, candidates: &[Candidate]) -> Result<People> {
        let mut people = People::default();
        for kind in MatchKey::ALL {
            let keys = candidates.iter().flat_map(|candidate| candidate.keys.each());
            let mut keys: Vec<String> = keys.filter(|(of, _)| of == kind).map(|(_, key)| key.to_owned()).collect();
            keys.sort_unstable();
            keys.dedup();
            for (key, customer) in matching::holders(tx, *kind, &import.system, keys.clone()).await? {
                people.index.add(*kind, &key, customer);
            }
            if import.dry_run {
                people.remembered(tx, import, *kind, keys).await?;
            }
        }
        people.stored(tx, run, import, candidates).await?;
        Ok(people)
    }

    /// Whom earlier rows of a dry run would have made; they go by the number of their row.
    async fn remembered(&mut self, tx: &Tx, import: &Import, kind: MatchKey, keys: Vec<String>) -> Result<()> {
        for key in imports::remembered(tx, import.id, kind.as_str(), keys).await? {
            let row = key.row.unsigned_abs();
            self.index.add(kind, &key.key, Uuid::from_u128(row.into()));
            let person = Person { name: key.name, row: Some(row), visible: true, stored: None, tags: Vec::new() };
            self.persons.entry(Uuid::from_u128(row.into())).or_insert(person);
        }
        Ok(())
    }

    async fn stored(&mut self, tx: &Tx, run: &Run<'_>, import: &Import, candidates: &[Candidate]) -> Result<()> {
        let found = candidates.iter().filter_map(|candidate| self.index.find(&candidate.keys));
        let mut ids: Vec<Uuid> = found.map(|found| found.customer).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| !self.persons.contains_key(id));
        let changing = run.on_duplicate == OnDuplicate::Update && !import.dry_run;
        let customers = match changing {
            true => matching::lock(tx, ids.clone()).await?,
            false => matching::by_ids(tx, ids.clone()).await?,
        };
        let scope = run.actor.scope();
        let within = if scope == Scope::All { None } else { Some(matching::within(tx, scope, ids.clone()).await?) };
        let touched = imports::touched(tx, import.id, ids.clone()).await?;
        let rows: HashMap<Uuid, u64> =
            touched.into_iter().map(|touched| (touched.customer_id, touched.row.unsigned_abs())).collect();
        let mut tags: HashMap<Uuid, Vec<String>> = HashMap::new();
        if run.on_duplicate == OnDuplicate::Update {
            for (customer, tag) in matching::tags(tx, ids).await? {
                tags.entry(customer).or_default().push(tag);
            }
        }
        for customer in customers {
            let person = Person {
                name: customer.name.clone(),
                row: rows.get(&customer.id).copied(),
                visible: within.as_ref().is_none_or(|within| within.contains(&customer.id)),
                tags: tags.remove(&customer.id).unwrap_or_default(),
                stored: Some(customer),
            };
            let id = person.stored.as_ref().map(|customer| customer.id).unwrap_or_default();
            self.persons.insert(id, person);
        }
        Ok(())
    }
}
