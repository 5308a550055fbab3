//! Between wall clocks and instants, also on the days when the wall clocks jump.

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Which end of a working interval a local time is.
#[derive(Clone, Copy)]
pub(super) enum Edge {
    Start,
    End,
}

/// What the wall clock shows at an instant; `None` when chrono cannot hold it.
pub(super) fn local_time(zone: Tz, at: DateTime<Utc>) -> Option<NaiveDateTime> {
    let naive = at.naive_utc();
    naive.checked_add_offset(zone.offset_from_utc_datetime(&naive).fix())
}

/// The instant of a local time; `None` when chrono cannot hold it.
///
/// A time that the clocks skip is the first instant after the gap. Of a time that they show twice, a start takes the
/// earlier and an end the later, so that nobody is sent home inside the repeated hour.
pub(super) fn instant(zone: Tz, local: NaiveDateTime, edge: Edge) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => Some(at.to_utc()),
        MappedLocalTime::Ambiguous(a, b) => Some(match edge {
            Edge::Start => a.min(b).to_utc(),
            Edge::End => a.max(b).to_utc(),
        }),
        MappedLocalTime::None => after_gap(zone, local),
    }
}

/// The local date of an instant; that of UTC at the ends of what chrono can hold.
pub fn local_date(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    local_time(zone, at).map_or_else(|| at.date_naive(), |local| local.date())
}

/// When a local day begins; `None` when chrono cannot hold it. A day that the clocks skip begins when the next one does.
pub fn start_of_day(zone: Tz, date: NaiveDate) -> Option<DateTime<Utc>> {
    instant(zone, date.and_time(NaiveTime::MIN), Edge::Start)
}

/// Halves the time around a gap until the second of the jump is found.
fn after_gap(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    // Further from UTC than any zone has ever been, and than any gap (Samoa skipped a whole day) is long.
    let reach = TimeDelta::days(2);
    let near = local.and_utc();
    let mut before = near.checked_sub_signed(reach)?.timestamp();
    let mut after = near.checked_add_signed(reach)?.timestamp();
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if local_time(zone, DateTime::from_timestamp(middle, 0)?)? < local {
            before = middle;
        } else {
            after = middle;
        }
    }
    DateTime::from_timestamp(after, 0)
}
