//! Customer tiers (客户分层) from recency, frequency and monetary value (RFM), and where customers stand in their life.

pub mod churn;
pub mod condition;
mod cuts;
mod lifecycle;
mod model;
mod rfm;
mod scale;
mod schedule;
mod segment;

pub use cuts::CutPoints;
pub use lifecycle::{LifecycleBounds, LifecycleFacts, LifecycleRule};
pub use model::{
    ClassCut, Placement, ReferenceRule, ScoreRange, Scoring, ScoringTriple, TagEffect, TagRule, TierModel, TierRule,
};
pub use rfm::{Figures, RfmClass, Scores};
pub use scale::{Scale, Scales};
pub use schedule::DailySchedule;
pub use segment::{RefreshState, SegmentStatus};

use crate::fault::Lang;
use crate::text_enum;

text_enum! {
    /// Value level of a customer, the highest first.
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

impl Tier {
    /// What it is called in front of people.
    pub fn name(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Tier::Vip => ("重要价值客户", "Top customer"),
            Tier::Potential => ("潜力客户", "Customer with potential"),
            Tier::Regular => ("普通客户", "Regular customer"),
            Tier::AtRisk => ("流失风险客户", "Customer at risk"),
            Tier::Dormant => ("沉睡客户", "Dormant customer"),
        };
        if lang == Lang::Zh { zh } else { en }
    }

    /// The next level up; the highest stays.
    pub fn raised(self) -> Self {
        Self::ALL[(self as usize).saturating_sub(1)]
    }

    /// The next level down; the lowest stays.
    pub fn lowered(self) -> Self {
        Self::ALL[(self as usize + 1).min(Self::ALL.len() - 1)]
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
    /// Why a customer's tier changed.
    TierCause {
        /// All customers were computed anew, on schedule or on demand.
        Run = "run",
        /// An order of the customer came in or changed.
        Order = "order",
        /// Another model was activated, and all customers were computed anew by it.
        Model = "model",
        /// The customer's tags or the customer itself changed.
        Tag = "tag",
    }
}

text_enum! {
    /// Where a customer stands in its life with the firm (生命周期阶段).
    LifecycleStage {
        /// 新客户
        New = "new",
        /// 成长期
        Growing = "growing",
        /// 成熟期
        Mature = "mature",
        /// 续约前
        PreRenewal = "pre_renewal",
        /// 流失
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
