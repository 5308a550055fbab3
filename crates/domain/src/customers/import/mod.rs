//! Import (导入): what the columns of a list are, what its cells say, what is wrong with them, and who is known already.

pub mod amount;
pub mod clean;
pub mod contact;
pub mod custom;
pub mod date;
pub mod duplicates;
pub mod header;
pub mod reason;
pub mod row;
#[cfg(test)]
mod tests;

pub use duplicates::{Index, Keys, Match, MatchKey, OnDuplicate, may_merge};
pub use header::{Column, Field, Headers, Target};
pub use reason::{Finding, Reason};
pub use row::{Draft, Row, Rules, read};

use crate::text_enum;

text_enum! {
    /// Where an import stands.
    ImportStatus {
        Pending = "pending",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
    }
}

text_enum! {
    /// What a report says of a row.
    Verdict {
        /// Not imported.
        Error = "error",
        /// A customer already; the policy has decided.
        Duplicate = "duplicate",
        /// Imported, and worth a look.
        Notice = "notice",
    }
}

text_enum! {
    /// In which form a list comes.
    FileFormat {
        Csv = "csv",
        Xlsx = "xlsx",
        Ndjson = "ndjson",
    }
}
