//! The SLA engine: when something is due, and how much of its time is used (L1 to L6).
//!
//! A [`Target`] says how long a thing may take, a [`Calendar`] says when people work, [`due`] joins the two into an
//! instant with its explanation, and a [`Clock`] is the ledger of starts, pauses and stops of one deadline. A
//! [`PolicySpec`] says which clock has which target. Nothing here knows the present time: it is always an argument.
//!
//! ```text
//! PolicySpec   ─▶ Target ───┐
//! CalendarSpec ─▶ Calendar ─┼─▶ due, used ─▶ Due with its Explanation
//! Entry…       ─▶ Clock ────┘             └─▶ Reading
//! ```
//!
//! Instants are UTC, local dates and hours are those of the calendar's time zone, intervals are half open. No function
//! panics for any instant chrono can hold, and none looks further than [`HORIZON`] ahead of the start.

mod calendar;
mod clock;
mod cn;
mod due;
mod explain;
mod ladder;
mod pause;
mod policy;
mod spec;
mod spent;
mod target;
mod window;
mod zone;

#[cfg(test)]
mod tests;

pub use calendar::{Calendar, Exception, Interval, Span};
pub use clock::{Clock, ClockError, ClockState, Entry, EntryKind, Reading};
pub use cn::china;
pub use due::{Due, DueError, HORIZON, due, used};
pub use explain::{Counted, Explanation, SkipReason, Skipped};
pub use ladder::{EscalationLevel, EscalationStep};
pub use pause::Pause;
pub use policy::{ClockKind, PolicyFault, PolicyFaultKind, PolicySpec, UnknownClock, presets};
pub use spec::{CalendarFault, CalendarFaultKind, CalendarSpec, WorkingDaySpec};
pub use spent::{Spent, spent};
pub use target::{Target, Unit, UnknownUnit};
pub use window::working_days;
pub use zone::{local_date, start_of_day};
