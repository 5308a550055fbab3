use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// When tiers and lifecycle stages are computed by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailySchedule {
    /// Whether tiers are; lifecycle stages follow their rule every day.
    pub enabled: bool,
    /// The hour of the day, 0 to 23, local.
    pub hour: u32,
}

impl Default for DailySchedule {
    fn default() -> Self {
        DailySchedule { enabled: true, hour: 3 }
    }
}

impl DailySchedule {
    /// The next time after `after`. An hour that the clocks skip is the next one that they show; of one that they show
    /// twice it is the first.
    pub fn next(&self, after: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let today = after.with_timezone(&zone).date_naive();
        // A zone may skip a whole day, but not two.
        today
            .iter_days()
            .take(4)
            .filter_map(|day| {
                let hours = (self.hour..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
                hours.filter_map(|local| zone.from_local_datetime(&local).earliest()).next()
            })
            .map(|at| at.to_utc())
            .find(|at| *at > after)
            .unwrap_or(after + TimeDelta::days(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(hour: u32, after: &str, zone: Tz) -> String {
        DailySchedule { enabled: true, hour }.next(after.parse().unwrap(), zone).to_rfc3339()
    }

    #[test]
    fn the_hour_is_that_of_the_zone() {
        let shanghai = chrono_tz::Asia::Shanghai;
        assert_eq!(next(3, "2026-10-20T02:00:00Z", shanghai), "2026-10-20T19:00:00+00:00");
        assert_eq!(next(3, "2026-10-20T18:59:59Z", shanghai), "2026-10-20T19:00:00+00:00");
        assert_eq!(next(3, "2026-10-20T19:00:00Z", shanghai), "2026-10-21T19:00:00+00:00", "after, not at");
    }

    #[test]
    fn clocks_that_jump_are_followed() {
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(next(2, "2026-03-28T12:00:00Z", berlin), "2026-03-29T01:00:00+00:00", "two o'clock is skipped");
        assert_eq!(next(2, "2026-10-24T12:00:00Z", berlin), "2026-10-25T00:00:00+00:00", "the first of two");
        assert_eq!(next(2, "2026-10-25T00:00:00Z", berlin), "2026-10-26T01:00:00+00:00");
    }
}
