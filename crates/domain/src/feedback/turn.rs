//! Whose turn it is in a department (轮流分配): the least loaded, or the one who has waited longest.

use uuid::Uuid;

use crate::text_enum;

text_enum! {
    /// How a handler is found in the department that a feedback goes to (分配方式).
    Strategy {
        /// Nobody is named: whoever there accepts it first.
        Pool = "pool",
        /// Whoever present has the fewest open feedback (最少负载).
        LeastLoaded = "least_loaded",
        /// Whoever present has been given one least recently (轮流).
        RoundRobin = "round_robin",
        /// A certain person.
        Person = "person",
    }
}

impl Strategy {
    /// Those that name nobody.
    pub const OF_DEPARTMENTS: [Strategy; 3] = [Strategy::Pool, Strategy::LeastLoaded, Strategy::RoundRobin];
}

/// Somebody of the department who is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub user: Uuid,
    /// Open feedback in this person's hands.
    pub open: i64,
    /// The department's turn in which one was given to this person last; `None`: never.
    pub last_turn: Option<i64>,
}

/// Who is given the next one; `None` where nobody is present, or nobody is to be named.
pub fn next(strategy: Strategy, candidates: &[Candidate]) -> Option<Uuid> {
    let load = |candidate: &Candidate| match strategy {
        Strategy::LeastLoaded => Some(candidate.open),
        Strategy::RoundRobin | Strategy::Person => Some(0),
        Strategy::Pool => None,
    };
    let open = candidates.iter().filter_map(|candidate| Some((load(candidate)?, candidate.last_turn, candidate.user)));
    // Never comes before any turn.
    open.min().map(|(_, _, user)| user)
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Strategy, Uuid, next};
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    fn people(count: u128) -> Vec<Candidate> {
        (0..count).map(|n| Candidate { user: Uuid::from_u128(n), open: 0, last_turn: None }).collect()
    }

    #[test]
    fn nobody_present_is_nobody_and_a_pool_names_nobody() {
        assert_eq!(next(Strategy::RoundRobin, &[]), None);
        assert_eq!(next(Strategy::Pool, &people(3)), None);
    }

    proptest! {
        /// However people come and go: among those who were there all the time no one is ever two ahead, and whoever
        /// stays is given one within as many turns as there are people.
        #[test]
        fn round_robin_is_fair(present in prop::collection::vec(prop::collection::vec(any::<bool>(), 6), 1..80)) {
            let mut all = people(8);
            let mut given = vec![0usize; all.len()];
            for (turn, there) in present.iter().enumerate() {
                // The first two never leave.
                let now: Vec<Candidate> =
                    all.iter().enumerate().filter(|(n, _)| *n < 2 || there[n - 2]).map(|(_, one)| *one).collect();
                let chosen = next(Strategy::RoundRobin, &now).unwrap();
                let index = all.iter().position(|one| one.user == chosen).unwrap();
                all[index].last_turn = Some(turn as i64);
                given[index] += 1;
                prop_assert!(given[0].abs_diff(given[1]) <= 1, "{:?}", given);
                let waited = |one: &Candidate| turn as i64 - one.last_turn.unwrap_or(-1);
                prop_assert!(all[..2].iter().all(|one| waited(one) <= all.len() as i64 * 2));
            }
        }

        /// Nobody is given one who has more than another present: loads come no further apart than they were.
        #[test]
        fn the_least_loaded_is_given_it(begin in prop::collection::vec(0i64..5, 1..6), turns in 1i64..60) {
            let mut all: Vec<Candidate> =
                people(begin.len() as u128).into_iter().zip(&begin).map(|(one, open)| Candidate { open: *open, ..one }).collect();
            for turn in 0..turns {
                let least = all.iter().map(|one| one.open).min().unwrap();
                let chosen = next(Strategy::LeastLoaded, &all).unwrap();
                let one = all.iter_mut().find(|one| one.user == chosen).unwrap();
                prop_assert_eq!(one.open, least);
                one.open += 1;
                one.last_turn = Some(turn);
            }
            let loads: Vec<i64> = all.iter().map(|one| one.open).collect();
            let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            prop_assert!(spread <= 5, "{:?}", loads);
        }
    }
}
