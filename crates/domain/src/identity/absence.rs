//! Who stands in for whom (缺勤与代理).

use std::collections::HashMap;

use uuid::Uuid;

/// Those who are away, with their deputies if they have any.
pub type Away = HashMap<Uuid, Option<Uuid>>;

/// Who does the work that is meant for `user`: `user` unless away; else the deputy, or the deputy's deputy, and so on.
/// `None`: nobody does, because the last of them named none, or because they stand in for each other.
pub fn stand_in(user: Uuid, away: &Away) -> Option<Uuid> {
    let mut one = user;
    // Longer than there are people away it can only go round.
    for _ in 0..=away.len() {
        match away.get(&one) {
            None => return Some(one),
            Some(deputy) => one = (*deputy)?,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> Uuid {
        Uuid::from_u128(n.into())
    }

    #[test]
    fn a_chain_ends_with_somebody_present_or_with_nobody() {
        let away = Away::from([(id(1), Some(id(2))), (id(2), Some(id(3))), (id(4), None), (id(5), Some(id(5)))]);
        assert_eq!(stand_in(id(1), &away), Some(id(3)));
        assert_eq!(stand_in(id(9), &away), Some(id(9)));
        assert_eq!((stand_in(id(4), &away), stand_in(id(5), &away)), (None, None));
        let round = Away::from([(id(1), Some(id(2))), (id(2), Some(id(1)))]);
        assert_eq!(stand_in(id(1), &round), None);
    }

    proptest! {
        #[test]
        fn whoever_stands_in_is_present(pairs in prop::collection::hash_map(0u8..12, prop::option::of(0u8..12), 0..12)) {
            let away: Away = pairs.into_iter().map(|(user, deputy)| (id(user), deputy.map(id))).collect();
            for user in (0..12).map(id) {
                if let Some(one) = stand_in(user, &away) {
                    prop_assert!(!away.contains_key(&one));
                }
            }
        }
    }
}
