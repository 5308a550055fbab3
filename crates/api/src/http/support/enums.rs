//! The domain's enums as the contract shows them. The values come from the domain, so the two cannot differ.

use std::borrow::Cow;

use huiyin_domain::{audit, customers, event, feedback, follow_up, identity, notice, sla, tiering};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! enum_schemas {
    ($($schema:ident = $name:literal: $all:expr, $description:literal;)+) => { $(
        #[doc = $description]
        #[derive(Debug)]
        pub struct $schema;

        impl PartialSchema for $schema {
            fn schema() -> RefOr<Schema> {
                let values: Vec<&'static str> = $all.iter().map(|value| value.as_str()).collect();
                let example = values.first().copied().unwrap_or_default();
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .enum_values(Some(values))
                    .examples([serde_json::Value::from(example)])
                    .into()
            }
        }

        impl ToSchema for $schema {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )+ };
}

enum_schemas! {
    RoleSchema = "Role": identity::Role::OF_PEOPLE, "What a person may do (角色).";
    DataScopeSchema = "DataScope": identity::DataScope::ALL, "Which rows somebody reaches (数据范围).";
    PermissionSchema = "Permission": identity::Permission::ALL, "One thing that may be allowed; also the scopes of API keys.";
    CustomerKindSchema = "CustomerKind": customers::CustomerKind::ALL, "Whether an enterprise or a person is cared for.";
    ChangeStatusSchema = "ChangeStatus": customers::ChangeStatus::ALL, "Where a change request stands (变更申请).";
    DuplicateReasonSchema = "DuplicateReason": customers::DuplicateReason::ALL, "What two customers have in common.";
    MergeSideSchema = "MergeSide": customers::MergeSide::ALL, "Whose value stays: that of the survivor (into) or of the one that is no more (from).";
    PersonalFieldSchema = "PersonalField": audit::PersonalField::ALL, "Masked data that can be shown for a stated reason.";
    AuditActionSchema = "AuditAction": audit::AuditAction::ALL, "What was done.";
    AuditActorSchema = "AuditActor": audit::AuditActor::ALL, "Who acted.";
    ImportStatusSchema = "ImportStatus": customers::import::ImportStatus::ALL, "Where an import stands.";
    FileKindSchema = "FileKind": super::table::FileKind::ALL, "In which form a table is wanted.";
    TableFileSchema = "TableFile": super::table::FileKind::FILES, "A table as a file.";
    ExportColumnSchema = "ExportColumn": customers::export::ExportColumn::ALL, "A column of an export.";
    OnDuplicateSchema = "OnDuplicate": customers::import::OnDuplicate::ALL, "What becomes of a row that is a customer already: left out, laid over it, or created all the same.";
    VerdictSchema = "Verdict": customers::import::Verdict::ALL, "What the report says of a row: not imported, a customer already, imported with a notice.";
    MatchKeySchema = "MatchKey": customers::import::MatchKey::ALL, "By what two customers are the same.";
    InteractionMethodSchema = "InteractionMethod": customers::InteractionMethod::ALL, "How one spoke with the customer (互动方式).";
    TodoStatusSchema = "TodoStatus": customers::TodoStatus::ALL, "Whether a to-do is still to be done.";
    AttachmentSubjectSchema = "AttachmentSubject": customers::AttachmentSubject::ALL, "What a file belongs to.";
    CalendarKindSchema = "CalendarKind": customers::CalendarKind::ALL, "By which calendar a birthday is kept: solar (公历) or lunar (农历).";
    CooperationStageSchema = "CooperationStage": customers::CooperationStage::ALL, "How far the cooperation has come (合作阶段).";
    PreferredChannelSchema = "PreferredChannel": customers::PreferredChannel::ALL, "How a customer wants to be reached.";
    CustomKindSchema = "CustomKind": customers::CustomKind::ALL, "The type of a custom field (自定义字段).";
    ActivityKindSchema = "ActivityKind": customers::ActivityKind::ALL, "A sign that a customer uses what it bought.";
    LifecycleStageSchema = "LifecycleStage": tiering::LifecycleStage::ALL, "Where a customer stands in its life with the firm (生命周期阶段).";
    StocktakeStatusSchema = "StocktakeStatus": customers::StocktakeStatus::ALL, "How far a stocktake has come.";
    ConfirmationStatusSchema = "ConfirmationStatus": customers::ConfirmationStatus::ALL, "Whether a confirmation has been answered, or is overdue.";
    ChurnPeriodSchema = "ChurnPeriod": tiering::churn::Period::ALL, "The unit of time of a churn model.";
    ChurnModelKindSchema = "ChurnModelKind": tiering::churn::ModelKind::ALL, "Which churn model: BG/NBD, or NBD, its limit without dropout.";
    ChurnShortfallSchema = "ChurnShortfall": tiering::churn::Shortfall::ALL, "Why the likelihood of BG/NBD has no maximum to rely on.";
    ChurnScoringSchema = "ChurnScoring": tiering::churn::Scoring::ALL, "How far scoring all customers by a churn model has come.";
    ChurnRiskSchema = "ChurnRisk": tiering::ChurnRisk::ALL, "How likely it is that a customer does not order again (流失风险).";
    OrderStatusSchema = "OrderStatus": customers::OrderStatus::ALL, "Where an order stands; cancelled ones do not count.";
    TierSchema = "Tier": tiering::Tier::ALL, "Value level (客户分层).";
    RfmClassSchema = "RfmClass": tiering::RfmClass::ALL, "The eight classic RFM classes (重要价值 … 一般挽留).";
    TierCauseSchema = "TierCause": tiering::TierCause::ALL, "Why tiers were computed: for all customers (run, model), or because of an order or a tag.";
    ReferenceRuleSchema = "ReferenceRule": tiering::ReferenceRule::ALL, "The day from which recency and window are counted back: the day of the run, the latest order up to then, or the end of the month before.";
    RunStatusSchema = "RunStatus": tiering::RunStatus::ALL, "Where a computation stands.";
    SegmentStatusSchema = "SegmentStatus": tiering::SegmentStatus::ALL, "Whether a segment follows its condition.";
    RefreshStateSchema = "RefreshState": tiering::RefreshState::ALL, "Where holding all customers against the condition stands.";
    ChannelSchema = "Channel": feedback::Channel::ALL, "Where a feedback came from (渠道).";
    FieldRuleSchema = "FieldRule": feedback::entry::FieldRule::ALL, "Whether an entry point asks for something.";
    EntryFieldSchema = "EntryField": feedback::entry::EntryField::ALL, "What an entry point may ask for.";
    PublicStateSchema = "PublicState": feedback::entry::PublicState::ALL, "Where a feedback stands, for the one who left it.";
    FeedbackTypeSchema = "FeedbackType": feedback::FeedbackType::ALL, "Complaint (投诉), suggestion (建议) or inquiry (咨询).";
    SubtypeSchema = "Subtype": feedback::Subtype::ALL, "The category within the type.";
    PrioritySchema = "Priority": feedback::Priority::ALL, "How pressing it is (优先级).";
    MoodSchema = "Mood": feedback::Mood::ALL, "How the customer feels (情绪).";
    StateSchema = "FeedbackState": feedback::State::ALL, "Where a feedback stands.";
    AwaitingSchema = "Awaiting": feedback::Awaiting::ALL, "What the customer is awaited for.";
    PartRoleSchema = "PartRole": feedback::PartRole::ALL, "Whose part of a feedback it is: the lead's (牵头部门) or a collaborator's (协同部门).";
    PartStateSchema = "PartState": feedback::PartState::ALL, "Where a part of a feedback stands.";
    MethodSchema = "Method": feedback::Method::ALL, "How somebody spoke with the customer.";
    DirectionSchema = "Direction": feedback::Direction::ALL, "Who spoke.";
    LeadSchema = "Lead": feedback::Lead::ALL, "Who leads a feedback: the department that a rule names, or one that a supervisor names (牵头部门).";
    StrategySchema = "Strategy": feedback::Strategy::ALL, "How somebody of the department is found: nobody is (pool), whoever has the fewest open, by turn, or a certain person (分配方式).";
    AssignStrategySchema = "AssignStrategy": feedback::Strategy::OF_DEPARTMENTS, "How somebody of the department is found where nobody is named.";
    CriterionSchema = "Criterion": feedback::Criterion::ALL, "What a routing rule asks.";
    WorkViewSchema = "WorkView": feedback::WorkView::ALL, "In whose hands: one's own, the department's, nobody's there, or of no department (待分派).";
    ExplanationStatusSchema = "ExplanationStatus": feedback::ExplanationStatus::ALL, "Where a delay explanation stands (延迟说明).";
    EscalationLevelSchema = "EscalationLevel": sla::EscalationLevel::ALL, "Who is told next when nothing happens after a missed deadline (升级).";
    CauseCategorySchema = "CauseCategory": feedback::CauseCategory::ALL, "Where a cause lies (根本原因类别).";
    VerificationOutcomeSchema = "VerificationOutcome": feedback::VerificationOutcome::ALL, "What came of asking the customer whether a resolution holds.";
    DemandStatusSchema = "DemandStatus": feedback::DemandStatus::ALL, "Where a demand stands (需求状态).";
    FollowUpMethodSchema = "FollowUpMethod": follow_up::FollowUpMethod::ALL, "How the customer is contacted (回访方式).";
    PlanStatusSchema = "PlanStatus": follow_up::PlanStatus::ALL, "Where a follow-up plan stands.";
    PresetSchema = "Preset": follow_up::preset::Preset::ALL, "A follow-up plan that most firms want (预置计划).";
    GoalMetricSchema = "GoalMetric": follow_up::plan::GoalMetric::ALL, "What a follow-up plan is to reach: mean CSAT, share of CSAT of at least 4, NPS, share of customers reached, share of tasks done in time.";
    PurposeSchema = "ContactPurpose": follow_up::frequency::Purpose::ALL, "What customers are contacted for: what they have begun themselves (`service`), or what the firm wants (`marketing`), which is limited.";
    CatchUpSchema = "CatchUp": follow_up::CatchUp::ALL, "What becomes of occasions that were missed: made late, left out, or the last one stands for all.";
    TaskPrioritySchema = "TaskPriority": follow_up::TaskPriority::ALL, "How pressing a follow-up task is.";
    RecordOutcomeSchema = "RecordOutcome": follow_up::RecordOutcome::ALL, "What came of a contact that was made (联系结果).";
    ResolutionVerdictSchema = "ResolutionVerdict": follow_up::record::VERDICTS, "What the customer says of a resolution: settled or not.";
    LeadStatusSchema = "LeadStatus": follow_up::LeadStatus::ALL, "How far a purchase intent has come (线索状态).";
    LeadProgressSchema = "LeadProgress": follow_up::LeadStatus::OPEN, "A purchase intent that is worked on.";
    LeadResultSchema = "LeadResult": follow_up::LeadStatus::CLOSED, "How a purchase intent has ended.";
    AlertKindSchema = "AlertKind": follow_up::AlertKind::ALL, "Why somebody should look (预警).";
    AlertStatusSchema = "AlertStatus": follow_up::AlertStatus::ALL, "Whether somebody has seen to an alert.";
    ScriptStatusSchema = "ScriptStatus": follow_up::script::ScriptStatus::ALL, "Whether a script can be chosen.";
    ScriptTopicSchema = "ScriptTopic": follow_up::script::Topic::ALL, "What a question is about.";
    AnswerKindSchema = "AnswerKind": follow_up::script::AnswerKind::ALL, "How a question is answered: by 1 to 5, by 0 to 10, by choosing, or in words.";
    ScriptTemplateSchema = "ScriptTemplateKey": follow_up::script::templates::ScriptTemplate::ALL, "What a script to begin with is for.";
    ScriptVariableSchema = "ScriptVariableName": follow_up::script::Variable::ALL, "What a script can be filled with.";
    CoverageBySchema = "CoverageBy": follow_up::coverage::CoverageBy::ALL, "By what coverage is shown; weeks begin on Monday.";
    SampleVerdictSchema = "SampleVerdict": follow_up::sampling::SampleVerdict::ALL, "What checking a record against the customer file has shown.";
    TaskOutcomeSchema = "TaskOutcome": follow_up::TaskOutcome::ALL, "What came of contacting the customer.";
    TaskOriginSchema = "TaskOrigin": follow_up::TaskOrigin::ALL, "What a follow-up task came from.";
    TaskStateSchema = "TaskState": follow_up::TaskState::ALL, "Where a follow-up task stands.";
    CancelCauseSchema = "CancelCause": follow_up::CancelCause::ALL, "Why a follow-up task was cancelled.";
    TaskViewSchema = "TaskView": follow_up::TaskView::ALL, "In whose hands: one's own, the department's, or nobody's there.";
    NotReachedSchema = "NotReached": follow_up::task::NotReached::ALL, "Why nobody was reached.";
    ClockKindSchema = "ClockKind": sla::ClockKind::ALL, "What a deadline is for.";
    UnitSchema = "Unit": sla::Unit::ALL, "minutes, hours and days elapse; business_hours and working_days go by the calendar.";
    NoticeSchema = "Notice": notice::NOTICES, "A kind of event of which users are told (通知).";
    SubjectSchema = "Subject": event::Subject::ALL, "What an event is about.";
}
