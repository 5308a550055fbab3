//! Whose turn it is among the people of a department, for many tasks at once.

use uuid::Uuid;

/// Whoever follows, in order of their ids, on whom one was given last, one each; `people` in ascending order. With the same people
/// no one is ever more than one ahead, whatever the batches.
pub fn round_robin(people: &[Uuid], last: Option<Uuid>) -> impl Iterator<Item = Uuid> {
    let next = last.map_or(0, |last| people.partition_point(|one| *one <= last));
    people.iter().copied().cycle().skip(if people.is_empty() { 0 } else { next % people.len() })
}

/// Gives one at a time to whoever has the fewest; of several, to whoever stands first.
#[derive(Debug, Clone)]
pub struct LeastLoaded {
    /// How many each has, and the place in the order of people: a heap with the least on top.
    heap: std::collections::BinaryHeap<std::cmp::Reverse<(i64, usize)>>,
    people: Vec<Uuid>,
}

impl LeastLoaded {
    pub fn new(loads: &[(Uuid, i64)]) -> Self {
        let heap = loads.iter().enumerate().map(|(place, (_, open))| std::cmp::Reverse((*open, place))).collect();
        LeastLoaded { heap, people: loads.iter().map(|(user, _)| *user).collect() }
    }
}

impl Iterator for LeastLoaded {
    type Item = Uuid;

    fn next(&mut self) -> Option<Uuid> {
        let std::cmp::Reverse((open, place)) = self.heap.pop()?;
        self.heap.push(std::cmp::Reverse((open + 1, place)));
        self.people.get(place).copied()
    }
}

/// How many of `count` each is given who is given one in turn, beginning with the first.
pub fn shares(people: &[Uuid], count: i64) -> Vec<(Uuid, i64)> {
    let Ok(all) = i64::try_from(people.len()) else { return Vec::new() };
    let share = |place: usize| {
        let ahead = i64::try_from(place).is_ok_and(|place| place < count % all.max(1));
        count / all.max(1) + i64::from(ahead)
    };
    people.iter().enumerate().map(|(place, user)| (*user, share(place))).collect()
}

/// How many of `count` each is given where the least loaded is given the next: all who have less are filled up to one
/// level, and what does not go round is given to those who stand first.
pub fn levelled(loads: &[(Uuid, i64)], count: i64) -> Vec<(Uuid, i64)> {
    let (mut level, mut above) = (0, loads.iter().map(|(_, open)| *open).max().unwrap_or_default() + count + 1);
    let needed = |level: i64| loads.iter().map(|(_, open)| (level - open).max(0)).sum::<i64>();
    while above - level > 1 {
        let middle = level + (above - level) / 2;
        if needed(middle) <= count { level = middle } else { above = middle }
    }
    let mut left = count - needed(level);
    let share = |(user, open): &(Uuid, i64)| {
        let more = i64::from(*open <= level && left > 0);
        left -= more;
        (*user, (level - open).max(0) + more)
    };
    loads.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn people(count: u128) -> Vec<Uuid> {
        (1..=count).map(Uuid::from_u128).collect()
    }

    fn counted(given: impl Iterator<Item = Uuid>) -> HashMap<Uuid, i64> {
        let mut counts = HashMap::new();
        for user in given {
            *counts.entry(user).or_default() += 1;
        }
        counts
    }

    #[test]
    fn who_follows_on_the_last_is_next_whoever_has_left_meanwhile() {
        let all = people(3);
        assert_eq!(round_robin(&all, None).take(4).collect::<Vec<_>>(), [all[0], all[1], all[2], all[0]]);
        assert_eq!(round_robin(&all, Some(all[1])).next(), Some(all[2]));
        assert_eq!(round_robin(&all, Some(all[2])).next(), Some(all[0]));
        assert_eq!(round_robin(&[all[0], all[2]], Some(all[1])).next(), Some(all[2]));
        assert_eq!(round_robin(&[], Some(all[1])).next(), None);
    }

    proptest! {
        #[test]
        fn turns_are_even_whatever_the_batches(count in 1u128..9, batches in prop::collection::vec(0usize..30, 1..20)) {
            let all = people(count);
            let (mut last, mut given) = (None, Vec::new());
            for batch in batches {
                let part: Vec<Uuid> = round_robin(&all, last).take(batch).collect();
                last = part.last().copied().or(last);
                given.extend(part);
            }
            let total = given.len() as i64;
            let counts = counted(given.into_iter());
            let expected: HashMap<Uuid, i64> = shares(&all, total).into_iter().filter(|(_, count)| *count > 0).collect();
            prop_assert_eq!(counts, expected);
        }

        #[test]
        fn a_level_is_what_giving_one_by_one_comes_to(loads in prop::collection::vec(0i64..40, 1..8), count in 0i64..300) {
            let loads: Vec<(Uuid, i64)> = people(loads.len() as u128).into_iter().zip(loads).collect();
            let counts = counted(LeastLoaded::new(&loads).take(count as usize));
            let levels: HashMap<Uuid, i64> = levelled(&loads, count).into_iter().filter(|(_, given)| *given > 0).collect();
            prop_assert_eq!(counts, levels);
        }
    }
}
