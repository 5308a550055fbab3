//! Who reads a sentence.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::fault::Lang;

/// In which language somebody reads, and in which time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    pub lang: Lang,
    pub zone: Tz,
}

impl Reader {
    pub fn say<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        if self.lang == Lang::Zh { zh } else { en }
    }

    /// Day and minute, by the clock on the wall.
    pub fn time(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    /// The local day.
    pub fn day(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d").to_string()
    }
}
