//! Coverage as it is shown.

use chrono::NaiveDate;
use huiyin_domain::follow_up::coverage::{CoverageBy, Figures};
use huiyin_domain::follow_up::plan::GoalMetric;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::support::enums::{CoverageBySchema, GoalMetricSchema};

/// Customer satisfaction (CSAT, 1 to 5), of those who answered.
#[derive(Debug, Serialize, ToSchema)]
struct CsatFigures {
    /// Answers.
    #[schema(minimum = 0, example = 40)]
    count: i64,
    /// Null where nobody answered.
    #[schema(minimum = 1, maximum = 5, example = 4.35)]
    average: Option<f64>,
    /// Answers of 4 and 5.
    #[schema(minimum = 0, example = 36)]
    satisfied: i64,
    /// Their share, per cent.
    #[schema(minimum = 0, maximum = 100, example = 90.0)]
    satisfaction_rate: Option<f64>,
}

/// Net promoter score (NPS), of those who answered.
#[derive(Debug, Serialize, ToSchema)]
struct NpsFigures {
    /// Answers.
    #[schema(minimum = 0, example = 40)]
    count: i64,
    /// Answers of 9 and 10.
    #[schema(minimum = 0, example = 22)]
    promoters: i64,
    /// Answers of 7 and 8.
    #[schema(minimum = 0, example = 10)]
    passives: i64,
    /// Answers of 0 to 6.
    #[schema(minimum = 0, example = 8)]
    detractors: i64,
    /// The share of promoters less that of detractors, in points; null where nobody answered.
    #[schema(minimum = -100, maximum = 100, example = 35.0)]
    score: Option<f64>,
}

/// What became of the follow-ups that were due (回访覆盖率). Rates are per cent and not rounded, null where nothing was due.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageFigures {
    /// `reached`, `refused`, `unreachable`, `open` and `cancelled` together.
    #[schema(minimum = 0, example = 120)]
    due: i64,
    #[schema(minimum = 0, example = 90)]
    reached: i64,
    #[schema(minimum = 0, example = 4)]
    refused: i64,
    #[schema(minimum = 0, example = 6)]
    unreachable: i64,
    /// Still to be done.
    #[schema(minimum = 0, example = 18)]
    open: i64,
    /// Of the open ones, those whose time has run out by now, postponed or not.
    #[schema(minimum = 0, example = 5)]
    overdue: i64,
    /// By a person: they stay due.
    #[schema(minimum = 0, example = 2)]
    cancelled: i64,
    /// Cancelled because nothing was owed any more (the customer left the audience or was merged, the feedback moved): not
    /// due.
    #[schema(minimum = 0, example = 7)]
    dropped: i64,
    /// Completed no later than the end of their window before they were postponed.
    #[schema(minimum = 0, example = 84)]
    in_time: i64,
    /// reached / due.
    #[schema(minimum = 0, maximum = 100, example = 75.0)]
    coverage: Option<f64>,
    /// (reached + refused + unreachable) / due.
    #[schema(minimum = 0, maximum = 100, example = 83.3)]
    completion: Option<f64>,
    /// in_time / due.
    #[schema(minimum = 0, maximum = 100, example = 70.0)]
    on_time_rate: Option<f64>,
    csat: CsatFigures,
    nps: NpsFigures,
}

impl From<Figures> for CoverageFigures {
    fn from(figures: Figures) -> Self {
        CoverageFigures {
            due: figures.due(),
            reached: figures.reached,
            refused: figures.refused,
            unreachable: figures.unreachable,
            open: figures.open,
            overdue: figures.overdue,
            cancelled: figures.cancelled,
            dropped: figures.dropped,
            in_time: figures.in_time,
            coverage: figures.coverage(),
            completion: figures.completion(),
            on_time_rate: figures.on_time_rate(),
            csat: CsatFigures {
                count: figures.csat_count,
                average: figures.csat_average(),
                satisfied: figures.satisfied,
                satisfaction_rate: figures.satisfaction_rate(),
            },
            nps: NpsFigures {
                count: figures.nps_count,
                promoters: figures.promoters,
                passives: figures.nps_count - figures.promoters - figures.detractors,
                detractors: figures.detractors,
                score: figures.nps(),
            },
        }
    }
}

/// One plan, department, person or part of the period.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageRow {
    /// Of the plan, department or person; null for tasks of none, and for parts of time.
    pub id: Option<Uuid>,
    /// How it is called.
    #[schema(example = "购买后回访")]
    pub name: Option<String>,
    /// Null unless it is a part of time.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub figures: CoverageFigures,
}

/// Coverage of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct Coverage {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub total: CoverageFigures,
    /// By what `rows` divide it; null where they were not asked for.
    #[schema(value_type = Option<CoverageBySchema>)]
    pub by: Option<CoverageBy>,
    /// Parts of time in their order, all of them; others with most due first.
    pub rows: Vec<CoverageRow>,
}

/// How far a plan's goal has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct GoalProgress {
    #[schema(value_type = GoalMetricSchema)]
    pub metric: GoalMetric,
    #[schema(example = 95.0)]
    pub target: f64,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Null as long as there is nothing to measure.
    #[schema(example = 92.5)]
    pub actual: Option<f64>,
    /// Of how many tasks or answers.
    #[schema(minimum = 0, example = 40)]
    pub count: i64,
    pub reached: bool,
}
