//! Why it happened: up to five times "why" (五个为什么), and what is concluded from the answers.

use serde::{Deserialize, Serialize};

use crate::text_enum;

/// "Why" is asked so often at most.
pub const MOST_WHYS: usize = 5;

text_enum! {
    /// Where a cause lies (根本原因类别).
    CauseCategory {
        /// Attitude, skill or care of people (人员).
        People = "people",
        /// How the work is arranged (流程).
        Process = "process",
        /// What is sold: design, defect, material (产品).
        Product = "product",
        /// Programs and machines behind it (系统).
        System = "system",
        /// Those from whom the firm buys (供应商).
        Supplier = "supplier",
        /// Something was not said, or said wrongly (沟通).
        Communication = "communication",
        /// The customer's own doing (客户自身).
        Customer = "customer",
        Other = "other",
    }
}

/// One "why" and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Why what was answered before; plainly "why" where it is left out.
    pub question: Option<String>,
    pub answer: String,
}
