//! Customer tiers (客户分层) from recency, frequency and monetary value (RFM).

pub mod churn;
pub mod condition;
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

text_enum! {
    /// Where a customer stands in its life with the firm (生命周期阶段).
    LifecycleStage {
        New = "new",
        Growing = "growing",
        Mature = "mature",
        PreRenewal = "pre_renewal",
        Lapsed = "lapsed",
    }
}

text_enum! {
    /// How likely it is that a customer does not order again (流失风险).
    ChurnRisk {
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}
