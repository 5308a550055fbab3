//! Demands (需求): what many suggestions ask for, and how far it has come.

use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// Where a demand stands (需求状态).
    DemandStatus {
        Collected = "collected",
        Planned = "planned",
        Building = "building",
        Released = "released",
        Declined = "declined",
    }
}

impl DemandStatus {
    /// Whether a demand may move on to `to`: forward and back as plans change, but what customers have been given is not
    /// taken back, and what was declined is taken up again before it is built.
    pub fn move_to(self, to: DemandStatus) -> Result<(), Fault> {
        use DemandStatus::*;
        let allowed = match self {
            Collected => matches!(to, Planned | Building | Released | Declined),
            Planned => matches!(to, Collected | Building | Released | Declined),
            Building => matches!(to, Planned | Released | Declined),
            Declined => matches!(to, Collected | Planned),
            Released => false,
        };
        allowed
            .then_some(())
            .ok_or_else(|| Fault::new(Code::DemandStatus).at("/status").with("from", self).with("to", to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_released_stays_and_nothing_moves_to_where_it_is() {
        for from in DemandStatus::ALL {
            assert!(from.move_to(*from).is_err(), "{from}");
            assert!(DemandStatus::Released.move_to(*from).is_err());
        }
        assert!(DemandStatus::Declined.move_to(DemandStatus::Building).is_err());
        assert!(DemandStatus::Declined.move_to(DemandStatus::Collected).is_ok());
    }
}
