//! Stocktakes (清查行动): campaigns in which owners confirm what is known of their customers.

use chrono::{Datelike, Days, NaiveDate};

use super::CooperationStage;
use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// How far a stocktake has come.
    StocktakeStatus {
        /// Confirmations are being made; those that are there can be answered.
        Filling = "filling",
        Open = "open",
        Closed = "closed",
    }
}

text_enum! {
    /// Whether a confirmation has been answered.
    ConfirmationStatus {
        Open = "open",
        Answered = "answered",
        /// Open after the due date.
        Overdue = "overdue",
    }
}

/// Owners are reminded so many days before the due date, on it, and the day after, when what is open is overdue.
pub const REMINDERS: [i64; 3] = [-7, 0, 1];

/// The last day of the quarter of this day: when a stocktake is due unless said.
pub fn quarter_end(day: NaiveDate) -> NaiveDate {
    let last_month = day.month0() / 3 * 3 + 3;
    let (year, month) = if last_month == 12 { (day.year() + 1, 1) } else { (day.year(), last_month + 1) };
    let next = NaiveDate::from_ymd_opt(year, month, 1);
    next.and_then(|next| next.checked_sub_days(Days::new(1))).unwrap_or(day)
}

/// The cooperation stage that an answer leads to; `None`: it stays as it is.
pub fn stage_of(
    renewed: Option<bool>,
    lost: bool,
    stage: Option<CooperationStage>,
) -> Result<Option<CooperationStage>, Fault> {
    let contradiction = |pointer| Err(Fault::new(Code::StocktakeContradiction).at(pointer));
    match (lost, renewed, stage) {
        (true, Some(true), _) => contradiction("/renewed"),
        (true, _, Some(stage)) if stage != CooperationStage::Lost => contradiction("/cooperation_stage"),
        (false, _, Some(CooperationStage::Lost)) => contradiction("/cooperation_stage"),
        (true, ..) => Ok(Some(CooperationStage::Lost)),
        (false, _, stage) => Ok(stage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_end_on_their_last_day() {
        let end = |day: &str| quarter_end(day.parse().unwrap()).to_string();
        assert_eq!(end("2026-10-20"), "2026-12-31");
        assert_eq!(end("2027-01-01"), "2027-03-31");
        assert_eq!(end("2027-06-30"), "2027-06-30");
        assert_eq!(end("2027-07-01"), "2027-09-30");
    }

    #[test]
    fn lost_is_lost_and_nothing_else() {
        assert_eq!(stage_of(None, true, None), Ok(Some(CooperationStage::Lost)));
        assert_eq!(
            stage_of(Some(true), false, Some(CooperationStage::Strategic)),
            Ok(Some(CooperationStage::Strategic))
        );
        assert_eq!(stage_of(None, false, None), Ok(None));
        assert!(stage_of(Some(true), true, None).is_err());
        assert!(stage_of(None, true, Some(CooperationStage::Signed)).is_err());
        assert!(stage_of(None, false, Some(CooperationStage::Lost)).is_err());
    }
}
