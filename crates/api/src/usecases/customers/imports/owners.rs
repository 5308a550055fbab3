//! Whom a list means by the name of an owner.

use std::collections::HashMap;

use huiyin_persistence::Tx;
use huiyin_persistence::identity::users;
use uuid::Uuid;

use crate::usecases::support::Result;

/// Names that are remembered from batch to batch.
const REMEMBERED: usize = 10_000;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    Nobody,
    /// A user and their department.
    One(Uuid, Option<Uuid>),
    Several,
}

#[derive(Debug, Default)]
pub struct Owners {
    known: HashMap<String, Called>,
}

impl Owners {
    /// Looks up the names that are not known yet. A user name goes before a display name.
    pub async fn learn(&mut self, tx: &Tx, mut names: Vec<String>) -> Result<()> {
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !self.known.contains_key(name));
        if self.known.len() + names.len() > REMEMBERED {
            self.known.clear();
        }
        let found = users::called(tx, &names).await?;
        for name in names {
            let by_username = found.iter().find(|user| user.username_key == users::username_key(&name));
            let mut by_display = found.iter().filter(|user| user.display_name == name);
            let called = match (by_username.or_else(|| by_display.next()), by_display.next()) {
                (Some(user), None) => Called::One(user.id, user.department_id),
                (Some(user), Some(_)) if by_username.is_some() => Called::One(user.id, user.department_id),
                (Some(_), Some(_)) => Called::Several,
                (None, _) => Called::Nobody,
            };
            self.known.insert(name, called);
        }
        Ok(())
    }

    pub fn called(&self, name: &str) -> Called {
        self.known.get(name).copied().unwrap_or(Called::Nobody)
    }
}
