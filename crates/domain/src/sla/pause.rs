//! Times during which a clock stands still.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::{Span, merge};

/// A time during which nothing counts, from inclusive, to exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When the clock stopped running.
    pub from: DateTime<Utc>,
    /// When it ran on; `None` while it still stands.
    pub to: Option<DateTime<Utc>>,
}

/// Pauses after a start: disjoint, in order, none empty.
pub(super) struct Pauses {
    merged: Vec<Span>,
    /// Start of the pause that has no end.
    open_from: Option<DateTime<Utc>>,
}

impl Pauses {
    /// Puts pauses in order. One that ends before it begins, or before the start, is ignored.
    pub fn new(start: DateTime<Utc>, pauses: &[Pause]) -> Self {
        let mut spans: Vec<Span> = pauses
            .iter()
            .filter(|pause| pause.to.is_none_or(|to| to > pause.from && to > start))
            .map(|pause| Span { from: pause.from.max(start), to: pause.to.unwrap_or(DateTime::<Utc>::MAX_UTC) })
            .collect();
        spans.sort_by_key(|span| span.from);
        let merged = merge(spans);
        // An open pause reaches to the end of time, so it is in the last of the merged ones.
        let is_open = pauses.iter().any(|pause| pause.to.is_none());
        let open_from = if is_open { merged.last().map(|span| span.from) } else { None };
        Self { merged, open_from }
    }

    /// The parts of a span during which the clock runs.
    pub fn running(&self, span: Span) -> Vec<Span> {
        let mut pieces = Vec::new();
        let mut from = span.from;
        let first = self.merged.partition_point(|pause| pause.to <= span.from);
        for pause in self.merged.iter().skip(first).take_while(|pause| pause.from < span.to) {
            if from < pause.from {
                pieces.push(Span { from, to: pause.from });
            }
            from = pause.to;
        }
        if from < span.to {
            pieces.push(Span { from, to: span.to });
        }
        pieces
    }

    /// Whether the clock stood still just before an instant. What lies before decides, as with running time: a pause
    /// that begins at closing time does not take the day away, one that ends there does not give it back.
    pub fn cover(&self, at: DateTime<Utc>) -> bool {
        let next = self.merged.partition_point(|pause| pause.to < at);
        self.merged.get(next).is_some_and(|pause| pause.from < at)
    }

    /// Whether the clock stands still from some time before an instant, and nobody knows until when.
    pub fn open_before(&self, at: DateTime<Utc>) -> bool {
        self.open_from.is_some_and(|from| from < at)
    }
}
