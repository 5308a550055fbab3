//! Customer tiers (客户分层) from recency, frequency and monetary value (RFM).

pub mod churn;
mod model;
mod rfm;

pub use model::{ClassCut, ScoreRange, TierModel, TierRule};
pub use rfm::{Figures, RfmClass, Scored, Scores, score};

use crate::text_enum;

text_enum! {
    /// Value level of a customer.
    Tier {
        /// 重要价值客户
        Vip = "vip",
        /// 潜力客户
        Potential = "potential",
        /// 普通客户
        Regular = "regular",
        /// 流失风险客户
        AtRisk = "at_risk",
        /// 沉睡客户
        Dormant = "dormant",
    }
}

text_enum! {
    /// Where a computation of tiers stands.
    RunStatus {
        Pending = "pending",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
    }
}
