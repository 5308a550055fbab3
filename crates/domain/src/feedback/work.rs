//! In which order work is done (工作列表): by priority, then by what is due first.

use chrono::{DateTime, Utc};

use super::Priority;
use crate::text_enum;

text_enum! {
    /// Which open feedback a work list shows.
    WorkView {
        /// In one's own hands, or as a deputy in those of somebody who is away.
        Mine = "mine",
        /// All of the department within reach.
        Department = "department",
        /// Of the department, in nobody's hands yet.
        Unassigned = "unassigned",
        /// Of no department: new ones and those that were sent back (待分派).
        Triage = "triage",
    }
}

/// Bits for the moment that something is due, in milliseconds.
const DUE_BITS: u32 = 50;
const NEVER: i64 = (1 << DUE_BITS) - 1;

fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Urgent => 0,
        Priority::Important => 1,
        Priority::Normal => 2,
    }
}

/// The place of an open feedback in the order of work, one number so that one index has it: the more pressing priority
/// first, then what is due first; what has no deadline that runs comes last of its priority.
pub fn work_key(priority: Priority, due_at: Option<DateTime<Utc>>) -> i64 {
    let due = due_at.map_or(NEVER, |due_at| due_at.timestamp_millis().clamp(0, NEVER - 1));
    (rank(priority) << DUE_BITS) + due
}

/// The first and the last place of a priority.
pub fn work_keys(priority: Priority) -> (i64, i64) {
    let first = rank(priority) << DUE_BITS;
    (first, first + NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn priority_goes_before_time_and_no_deadline_comes_last(
            one in (prop::sample::select(Priority::ALL), prop::option::of(0i64..4_000_000_000)),
            other in (prop::sample::select(Priority::ALL), prop::option::of(0i64..4_000_000_000)),
        ) {
            let key = |(priority, due): (Priority, Option<i64>)| {
                work_key(priority, due.and_then(|due| DateTime::from_timestamp(due, 0)))
            };
            let plain = |(priority, due): (Priority, Option<i64>)| (std::cmp::Reverse(priority), due.is_none(), due);
            prop_assert_eq!(key(one).cmp(&key(other)), plain(one).cmp(&plain(other)));
            let (first, last) = work_keys(one.0);
            prop_assert!((first..=last).contains(&key(one)));
        }
    }
}
