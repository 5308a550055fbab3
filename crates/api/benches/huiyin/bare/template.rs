//! What the API has made of the feedback, to be written again and again.

use huiyin::app::App;
use huiyin_domain::identity::Scope;
use huiyin_persistence::feedback::parts::{self, Part};
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::integration::events;
use huiyin_persistence::sla::clocks::{self, Line, StoredClock};
use huiyin_persistence::support::to_json;
use serde_json::Value;
use uuid::Uuid;

use super::sql;
use crate::Outcome;

pub struct Template {
    pub feedback: Feedback,
    pub clocks: Vec<(StoredClock, Line)>,
    pub parts: Vec<Part>,
    pub events: Vec<(String, String, Value)>,
    pub sql: Statements,
}

/// Statements whose length depends on the number of rows; kept for ever, as the pools keep them prepared.
pub struct Statements {
    pub customer: &'static str,
    pub shown: &'static str,
    pub page: &'static str,
    pub feedback: &'static str,
    pub clocks: &'static str,
    pub parts: &'static str,
    pub entries: &'static str,
    pub timers: &'static str,
    pub events: &'static str,
    pub entries_of_timeline: &'static str,
}

/// Rows of the list.
pub const PAGE: usize = 50;
/// A warning and a breach.
pub const TIMERS_PER_CLOCK: usize = 2;

impl Template {
    pub async fn of(app: &App, feedback_id: Uuid) -> Outcome<Template> {
        let feedback = pool::find(&app.db, Scope::All, feedback_id).await?.ok_or("the feedback is not there")?;
        let mut with_entries = Vec::new();
        for clock in clocks::all_of(&app.db, vec![feedback_id]).await? {
            let mut ledger = clocks::lines(&app.db, vec![clock.id]).await?.remove(&clock.id).unwrap_or_default();
            with_entries.push((clock, ledger.pop().ok_or("a clock without a ledger")?));
        }
        // Those with a deadline come first: they have timers.
        with_entries.sort_by_key(|(clock, _)| clock.due_at.is_none());
        let timers = with_entries.iter().filter(|(clock, _)| clock.due_at.is_some()).count() * TIMERS_PER_CLOCK;
        let parts = parts::of_feedback(&app.db, feedback_id).await?;
        let happened = events::of_subject(&app.db, feedback_id, 0, 100).await?;
        let told = |recorded: &events::Recorded| {
            let (subject, _) = recorded.event.subject();
            Ok((recorded.event.kind().to_owned(), subject.to_string(), to_json(&recorded.event)?))
        };
        let events = happened.iter().map(told).collect::<Outcome<Vec<_>>>()?;
        let rows = with_entries.len();
        let sql = Statements {
            customer: keep(sql::customer()),
            shown: keep(sql::customers(!app.db.is_sqlite(), true)),
            page: keep(sql::customers(!app.db.is_sqlite(), false)),
            feedback: keep(sql::insert("feedback", sql::FEEDBACK_COLUMNS, 1, sql::KNOWN_MESSAGE)),
            clocks: keep(sql::insert("sla_clocks", sql::CLOCK_COLUMNS, rows, "")),
            entries: keep(sql::insert("sla_clock_entries", sql::ENTRY_COLUMNS, rows, "")),
            parts: keep(sql::insert("feedback_parts", sql::PART_COLUMNS, parts.len(), "")),
            timers: keep(sql::insert("timers", sql::TIMER_COLUMNS, timers, sql::MOVED_TIMER)),
            events: keep(sql::insert("events", sql::EVENT_COLUMNS, events.len(), "")),
            entries_of_timeline: keep(sql::insert("timeline_entries", sql::TIMELINE_COLUMNS, events.len(), "")),
        };
        Ok(Template { feedback, clocks: with_entries, parts, events, sql })
    }
}

fn keep(text: String) -> &'static str {
    text.leak()
}
