//! The one table of everything that can be wrong: a stable code, its kind, and a sentence in Chinese and English.

use serde::{Deserialize, Serialize};

/// What sort of wrong it is; the HTTP floor gives each its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Malformed,
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    Precondition,
    TooLarge,
    UnsupportedMedia,
    TooMany,
    Timeout,
    Internal,
    Unavailable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    Zh,
    En,
}

macro_rules! codes {
    ($($variant:ident = $code:literal, $kind:ident, $zh:literal, $en:literal;)+) => {
        /// A stable code. `{name}` in the sentences stands for a parameter.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code { $(#[serde(rename = $code)] $variant),+ }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];
            pub fn as_str(self) -> &'static str { match self { $(Code::$variant => $code),+ } }
            pub fn kind(self) -> Kind { match self { $(Code::$variant => Kind::$kind),+ } }
            /// The sentence with its `{placeholders}`.
            pub fn template(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Code::$variant, Lang::Zh) => $zh, (Code::$variant, Lang::En) => $en),+ }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", Malformed, "请求体不是合法的 JSON：{reason}", "The body is not valid JSON: {reason}";
    MalformedHeader = "malformed_header", Malformed, "请求头 {header} 的格式不正确", "The header {header} is malformed";
    MalformedMultipart = "malformed_multipart", Malformed, "请求体不是合法的 multipart/form-data：{reason}", "The body is not valid multipart/form-data: {reason}";
    ValidationFailed = "validation_failed", Invalid, "请求内容有误，见 errors", "The request has faults, see errors";
    // What can be wrong with one field; these stand in `errors[]`.
    Required = "required", Invalid, "缺少必填字段 {name}", "The field {name} is required";
    UnknownField = "unknown_field", Invalid, "未知字段 {name}", "Unknown field {name}";
    WrongType = "wrong_type", Invalid, "类型应为 {expected}", "Expected {expected}";
    TooLong = "too_long", Invalid, "长度超过上限 {limit}", "Longer than the limit of {limit}";
    TooShort = "too_short", Invalid, "长度不足 {limit}", "Shorter than {limit}";
    OutOfRange = "out_of_range", Invalid, "数值超出范围（{limit}）", "Out of range ({limit})";
    InvalidFormat = "invalid_format", Invalid, "格式不正确，应为 {expected}", "Invalid format, expected {expected}";
    NotAllowed = "not_allowed", Invalid, "不允许的取值，可选：{allowed}", "Not an allowed value; allowed: {allowed}";
    NotUnique = "not_unique", Invalid, "存在重复项", "Contains duplicates";
    NulCharacter = "nul_character", Invalid, "文本不能包含空字符 (U+0000)", "Text must not contain U+0000";
    InvalidCursor = "invalid_cursor", Invalid, "分页游标无效", "The cursor is not one of ours";
    InvalidValue = "invalid_value", Invalid, "取值无效：{reason}", "Invalid value: {reason}";
    AmountPrecision = "amount_precision", Invalid, "金额最多两位小数", "An amount has at most two decimal places";
    AmountNegative = "amount_negative", Invalid, "金额不能为负", "The amount must not be negative";
    UnknownTimeZone = "unknown_time_zone", Invalid, "未知时区", "Unknown time zone";
    LineTooLong = "line_too_long", Invalid, "该行超过 {limit} 字节", "The line is longer than {limit} bytes";

    Unauthenticated = "unauthenticated", Unauthenticated, "请先登录：缺少或无效的访问令牌", "Sign in first: the access token is missing or invalid";
    InvalidCredentials = "invalid_credentials", Unauthenticated, "用户名或密码不正确", "Wrong user name or password";
    RefreshTokenInvalid = "refresh_token_invalid", Unauthenticated, "刷新令牌无效或已过期", "The refresh token is invalid or expired";
    RefreshTokenReused = "refresh_token_reused", Unauthenticated, "刷新令牌被重复使用，会话已终止", "The refresh token was used before; the session has been ended";
    AccountLocked = "account_locked", TooMany, "登录失败次数过多，请在 {seconds} 秒后重试", "Too many failures, try again in {seconds} seconds";
    Forbidden = "forbidden", Forbidden, "当前角色没有权限 {permission}", "Your role lacks the permission {permission}";

    RouteNotFound = "route_not_found", NotFound, "没有这个地址", "There is nothing at this address";
    MethodNotAllowed = "method_not_allowed", MethodNotAllowed, "该地址不支持此方法，可用：{allowed}", "Not a method of this address; allowed: {allowed}";
    UserNotFound = "user_not_found", NotFound, "没有这个用户", "No such user";
    DepartmentNotFound = "department_not_found", NotFound, "没有这个部门", "No such department";
    ApiKeyNotFound = "api_key_not_found", NotFound, "没有这个 API 密钥", "No such API key";
    CustomerNotFound = "customer_not_found", NotFound, "没有这个客户", "No such customer";
    ImportNotFound = "import_not_found", NotFound, "没有这次导入", "No such import";
    ContactNotFound = "contact_not_found", NotFound, "没有这个联系人", "No such contact";
    InteractionNotFound = "interaction_not_found", NotFound, "没有这条互动记录", "No such interaction";
    TodoNotFound = "todo_not_found", NotFound, "没有这个待办", "No such to-do";
    AttachmentNotFound = "attachment_not_found", NotFound, "没有这个附件", "No such attachment";
    ClassifierVersionNotFound = "classifier_version_not_found", NotFound, "没有这个分类器版本", "No such version of the classifier";
    OrderNotFound = "order_not_found", NotFound, "没有这个订单", "No such order";
    TierNotFound = "tier_not_found", NotFound, "该客户还没有分层结果", "The customer has no tier yet";
    TieringModelNotFound = "tiering_model_not_found", NotFound, "没有这个分层模型", "No such tiering model";
    TieringRunNotFound = "tiering_run_not_found", NotFound, "没有这次分层计算", "No such tiering run";
    StocktakeNotFound = "stocktake_not_found", NotFound, "没有这次清查行动", "No such stocktake";
    ConfirmationNotFound = "confirmation_not_found", NotFound, "没有这条清查确认", "No such confirmation";
    SegmentNotFound = "segment_not_found", NotFound, "没有这个客户群", "No such segment";
    ChurnModelNotFound = "churn_model_not_found", NotFound, "没有流失预测模型", "No such churn model";
    ChurnNotFound = "churn_not_found", NotFound, "该客户在模型的基准日之前没有订单", "The customer has no order up to the model's reference date";
    EntryNotFound = "entry_not_found", NotFound, "没有这个反馈入口", "No such entry point";
    ReceiptNotFound = "receipt_not_found", NotFound, "没有这个回执", "No such receipt";
    FeedbackNotFound = "feedback_not_found", NotFound, "没有这条反馈", "No such feedback";
    PartNotFound = "part_not_found", NotFound, "该反馈没有这个分工", "The feedback has no such part";
    RoutingRuleNotFound = "routing_rule_not_found", NotFound, "没有这条分派规则", "No such routing rule";
    AbsenceNotFound = "absence_not_found", NotFound, "没有这条缺勤记录", "No such absence";
    CaseNotFound = "case_not_found", NotFound, "没有这个案例", "No such case";
    RootCauseNotFound = "root_cause_not_found", NotFound, "该反馈还没有根本原因分析", "The feedback has no root cause yet";
    DemandNotFound = "demand_not_found", NotFound, "没有这个需求", "No such demand";
    PlanNotFound = "plan_not_found", NotFound, "没有这个回访计划", "No such follow-up plan";
    TouchpointNotFound = "touchpoint_not_found", NotFound, "计划中没有这个触点", "The plan has no such touchpoint";
    TaskNotFound = "task_not_found", NotFound, "没有这个回访任务", "No such follow-up task";
    ScriptNotFound = "script_not_found", NotFound, "没有这个话术", "No such script";
    ScriptVersionNotFound = "script_version_not_found", NotFound, "话术没有这个版本", "The script has no such version";
    SampleNotFound = "sample_not_found", NotFound, "没有这次抽查", "No such sample";
    SampleItemNotFound = "sample_item_not_found", NotFound, "抽查中没有这条回访记录", "The sample has no such record";
    GoalNotFound = "goal_not_found", NotFound, "该计划没有设定目标", "The plan has no goal";
    CalendarNotFound = "calendar_not_found", NotFound, "没有这个日历", "No such calendar";
    PolicyNotFound = "policy_not_found", NotFound, "没有这个时限策略", "No such SLA policy";
    ChangeRequestNotFound = "change_request_not_found", NotFound, "没有这个变更申请", "No such change request";
    CustomFieldNotFound = "custom_field_not_found", NotFound, "没有这个自定义字段", "No such custom field";
    ExplanationNotFound = "explanation_not_found", NotFound, "没有这条延迟说明", "No such delay explanation";
    FollowUpRecordNotFound = "follow_up_record_not_found", NotFound, "没有这条回访记录", "No such follow-up record";
    LeadNotFound = "lead_not_found", NotFound, "没有这条线索", "No such lead";
    AlertNotFound = "alert_not_found", NotFound, "没有这条预警", "No such alert";
    NotificationNotFound = "notification_not_found", NotFound, "没有这条通知", "No such notification";

    UsernameTaken = "username_taken", Conflict, "用户名已被使用", "The user name is taken";
    DepartmentCodeTaken = "department_code_taken", Conflict, "部门代码已被使用", "The department code is taken";
    ExternalIdTaken = "external_id_taken", Conflict, "该外部编号已属于另一客户", "The external id belongs to another customer";
    PhoneInvalid = "phone_invalid", Conflict, "不是有效的电话号码：没有这个国家或地区代码", "No valid phone number: there is no such country code";
    BirthdayInvalid = "birthday_invalid", Conflict, "没有这一天：{reason}", "There is no such day: {reason}";
    CustomFieldTaken = "custom_field_taken", Conflict, "自定义字段 {name} 已存在", "There is a custom field {name} already";
    CustomFieldConflict = "custom_field_conflict", Conflict, "自定义字段的定义自相矛盾：{reason}", "The definition of the custom field contradicts itself: {reason}";
    CustomFieldUnknown = "custom_field_unknown", Conflict, "没有自定义字段 {name}", "There is no custom field {name}";
    CustomFieldRequired = "custom_field_required", Conflict, "缺少必填的自定义字段 {name}", "The custom field {name} is required";
    CustomFieldInvalid = "custom_field_invalid", Conflict, "自定义字段的取值无效：{reason}", "Invalid value of a custom field: {reason}";
    TooManyTags = "too_many_tags", Conflict, "一位客户最多 {limit} 个标签", "A customer has at most {limit} tags";
    ActivityWithoutCustomer = "activity_without_customer", Conflict, "需要且只能提供 customer_id 或 external_id 之一", "It takes customer_id or external_id, one of the two";
    OrderIncomplete = "order_incomplete", Conflict, "新订单必须提供 {name}", "A new order needs {name}";
    RefundTooLarge = "refund_too_large", Conflict, "退款不能超过订单金额 {amount}", "A refund cannot exceed the amount of {amount}";
    ConditionTooLarge = "condition_too_large", Conflict, "条件过大：最多 {nodes} 个节点、{depth} 层", "The condition is too large: {nodes} nodes in {depth} levels at most";
    ConditionMismatch = "condition_mismatch", Conflict, "自定义字段 {name} 的类型是 {kind}，不能这样比较", "The custom field {name} is of the type {kind} and not compared so";
    CursorMismatch = "cursor_mismatch", Conflict, "分页游标属于另一种排序", "The cursor is of another order";
    SegmentArchived = "segment_archived", Conflict, "客户群已归档，不再更新", "The segment is archived and not refreshed any more";
    OrderExists = "order_exists", Conflict, "该系统的订单号已存在", "The system has an order of this number already";
    NameRequired = "name_required", Conflict, "新客户必须提供名称 (name)", "A new customer needs a name";
    CustomerMerged = "customer_merged", Conflict, "该客户已并入客户 {into}", "The customer was merged into {into}";
    MergeWithItself = "merge_with_itself", Conflict, "不能把客户并入自身", "A customer cannot be merged with itself";
    ChangeRequestPending = "change_request_pending", Conflict, "字段 {fields} 已有待审批的变更申请 {request}", "The fields {fields} wait for change request {request} already";
    ChangeRequestDecided = "change_request_decided", Conflict, "变更申请已是 {status} 状态", "The change request is {status} already";
    ChangeRequestStale = "change_request_stale", Conflict, "字段 {fields} 在申请之后已变化，申请已失效", "The fields {fields} have changed since the request, which is superseded now";
    OwnChangeRequest = "own_change_request", Conflict, "不能审批自己的变更申请", "Nobody decides on the own change request";
    NotYourChangeRequest = "not_your_change_request", Conflict, "只有申请人可以撤回", "Only the requester withdraws it";
    NotYourDepartment = "not_your_department", Conflict, "客户属于其他部门，须由该部门负责人或管理员处理", "The customer is of another department: its manager or an administrator decides";
    MappingInvalid = "mapping_invalid", Conflict, "mapping 无效：{reason}", "The mapping is not usable: {reason}";
    ImportState = "import_state", Conflict, "导入不能撤销：{reason}", "The import cannot be undone: {reason}";
    NameTaken = "name_taken", Conflict, "名称已被使用", "The name is taken";
    LastAdmin = "last_admin", Conflict, "不能停用或降级最后一位管理员", "The last administrator cannot be deactivated or demoted";
    WrongPassword = "wrong_password", Conflict, "当前密码不正确", "The current password is wrong";
    OwnAccount = "own_account", Conflict, "不能在这里修改自己的密码、角色、部门或状态", "Your own password, role, department and state are not changed here";
    CalendarConflict = "calendar_conflict", Conflict, "日历自相矛盾：{reason}", "The calendar contradicts itself: {reason}";
    StocktakeDue = "stocktake_due", Conflict, "截止日期不能早于今天", "The due date must not have passed";
    StocktakeClosed = "stocktake_closed", Conflict, "清查行动已结束", "The stocktake is closed";
    StocktakeContradiction = "stocktake_contradiction", Conflict, "流失的客户不能同时续约或处于其他合作阶段", "A lost customer has neither renewed nor another stage, and only a lost one is lost";
    ConfirmationAnswered = "confirmation_answered", Conflict, "该客户已在本次清查中确认", "The customer has been confirmed in this stocktake already";
    TieringModelConflict = "tiering_model_conflict", Conflict, "分层模型自相矛盾：{reason}", "The tiering model contradicts itself: {reason}";
    TieringModelActive = "tiering_model_active", Conflict, "启用中的模型不能删除", "The active model cannot be deleted";
    LifecycleConflict = "lifecycle_conflict", Conflict, "生命周期规则自相矛盾：{reason}", "The lifecycle rule contradicts itself: {reason}";
    DateInFuture = "date_in_future", Conflict, "{date} 还没有到", "{date} has not come yet";
    HoldoutNotAfter = "holdout_not_after", Conflict, "验证期必须在基准日 {as_of} 之后结束", "The holdout must end after the reference date {as_of}";
    ThresholdsCrossed = "thresholds_crossed", Conflict, "high_below 不能大于 low_from", "high_below must not be greater than low_from";
    ChurnNoHistory = "churn_no_history", Conflict, "截至 {as_of} 没有可用于拟合的订单历史", "Up to {as_of} there is no history of orders to fit to";
    NothingToLearn = "nothing_to_learn", Conflict, "没有新的纠正可供学习", "There is no new correction to learn from";
    ChurnFitRunning = "churn_fit_running", Conflict, "正在拟合另一个模型，请稍后再试", "Another model is being fitted; try again later";
    FeedbackState = "feedback_state", Conflict, "反馈处于 {state} 状态，不能执行 {action}", "The feedback is {state}: {action} is not possible now";
    SolutionNotShown = "solution_not_shown", Conflict, "解决方案和改进措施尚未告知客户，请先登记沟通", "The customer has not been shown both solution and improvement yet; record it first";
    NothingToShow = "nothing_to_show", Conflict, "反馈尚未解决，没有可告知的解决方案", "The feedback is not resolved: there is no solution to be shown";
    ScoreContradicts = "score_contradicts", Conflict, "评分与结果 {outcome} 矛盾", "The score contradicts the outcome {outcome}";
    TaskState = "task_state", Conflict, "回访任务处于 {state} 状态，不能执行 {action}", "The follow-up task is {state}: {action} is not possible now";
    TaskNotYours = "task_not_yours", Conflict, "该回访任务由他人负责", "The follow-up task is in the hands of somebody else";
    AssigneeCannotFollowUp = "assignee_cannot_follow_up", Conflict, "角色 {role} 不处理回访任务", "The role {role} does not handle follow-ups";
    TaskTaken = "task_taken", Conflict, "该回访任务已被他人接手", "Somebody else has taken the follow-up task";
    DueInPast = "due_in_past", Conflict, "时间必须晚于现在", "It must lie in the future";
    DueWindow = "due_window", Conflict, "开始时间不能晚于到期时间", "It cannot begin after it is due";
    DueTooFar = "due_too_far", Conflict, "到期时间不能晚于 {years} 年之后", "It cannot be due more than {years} years ahead";
    NotLater = "not_later", Conflict, "推迟后的到期时间必须晚于 {due_by}", "It is postponed to after {due_by} only";
    PostponeLimit = "postpone_limit", Conflict, "最多推迟 {times} 次，合计不超过 {days} 天", "It is put off {times} times and {days} days at most";
    NotASuggestion = "not_a_suggestion", Conflict, "只有建议类反馈可以归入需求", "Only a suggestion asks for a demand";
    DemandStatus = "demand_status", Conflict, "需求不能从 {from} 变为 {to}", "A demand cannot move from {from} to {to}";
    PromiseNotInFuture = "promise_not_in_future", Conflict, "承诺解决时间必须晚于当前时间", "The promised time must lie in the future";
    PromiseBeyondSla = "promise_beyond_sla", Conflict, "承诺解决时间不得晚于时限 {bound}", "The promised time must not be later than the SLA's {bound}";
    PromiseRequired = "promise_required", Conflict, "尚未解决的反馈必须给出新的承诺解决时间", "What is not resolved yet needs a new promised time";
    FeedbackTaken = "feedback_taken", Conflict, "该反馈已被他人受理", "Somebody else has taken the feedback";
    ExplanationOwed = "explanation_owed", Conflict, "逾期超过三天，须先提交延迟说明", "Missed by more than three days: give a delay explanation instead";
    ExplanationNotOwed = "explanation_not_owed", Conflict, "该反馈不需要延迟说明", "No delay explanation is owed";
    ExplanationPending = "explanation_pending", Conflict, "已有延迟说明 {explanation} 等待审批", "The delay explanation {explanation} waits for approval already";
    ExplanationDecided = "explanation_decided", Conflict, "延迟说明已是 {status} 状态", "The delay explanation is {status} already";
    OwnExplanation = "own_explanation", Conflict, "不能审批自己的延迟说明", "Nobody decides on the own delay explanation";
    EscalationConflict = "escalation_conflict", Conflict, "升级阶梯的级别和时间必须逐级递增", "The steps of the ladder must rise in level and time";
    DuplicateMessage = "duplicate_message", Conflict, "该渠道消息已登记为反馈 {number}", "This message of the channel is feedback {number} already";
    MessageTaken = "message_taken", Conflict, "该消息编号已用于另一条反馈", "This message id was used for another feedback";
    EntryKeyTaken = "entry_key_taken", Conflict, "反馈入口标识已被使用", "The key belongs to another entry point";
    EntryInUse = "entry_in_use", Conflict, "该入口已收到反馈，不能删除，只能停用", "Feedback has come in by this entry point: it can be switched off, not deleted";
    FieldNotAsked = "field_not_asked", Conflict, "该入口不收集 {name}", "This entry point does not ask for {name}";
    FieldNeeded = "field_needed", Conflict, "该入口要求填写 {name}", "This entry point asks for {name}";
    ContactInvalid = "contact_invalid", Conflict, "不是有效的电话号码或邮箱地址", "Neither a phone number nor a mail address";
    NotYours = "not_yours", Conflict, "该反馈由他人或其他部门处理", "The feedback is in the hands of somebody else or of another department";
    PartState = "part_state", Conflict, "分工处于 {state} 状态，不能执行 {action}", "The part is {state}: {action} is not possible now";
    PartOfLead = "part_of_lead", Conflict, "牵头部门的分工随反馈流转，不能单独处理", "The lead's part follows the feedback and is not moved by itself";
    PartExists = "part_exists", Conflict, "该部门正在处理此反馈", "The department works on the feedback already";
    PartsOpen = "parts_open", Conflict, "还有 {count} 个协同部门的分工未完成", "Parts of collaborating departments are still open: {count}";
    HandlerOutsideDepartment = "handler_outside_department", Conflict, "处理人不属于该部门", "The handler is not of that department";
    RoutingRuleConflict = "routing_rule_conflict", Conflict, "分派规则自相矛盾：{reason}", "The routing rule contradicts itself: {reason}";
    RoutingRulesChanged = "routing_rules_changed", Conflict, "规则清单已变化，请重新读取后再排序", "The rules are not these any more; read them again before ordering them";
    TooManyRoutingRules = "too_many_routing_rules", Conflict, "分派规则最多 {limit} 条", "There are at most {limit} routing rules";
    PlanConflict = "plan_conflict", Conflict, "回访计划自相矛盾：{reason}", "The follow-up plan contradicts itself: {reason}";
    PlanState = "plan_state", Conflict, "回访计划处于 {state} 状态，不能执行 {action}", "The follow-up plan is {state}: {action} is not possible now";
    PlanNotYours = "plan_not_yours", Conflict, "只能管理本部门的回访计划，并交给本部门的人", "One manages the plans of one's own department, and gives them to its people";
    DateFieldUnknown = "date_field_unknown", Conflict, "没有名为 {name} 的日期字段", "There is no date field {name}";
    AbsencePeriod = "absence_period", Conflict, "缺勤的结束时间必须晚于开始时间和当前时间", "An absence ends after it has begun, and has not ended yet";
    AbsenceOverlaps = "absence_overlaps", Conflict, "与已登记的另一段缺勤重叠", "It overlaps another absence of the same person";
    OwnDeputy = "own_deputy", Conflict, "不能代理自己", "Nobody stands in for himself";
    NotYourAbsence = "not_your_absence", Conflict, "只能登记自己的缺勤；他人的由其部门负责人或管理员登记", "One records one's own absence; those of others are for their manager or an administrator";
    CalendarOutOfReach = "calendar_out_of_reach", Conflict, "按此日历 50 年内无法达到目标", "By this calendar the target is not met within 50 years";
    ClockPaused = "clock_paused", Conflict, "计时仍在暂停中", "The clock is still paused";
    NotAuthor = "not_author", Conflict, "只有记录人、负责人、部门负责人或管理员可以修改", "Only who recorded or owns it, a manager or an administrator may change it";
    InTheFuture = "in_the_future", Conflict, "时间不能晚于现在", "The time must not lie in the future";
    TodoState = "todo_state", Conflict, "待办处于 {state} 状态，不能再修改", "The to-do is {state}; it cannot be changed any more";
    RecordExists = "record_exists", Conflict, "该回访任务已有记录 {record}", "The follow-up task has the record {record} already";
    RecordSealed = "record_sealed", Conflict, "回访记录超过 {hours} 小时后不能再修改", "A follow-up record cannot be changed after {hours} hours";
    RefusedWithAnswers = "refused_with_answers", Conflict, "客户拒绝回访，不能填写 {name}", "The customer refused: there can be no {name}";
    AnswersWithoutScript = "answers_without_script", Conflict, "该回访没有话术，不能填写答案", "The follow-up has no script that could be answered";
    ScoreDiffers = "score_differs", Conflict, "评分与话术中的答案 {answer} 不一致", "The score is not the {answer} that the script's question was answered with";
    VerdictNeeded = "verdict_needed", Conflict, "验证回访必须说明客户是否满意", "A verification follow-up must say whether the customer is satisfied";
    VerdictUnasked = "verdict_unasked", Conflict, "只有验证回访才能填写 verification", "Only a verification follow-up has a verification";
    CustomerNeeded = "customer_needed", Conflict, "该回访没有关联客户，不能填写 {name}", "The follow-up is of no known customer: there can be no {name}";
    NextOutOfRange = "next_out_of_range", Conflict, "下次回访须在 {from} 至 {to} 之间", "The next follow-up must lie between {from} and {to}";
    LeadState = "lead_state", Conflict, "线索处于 {state} 状态，不能再修改", "The lead is {state}; it cannot be changed any more";
    AlertState = "alert_state", Conflict, "预警处于 {state} 状态，不能再处理", "The alert is {state} already";
    FileTypeNotAllowed = "file_type_not_allowed", Conflict, "不允许的文件类型，可选扩展名：{allowed}", "Not an allowed type of file; allowed extensions: {allowed}";
    FileContentMismatch = "file_content_mismatch", Conflict, "文件内容与类型 {expected} 不符", "The content of the file is not {expected}";
    ScriptBraces = "script_braces", Conflict, "变量的花括号不成对", "The braces of a variable are not closed or not opened";
    ScriptVariableUnknown = "script_variable_unknown", Conflict, "没有变量 {name}", "There is no variable {name}";
    ScriptKeyRepeated = "script_key_repeated", Conflict, "问题标识 {key} 重复", "The key {key} belongs to an earlier question";
    ScriptTopicOrder = "script_topic_order", Conflict, "封闭式问题应按服务、产品、改进的顺序提问，前面已问到 {topic}", "Closed questions go from service over product to improvement; {topic} has been asked about before";
    ScriptScoreTwice = "script_score_twice", Conflict, "一份话术最多一个 {score} 问题", "A script has one {score} question at most";
    ScriptOptions = "script_options", Conflict, "选择题至少要有两个互不相同的选项", "A choice has at least two options, each another";
    ScriptAskIf = "script_ask_if", Conflict, "追问条件必须引用前面的评分题或选择题 {question}，并给出该题可能的回答", "What a question depends on is an earlier rating, score or choice {question}, and an answer that it can have";
    ScriptField = "script_field", Conflict, "{field} 不适用于 {kind} 类型的问题，或缺少该类型所需的 {field}", "{field} does not belong to a question of the kind {kind}, or that kind needs {field}";
    ScriptArchived = "script_archived", Conflict, "话术已归档", "The script is archived";
    AnswerUnknown = "answer_unknown", Conflict, "话术中没有问题 {key}", "The script has no question {key}";
    AnswerRepeated = "answer_repeated", Conflict, "问题 {key} 回答了两次", "The question {key} is answered twice";
    AnswerNotAsked = "answer_not_asked", Conflict, "按前面的回答，不应提问 {key}", "After what was answered before, {key} is not asked";
    AnswerMissing = "answer_missing", Conflict, "必答问题 {key} 没有回答", "The question {key} must be answered";
    AnswerInvalid = "answer_invalid", Conflict, "问题 {key} 的回答无效，应为：{expected}", "Not an answer to {key}; expected: {expected}";
    PeriodInvalid = "period_invalid", Conflict, "结束日期不能早于开始日期，且最长 {days} 天", "The period must not end before it begins, nor be longer than {days} days";
    OwnRecord = "own_record", Conflict, "不能核查自己的回访记录", "Nobody checks the own follow-up record";
    ConcurrentChange = "concurrent_change", Conflict, "数据同时被他人修改，请重试", "Somebody changed it at the same time; try again";
    ReferenceMissing = "reference_missing", Conflict, "引用的 {name} 不存在", "The {name} referred to does not exist";
    VersionConflict = "version_conflict", Precondition, "数据已变化，请重新读取（当前版本 {etag}）", "It has changed meanwhile; read it again (now {etag})";
    IdempotencyKeyReused = "idempotency_key_reused", Invalid, "同一 Idempotency-Key 已用于不同的请求", "This Idempotency-Key was used for a different request";

    BodyTooLarge = "body_too_large", TooLarge, "请求体超过上限 {limit} 字节", "The body is larger than {limit} bytes";
    UnsupportedMediaType = "unsupported_media_type", UnsupportedMedia, "不支持的内容类型，应为 {expected}", "Unsupported content type, expected {expected}";
    RevealLimit = "reveal_limit", TooMany, "查看明文次数已达每小时上限 {limit}，请在 {seconds} 秒后重试", "The limit of {limit} reveals an hour is reached, try again in {seconds} seconds";
    RateLimited = "rate_limited", TooMany, "请求过于频繁，请在 {seconds} 秒后重试", "Too many requests, try again in {seconds} seconds";
    RequestTimeout = "request_timeout", Timeout, "请求未在时限内发完", "The request was not sent in time";
    Internal = "internal", Internal, "服务器内部错误", "Internal error";
    Unavailable = "unavailable", Unavailable, "服务暂不可用", "The service is not available now";
}

/// One thing that is wrong: a code, where (a JSON pointer into the body, `#query/name` or nothing), and parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {pointer:?} {params:?}", .code.as_str())]
pub struct Fault {
    pub code: Code,
    pub pointer: Option<String>,
    pub params: Vec<(&'static str, String)>,
}

impl Fault {
    pub fn new(code: Code) -> Self {
        Fault { code, pointer: None, params: Vec::new() }
    }

    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.push((name, value.to_string()));
        self
    }

    /// The sentence for a reader, parameters filled in.
    pub fn message(&self, lang: Lang) -> String {
        let mut text = self.code.template(lang).to_owned();
        for (name, value) in &self.params {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_both_languages_take_the_same_parameters() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            let placeholders = |text: &str| text.matches('{').count();
            assert_eq!(
                placeholders(code.template(Lang::Zh)),
                placeholders(code.template(Lang::En)),
                "{}",
                code.as_str()
            );
        }
    }

    #[test]
    fn parameters_are_filled_in() {
        let fault = Fault::new(Code::TooLong).at("/name").with("limit", 200);
        assert_eq!(fault.message(Lang::En), "Longer than the limit of 200");
        assert_eq!(fault.message(Lang::Zh), "长度超过上限 200");
    }
}
