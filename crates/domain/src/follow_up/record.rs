//! What was said in a follow-up (回访记录), who may correct it, and what follows from its scores.

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TaskOutcome;
use crate::customers::may_change;
use crate::fault::{Code, Fault};
use crate::feedback::VerificationOutcome;
use crate::identity::Actor;
use crate::sla::{Calendar, start_of_day, working_days};
use crate::text_enum;

text_enum! {
    /// What came of a contact that was made (联系结果).
    RecordOutcome {
        /// Somebody spoke with the customer.
        Reached = "reached",
        /// The customer did not want to.
        Refused = "refused",
    }
}

impl From<RecordOutcome> for TaskOutcome {
    fn from(outcome: RecordOutcome) -> Self {
        match outcome {
            RecordOutcome::Reached => TaskOutcome::Reached,
            RecordOutcome::Refused => TaskOutcome::Refused,
        }
    }
}

/// What a customer may say of a resolution. Who was not reached has said nothing.
pub const VERDICTS: [VerificationOutcome; 2] = [VerificationOutcome::Satisfied, VerificationOutcome::Dissatisfied];

text_enum! {
    /// Why somebody should look (预警).
    AlertKind {
        /// Whether the customer would recommend us: hardly.
        LowNps = "low_nps",
        /// How satisfied the customer is: little.
        LowCsat = "low_csat",
    }
}

text_enum! {
    /// Whether somebody has seen to an alert.
    AlertStatus {
        Open = "open",
        Handled = "handled",
    }
}

impl AlertStatus {
    /// It is seen to once.
    pub fn check_open(self) -> Result<(), Fault> {
        match self {
            AlertStatus::Open => Ok(()),
            AlertStatus::Handled => Err(Fault::new(Code::AlertState).with("state", self)),
        }
    }
}

/// CSAT from 1 to 5 and NPS from 0 to 10, as far as they were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scores {
    pub csat: Option<i16>,
    pub nps: Option<i16>,
}

/// Up to which score somebody should look (P6). `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    pub nps: Option<i16>,
    pub csat: Option<i16>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds { nps: Some(6), csat: Some(2) }
    }
}

impl Thresholds {
    /// What is low in these scores. One alert is enough for both: satisfaction with what was done comes before
    /// the willingness to recommend.
    pub fn low(self, scores: Scores) -> Option<(AlertKind, i16)> {
        let reached = |score: Option<i16>, most: Option<i16>| score.filter(|score| most.is_some_and(|m| *score <= m));
        let csat = reached(scores.csat, self.csat).map(|score| (AlertKind::LowCsat, score));
        csat.or(reached(scores.nps, self.nps).map(|score| (AlertKind::LowNps, score)))
    }
}

/// The score of a record: what was given, or else what the script's question was answered with. They cannot differ.
pub fn settled(given: Option<i16>, answered: Option<i16>, name: &str) -> Result<Option<i16>, Fault> {
    match (given, answered) {
        (Some(given), Some(answered)) if given != answered => {
            Err(Fault::new(Code::ScoreDiffers).at(format!("/{name}")).with("answer", answered))
        }
        (given, answered) => Ok(given.or(answered)),
    }
}

/// Whoever did not want to speak has said nothing; `said` are the fields that say otherwise.
pub fn check_refusal(outcome: RecordOutcome, said: &[(&str, bool)]) -> Vec<Fault> {
    let wrong = said.iter().filter(|(_, said)| *said && outcome == RecordOutcome::Refused);
    wrong.map(|(name, _)| Fault::new(Code::RefusedWithAnswers).at(format!("/{name}")).with("name", name)).collect()
}

/// How long a record may be corrected.
pub const CORRECTED_FOR: TimeDelta = TimeDelta::hours(24);

/// Within a day of recording, whoever recorded it corrects it, or a manager or administrator; what others have read and
/// counted since stays.
pub fn may_correct(
    actor: &Actor,
    author: Option<Uuid>,
    recorded_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    may_change(actor, &[author])?;
    match now <= recorded_at + CORRECTED_FOR {
        true => Ok(()),
        false => Err(Fault::new(Code::RecordSealed).with("hours", CORRECTED_FOR.num_hours())),
    }
}

/// Until when a customer who gave a low score is to be called: the end of the next working day. Without a calendar, or by
/// one that never opens, a day elapses.
pub fn care_due(calendar: Option<&Calendar>, now: DateTime<Utc>) -> DateTime<Utc> {
    let span = calendar.and_then(|calendar| working_days(calendar, now, 1, 1).ok());
    span.map_or(now + TimeDelta::days(1), |span| span.to)
}

/// How far ahead the next follow-up is agreed on at most.
const AHEAD: Months = Months::new(36);

/// The day of the next follow-up, from its beginning to its end in the deployment's zone: today or later, within three
/// years.
pub fn next_window(day: NaiveDate, zone: Tz, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Fault> {
    let today = now.with_timezone(&zone).date_naive();
    let last = today.checked_add_months(AHEAD).unwrap_or(today);
    let window = start_of_day(zone, day).zip(day.succ_opt().and_then(|next| start_of_day(zone, next)));
    window
        // The last moment of the day, as of a plan's tasks: the next one is another day.
        .map(|(from, to)| (from.max(now), to - TimeDelta::microseconds(1)))
        .filter(|(from, to)| (today..=last).contains(&day) && from < to)
        .ok_or_else(|| Fault::new(Code::NextOutOfRange).with("from", today).with("to", last))
}

/// What came of a record, by ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consequences {
    pub to_dos: Vec<Uuid>,
    pub feedback: Vec<Uuid>,
    pub leads: Vec<Uuid>,
    /// Fields of the customer that were corrected at once.
    pub corrected: Vec<String>,
    /// Corrections that wait for approval.
    pub change_request: Option<Uuid>,
    /// The same of the contact who was spoken with.
    pub contact_corrected: Vec<String>,
    pub contact_change_request: Option<Uuid>,
    pub alert: Option<Uuid>,
    pub care_task: Option<Uuid>,
    pub next_task: Option<Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DataScope, Principal, Role};
    use crate::sla::china;
    use chrono::Days;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn somebody(role: Role) -> Actor {
        let id = Uuid::from_u128(1);
        let principal = Principal::User { session: id };
        Actor { id, principal, role, data_scope: DataScope::All, department: None }
    }

    #[test]
    fn a_low_score_is_one_at_or_below_the_threshold() {
        let low = |csat, nps| Thresholds::default().low(Scores { csat, nps });
        assert_eq!(low(Some(2), None), Some((AlertKind::LowCsat, 2)));
        assert_eq!(low(Some(3), Some(6)), Some((AlertKind::LowNps, 6)));
        assert_eq!(low(Some(3), Some(7)), None);
        assert_eq!(low(None, None), None, "who was not asked is not dissatisfied");
        assert_eq!(low(Some(1), Some(0)), Some((AlertKind::LowCsat, 1)), "one alert for both");
        let never = Thresholds { nps: None, csat: None };
        assert_eq!(never.low(Scores { csat: Some(1), nps: Some(0) }), None);
    }

    #[test]
    fn a_score_is_given_or_answered_and_not_two_things_at_once() {
        assert_eq!(settled(None, Some(4), "csat"), Ok(Some(4)));
        assert_eq!(settled(Some(4), None, "csat"), Ok(Some(4)));
        assert_eq!(settled(Some(4), Some(4), "csat"), Ok(Some(4)));
        let fault = settled(Some(5), Some(4), "csat").unwrap_err();
        assert_eq!((fault.code, fault.pointer.as_deref()), (Code::ScoreDiffers, Some("/csat")));
    }

    #[test]
    fn whoever_refused_has_answered_nothing() {
        let said = [("answers", true), ("csat", false), ("nps", true)];
        assert!(check_refusal(RecordOutcome::Reached, &said).is_empty());
        let faults = check_refusal(RecordOutcome::Refused, &said);
        let at: Vec<_> = faults.iter().filter_map(|fault| fault.pointer.as_deref()).collect();
        assert_eq!(at, ["/answers", "/nps"]);
    }

    #[test]
    fn a_record_is_corrected_within_a_day_by_its_author_or_those_over_him() {
        let (me, recorded) = (Some(Uuid::from_u128(1)), at("2026-10-20T02:00:00Z"));
        let code =
            |role, author, now: &str| may_correct(&somebody(role), author, recorded, at(now)).err().map(|f| f.code);
        assert_eq!(code(Role::Agent, me, "2026-10-21T02:00:00Z"), None);
        assert_eq!(code(Role::Agent, me, "2026-10-21T02:00:01Z"), Some(Code::RecordSealed));
        assert_eq!(code(Role::Manager, None, "2026-10-20T03:00:00Z"), None);
        assert_eq!(code(Role::Agent, None, "2026-10-20T03:00:00Z"), Some(Code::NotAuthor));
    }

    #[test]
    fn whoever_gave_a_low_score_is_called_within_a_working_day() {
        let calendar = Calendar::try_from(china()).unwrap();
        // Friday, 23 October 2026: the next working day is Monday, until it closes.
        let due = care_due(Some(&calendar), at("2026-10-23T02:00:00Z"));
        assert_eq!(calendar.local_date(due), "2026-10-26".parse().ok());
        assert_eq!(care_due(None, at("2026-10-23T02:00:00Z")), at("2026-10-24T02:00:00Z"));
    }

    #[test]
    fn the_next_follow_up_is_on_a_whole_day_from_now_on() {
        let zone = chrono_tz::Asia::Shanghai;
        let now = at("2026-10-20T02:00:00Z");
        let window = |day: &str| next_window(day.parse().unwrap(), zone, now);
        assert_eq!(window("2026-10-23"), Ok((at("2026-10-22T16:00:00Z"), at("2026-10-23T15:59:59.999999Z"))));
        assert_eq!(window("2026-10-20"), Ok((now, at("2026-10-20T15:59:59.999999Z"))), "not before it was agreed on");
        for day in ["2026-10-19", "2029-10-21", "9999-12-31", "0001-01-01"] {
            assert_eq!(window(day).unwrap_err().code, Code::NextOutOfRange, "{day}");
        }
        assert!(window("2029-10-20").is_ok());
    }

    const ZONES: [Tz; 5] = [
        chrono_tz::Asia::Shanghai,
        chrono_tz::America::Santiago,
        chrono_tz::America::New_York,
        chrono_tz::Asia::Kolkata,
        chrono_tz::UTC,
    ];

    proptest! {
        /// Wherever and whenever: the window begins no earlier than now and ends after it has begun.
        #[test]
        fn a_window_is_never_empty(days in 0u64..1_000, zone in prop::sample::select(ZONES.to_vec()), second in 0i64..4_000_000_000) {
            let now = DateTime::from_timestamp(second, 0).unwrap();
            let day = now.with_timezone(&zone).date_naive() + Days::new(days);
            let (from, to) = next_window(day, zone, now).unwrap();
            prop_assert!(now <= from && from < to, "{zone} {day}: {from} {to}");
        }
    }
}
