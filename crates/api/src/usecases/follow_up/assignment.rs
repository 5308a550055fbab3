//! Who makes the contact (P3): for thousands of customers in a few statements, and never one who is away.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::Assignment;
use huiyin_domain::follow_up::turn::{LeastLoaded, levelled, round_robin, shares};
use huiyin_domain::identity::{Away, stand_in};
use huiyin_persistence::follow_up::assignment as people;
use huiyin_persistence::identity::absences;
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use crate::usecases::support::Result;

/// A customer to be contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    pub customer_id: Uuid,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
}

/// In whose hands a contact comes; without assignee in the pool of the department.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Place {
    pub assignee_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    /// Who was meant, but is away.
    pub instead_of: Option<Uuid>,
}

/// Who is there at a moment.
struct Presence {
    away: Away,
    /// Those who were asked about and have not left, with their departments.
    active: HashMap<Uuid, Option<Uuid>>,
}

impl Presence {
    async fn load(db: &impl ConnectionTrait, mut asked: Vec<Uuid>, now: DateTime<Utc>) -> Result<Presence> {
        asked.sort_unstable();
        asked.dedup();
        let mut away = absences::away(db, now).await?;
        let active = people::active(db, &asked).await?;
        // Somebody who has left counts as away for good.
        for user in asked.into_iter().filter(|user| !active.contains_key(user)) {
            away.entry(user).or_insert(None);
        }
        Ok(Presence { away, active })
    }

    /// This person, or whoever stands in; the department's pool where nobody does. `department` where the task lies.
    fn place(&self, meant: Uuid, department: Option<Uuid>) -> Place {
        let assignee_id = stand_in(meant, &self.away);
        let department_id = department.or_else(|| self.active.get(&meant).copied().flatten());
        Place { assignee_id, department_id, instead_of: Some(meant).filter(|_| assignee_id != Some(meant)) }
    }

    /// The agents of a department who are present, in order of their ids.
    async fn agents(&self, db: &impl ConnectionTrait, department: Uuid) -> Result<Vec<Uuid>> {
        let agents = people::agents(db, department).await?;
        Ok(agents.into_iter().filter(|user| !self.away.contains_key(user)).collect())
    }
}

/// How many open follow-ups each of these has.
async fn loads(db: &impl ConnectionTrait, agents: Vec<Uuid>) -> Result<Vec<(Uuid, i64)>> {
    let open = people::loads(db, &agents).await?;
    Ok(agents.into_iter().map(|user| (user, open.get(&user).copied().unwrap_or_default())).collect())
}

fn in_department(assignee_id: Option<Uuid>, department: Uuid) -> Place {
    Place { assignee_id, department_id: Some(department), instead_of: None }
}

/// Gives each a place, in their order. Where it goes by turn or load, the department's turn is taken first: whoever else
/// decides at the same moment waits until this transaction ends, and then sees what was given. Whoever gives in several
/// transactions keeps what was `counted` between them: loads are counted for the first, and what is given is added.
pub async fn assign(
    tx: &Tx,
    assignment: &Assignment,
    subjects: &[Subject],
    counted: &mut Option<LeastLoaded>,
    now: DateTime<Utc>,
) -> Result<Vec<Place>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    match *assignment {
        Assignment::RoundRobin { department_id } => {
            let last = people::take_turn(tx, department_id).await?;
            let agents = Presence::load(tx, Vec::new(), now).await?.agents(tx, department_id).await?;
            let mut turns = round_robin(&agents, last);
            let places: Vec<Place> = subjects.iter().map(|_| in_department(turns.next(), department_id)).collect();
            if let Some(last) = places.last().and_then(|place| place.assignee_id) {
                people::given(tx, department_id, last).await?;
            }
            Ok(places)
        }
        Assignment::LeastLoaded { department_id } => {
            people::take_turn(tx, department_id).await?;
            let turns = match counted {
                Some(known) => known,
                None => {
                    let agents = Presence::load(tx, Vec::new(), now).await?.agents(tx, department_id).await?;
                    counted.insert(LeastLoaded::new(&loads(tx, agents).await?))
                }
            };
            Ok(subjects.iter().map(|_| in_department(turns.next(), department_id)).collect())
        }
        _ => {
            let known =
                fixed(tx, assignment, subjects.iter().map(|subject| (subject.owner_id, subject.department_id)), now);
            let known = known.await?;
            let place = |subject: &Subject| known.get(&(subject.owner_id, subject.department_id)).copied();
            Ok(subjects.iter().map(|subject| place(subject).unwrap_or_default()).collect())
        }
    }
}

/// Owner and department of customers that are treated alike.
pub type Group = (Option<Uuid>, Option<Uuid>);

/// Where customers of each group are placed by an assignment that asks for no turn.
pub async fn fixed(
    db: &impl ConnectionTrait,
    assignment: &Assignment,
    groups: impl Iterator<Item = Group>,
    now: DateTime<Utc>,
) -> Result<HashMap<Group, Place>> {
    let mut places: HashMap<Group, Place> = groups.map(|group| (group, Place::default())).collect();
    let presence = match assignment {
        Assignment::Owner => {
            let owners = places.keys().filter_map(|(owner, _)| *owner).collect();
            Presence::load(db, owners, now).await?
        }
        Assignment::User { user_id } => Presence::load(db, vec![*user_id], now).await?,
        _ => Presence { away: Away::new(), active: HashMap::new() },
    };
    for ((owner, department), place) in &mut places {
        *place = match (assignment, owner) {
            (Assignment::Owner, Some(owner)) => presence.place(*owner, *department),
            (Assignment::Owner, None) => Place { department_id: *department, ..Place::default() },
            (Assignment::User { user_id }, _) => presence.place(*user_id, None),
            (
                Assignment::Pool { department_id }
                | Assignment::RoundRobin { department_id }
                | Assignment::LeastLoaded { department_id },
                _,
            ) => in_department(None, *department_id),
        };
    }
    Ok(places)
}

/// How many contacts would come in whose hands, without giving any; as people are present now.
pub async fn forecast(
    db: &impl ConnectionTrait,
    assignment: &Assignment,
    groups: &HashMap<Group, i64>,
    now: DateTime<Utc>,
) -> Result<Vec<(Place, i64)>> {
    let total: i64 = groups.values().sum();
    let (department, given) = match *assignment {
        Assignment::RoundRobin { department_id } => {
            let agents = Presence::load(db, Vec::new(), now).await?.agents(db, department_id).await?;
            let last = people::last_turn(db, department_id).await?;
            let next: Vec<Uuid> = round_robin(&agents, last).take(agents.len()).collect();
            (department_id, shares(&next, total))
        }
        Assignment::LeastLoaded { department_id } => {
            let agents = Presence::load(db, Vec::new(), now).await?.agents(db, department_id).await?;
            (department_id, levelled(&loads(db, agents).await?, total))
        }
        _ => {
            let places = fixed(db, assignment, groups.keys().copied(), now).await?;
            let mut counts: HashMap<Place, i64> = HashMap::new();
            for (group, count) in groups {
                let place = places.get(group).copied().unwrap_or_default();
                *counts.entry(Place { instead_of: None, ..place }).or_default() += count;
            }
            return Ok(counts.into_iter().collect());
        }
    };
    if given.is_empty() {
        return Ok(vec![(in_department(None, department), total)]);
    }
    Ok(given.into_iter().map(|(user, count)| (in_department(Some(user), department), count)).collect())
}
