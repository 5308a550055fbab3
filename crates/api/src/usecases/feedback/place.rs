//! In whose hands something is put within a department: by turn, by load, or by name, and never of one who is away.

use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Strategy, next_handler};
use huiyin_domain::identity::{Away, stand_in};
use huiyin_persistence::feedback::turns;
use huiyin_persistence::identity::{absences, departments, users};
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use super::step::missing;
use crate::usecases::identity::departments::check_department;
use crate::usecases::support::Result;

/// In whose hands something comes; nobody's: whoever of the department accepts it first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Placed {
    pub handler: Option<Uuid>,
    /// Who was meant, but is away.
    pub instead_of: Option<Uuid>,
}

/// What is asked of a department: a way, and for [`Strategy::Person`] a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub department: Uuid,
    pub strategy: Strategy,
    pub person: Option<Uuid>,
}

/// What is named is there: the department, those that collaborate, and a handler who is of the department.
pub async fn check(
    db: &impl ConnectionTrait,
    department: Option<Uuid>,
    collaborators: &[Uuid],
    handler: Option<Uuid>,
) -> Result<()> {
    check_department(db, department).await?;
    if !collaborators.is_empty() && departments::count_existing(db, collaborators).await? < collaborators.len() {
        return Err(missing(Code::DepartmentNotFound, "/collaborators").into());
    }
    let Some(handler) = handler else { return Ok(()) };
    let user = users::active(db, handler).await?.ok_or_else(|| missing(Code::UserNotFound, "/handler_id"))?;
    match user.department_id == department {
        true => Ok(()),
        false => Err(missing(Code::HandlerOutsideDepartment, "/handler_id").into()),
    }
}

/// Who is away at `now`. Somebody who has left counts as away for good.
async fn away(db: &impl ConnectionTrait, person: Option<Uuid>, now: DateTime<Utc>) -> Result<Away> {
    let mut away = absences::away(db, now).await?;
    if let Some(person) = person
        && users::active(db, person).await?.is_none()
    {
        away.entry(person).or_insert(None);
    }
    Ok(away)
}

/// Whoever is meant by name and present, or stands in; else whoever is next, and how that is found.
enum Found {
    Somebody(Placed),
    ByTurn { strategy: Strategy, away: Away, instead_of: Option<Uuid> },
}

async fn look(db: &impl ConnectionTrait, wanted: Wanted, now: DateTime<Utc>) -> Result<Found> {
    let by_turn = |strategy, away, instead_of| Found::ByTurn { strategy, away, instead_of };
    match (wanted.strategy, wanted.person) {
        (Strategy::Pool, _) | (Strategy::Person, None) => Ok(Found::Somebody(Placed::default())),
        (Strategy::Person, Some(person)) => {
            let away = away(db, Some(person), now).await?;
            Ok(match stand_in(person, &away) {
                Some(one) => {
                    let instead_of = (one != person).then_some(person);
                    Found::Somebody(Placed { handler: Some(one), instead_of })
                }
                None => by_turn(Strategy::RoundRobin, away, Some(person)),
            })
        }
        (strategy, _) => Ok(by_turn(strategy, away(db, None, now).await?, None)),
    }
}

/// Who would be given the next one, without giving it.
pub async fn peek(db: &impl ConnectionTrait, wanted: Wanted, now: DateTime<Utc>) -> Result<Placed> {
    match look(db, wanted, now).await? {
        Found::Somebody(placed) => Ok(placed),
        Found::ByTurn { strategy, away, instead_of } => {
            let people = turns::candidates(db, wanted.department, &away, strategy == Strategy::LeastLoaded).await?;
            Ok(Placed { handler: next_handler(strategy, &people), instead_of })
        }
    }
}

/// Who is given this one. Where it goes by turn, the department's turn is locked first: whoever decides at the same
/// moment waits, and then sees what was given.
pub async fn place(tx: &Tx, wanted: Wanted, now: DateTime<Utc>) -> Result<Placed> {
    let (strategy, away, instead_of) = match look(tx, wanted, now).await? {
        Found::Somebody(placed) => return Ok(placed),
        Found::ByTurn { strategy, away, instead_of } => (strategy, away, instead_of),
    };
    let turn = turns::take(tx, wanted.department).await?;
    let people = turns::candidates(tx, wanted.department, &away, strategy == Strategy::LeastLoaded).await?;
    let handler = next_handler(strategy, &people);
    if let Some(handler) = handler {
        turns::given(tx, wanted.department, handler, turn).await?;
    }
    Ok(Placed { handler, instead_of })
}

/// Who stands in for a person at `now`; nobody where the person is present.
pub async fn deputy_of(db: &impl ConnectionTrait, person: Uuid, now: DateTime<Utc>) -> Result<Option<Uuid>> {
    let away = absences::away(db, now).await?;
    Ok(if away.contains_key(&person) { stand_in(person, &away) } else { None })
}

/// Whether nothing new is put in the hands of this person.
pub async fn is_gone(db: &impl ConnectionTrait, person: Uuid, now: DateTime<Utc>) -> Result<bool> {
    Ok(away(db, Some(person), now).await?.contains_key(&person))
}
