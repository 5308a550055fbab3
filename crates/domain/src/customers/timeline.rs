//! One short sentence for whatever stands in a customer's timeline (时间线).

use chrono::DateTime;
use serde_json::Value;

use crate::fault::Lang;
use crate::reader::Reader;

/// Kind of event, Chinese, English. `{name}` stands for a field of the event's data.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("customer.created", "新建客户 {number}", "Customer {number} created"),
    ("customer.updated", "修改了：{fields}", "Changed: {fields}"),
    ("customer.tier_changed", "客户分层由 {from} 变为 {to}", "Tier changed from {from} to {to}"),
    ("customer.lifecycle_changed", "生命周期阶段由 {from} 变为 {to}", "Lifecycle stage changed from {from} to {to}"),
    ("customer.churn_risk_changed", "流失风险由 {from} 变为 {to}", "Churn risk changed from {from} to {to}"),
    ("customer.merged", "合并了重复客户", "A duplicate was merged into this customer"),
    ("customer.duplicate_dismissed", "确认与另一客户不重复", "Found not to be the same as another customer"),
    ("personal_data.revealed", "查看了明文：{fields}", "Shown unmasked: {fields}"),
    ("change_request.created", "申请变更：{fields}", "Change requested: {fields}"),
    ("change_request.approved", "变更申请已批准：{fields}", "Change approved: {fields}"),
    ("change_request.rejected", "变更申请被驳回", "Change request rejected"),
    ("change_request.withdrawn", "变更申请已撤回", "Change request withdrawn"),
    ("change_request.superseded", "变更申请已失效", "Change request superseded"),
    ("contact.created", "新增联系人", "Contact added"),
    ("contact.updated", "修改联系人：{fields}", "Contact changed: {fields}"),
    ("contact.deleted", "删除联系人", "Contact removed"),
    ("interaction.recorded", "互动：{method}", "Interaction: {method}"),
    ("interaction.updated", "修改互动记录：{fields}", "Interaction changed: {fields}"),
    ("todo.created", "新建待办，{due_on} 到期", "To-do, due on {due_on}"),
    ("todo.updated", "修改待办：{fields}", "To-do changed: {fields}"),
    ("todo.completed", "完成待办", "To-do done"),
    ("todo.cancelled", "取消待办", "To-do cancelled"),
    ("attachment.added", "上传附件（{content_type}）", "File attached ({content_type})"),
    ("attachment.removed", "删除附件", "File removed"),
    ("order.created", "新订单，金额 {amount}，{status}", "Order of {amount}, {status}"),
    ("order.updated", "订单更新，金额 {amount}，{status}", "Order changed: {amount}, {status}"),
    (
        "feedback.received",
        "收到反馈 {number}：{feedback_type} / {subtype}，{priority}",
        "Feedback {number}: {feedback_type} / {subtype}, {priority}",
    ),
    (
        "feedback.triaged",
        "反馈归类为 {feedback_type} / {subtype}",
        "Feedback classified as {feedback_type} / {subtype}",
    ),
    ("feedback.assigned", "反馈已分派", "Feedback dispatched"),
    ("feedback.accepted", "反馈已受理，承诺 {promised_at} 前解决", "Feedback accepted, promised for {promised_at}"),
    ("feedback.rejected", "反馈被退回", "Feedback sent back to dispatch"),
    ("feedback.started", "反馈处理中", "Work on the feedback began"),
    ("feedback.communicated", "就反馈与客户沟通：{method}", "Spoke with the customer about the feedback: {method}"),
    ("feedback.awaiting_customer", "反馈等待客户答复", "Feedback waits for the customer"),
    ("feedback.resumed", "反馈恢复处理", "Work on the feedback goes on"),
    ("feedback.resolved", "反馈已给出解决方案", "Feedback resolved"),
    ("feedback.closed", "反馈闭环：客户确认解决", "Feedback closed: the customer confirmed"),
    ("feedback.reopened", "客户不认可，反馈重新打开", "Feedback reopened: the customer did not agree"),
    ("feedback.part_added", "反馈请协同部门参与", "A department was asked to help with the feedback"),
    ("feedback.part_accepted", "协同部门已接手", "The collaborating department took its part"),
    ("feedback.part_finished", "协同部门已完成", "The collaborating department did its part"),
    ("feedback.part_rejected", "协同部门退回", "The collaborating department sent its part back"),
    ("feedback.part_cancelled", "取消了协同部门的参与", "A department's part was cancelled"),
    ("feedback.part_reminded", "部门处理时限临近", "The time of the department runs out"),
    ("feedback.part_overdue", "部门处理超时", "The time of the department has passed"),
    ("feedback.promise_revised", "反馈的承诺解决时间改为 {promised_at}", "Feedback promised for {promised_at} instead"),
    ("feedback.explanation_owed", "反馈逾期超过三天，需提交延迟说明", "Feedback owes an explanation of its delay"),
    ("feedback.delay_explained", "反馈已提交延迟说明", "The delay of the feedback was explained"),
    ("feedback.explanation_approved", "反馈的延迟说明已批准", "The explanation of the delay was approved"),
    ("feedback.explanation_rejected", "反馈的延迟说明被驳回", "The explanation of the delay was rejected"),
    ("feedback.sla_breached", "反馈超出时限：{clock}", "Feedback missed a deadline: {clock}"),
    ("feedback.sla_warning", "反馈临近时限：{clock}", "A deadline of the feedback comes near: {clock}"),
    ("feedback.escalated", "反馈已升级到第 {level} 级", "Feedback escalated to level {level}"),
    ("feedback.promise_reminder", "承诺的解决时间临近", "The promised time comes near"),
    (
        "feedback.deadline_moved",
        "反馈时限调整：{clock}，现为 {to}",
        "A deadline of the feedback moved: {clock}, now {to}",
    ),
    ("feedback.attachment_added", "反馈新增附件（{content_type}）", "File attached to the feedback ({content_type})"),
    ("feedback.attachment_removed", "反馈删除附件", "File of the feedback removed"),
    (
        "feedback.root_cause_recorded",
        "登记了反馈的根本原因：{category}",
        "Root cause of the feedback recorded: {category}",
    ),
    ("feedback.verified", "回访验证：{outcome}", "Verification follow-up: {outcome}"),
    ("feedback.unverified", "回访验证未能联系上客户", "The customer could not be asked whether the resolution holds"),
    ("verification.created", "安排回访验证", "A verification follow-up is due"),
    ("verification.answered", "回访验证：{outcome}", "Verification follow-up: {outcome}"),
    ("follow_up_record.created", "回访（{method}）：{outcome}", "Follow-up ({method}): {outcome}"),
    ("follow_up_record.updated", "修改回访记录：{fields}", "Follow-up record changed: {fields}"),
    ("lead.created", "发现线索", "Purchase intent found"),
    ("lead.updated", "修改线索：{fields}", "Lead changed: {fields}"),
    ("lead.closed", "线索关闭：{status}", "Lead closed: {status}"),
    ("alert.raised", "预警：{kind}，{score} 分", "Alert: {kind}, score {score}"),
    ("alert.handled", "预警已处理", "Alert handled"),
    ("follow_up_plan.created", "新建回访计划", "Follow-up plan made"),
    ("follow_up_plan.updated", "修改回访计划：{fields}", "Follow-up plan changed: {fields}"),
    ("follow_up_plan.started", "回访计划启动", "Follow-up plan started"),
    ("follow_up_plan.paused", "回访计划暂停", "Follow-up plan paused"),
    ("follow_up_plan.resumed", "回访计划恢复", "Follow-up plan resumed"),
    ("follow_up_plan.ended", "回访计划结束", "Follow-up plan ended"),
    (
        "follow_up_plan.generated",
        "生成回访任务 {made} 个，略过 {skipped} 个，取消 {cancelled} 个",
        "{made} follow-up tasks made, {skipped} left out, {cancelled} cancelled",
    ),
    ("follow_up_plan.tasks_given", "分派回访任务 {tasks} 个", "{tasks} follow-up tasks given to somebody"),
    ("verification.due", "回访验证到期", "A verification follow-up is due"),
    ("verification.overdue", "回访验证逾期", "A verification follow-up is overdue"),
    ("verification.given_up", "回访验证未能联系上客户", "A verification follow-up reached nobody"),
    ("follow_up_task.created", "安排回访，{due_by} 前完成", "Follow-up to be made by {due_by}"),
    ("follow_up_task.updated", "修改回访任务：{fields}", "Follow-up changed: {fields}"),
    ("follow_up_task.started", "回访开始", "Follow-up begun"),
    (
        "follow_up_task.not_reached",
        "第 {attempt} 次回访未联系上：{reason}",
        "Nobody reached, attempt {attempt}: {reason}",
    ),
    ("follow_up_task.postponed", "回访推迟到 {due_by}", "Follow-up postponed to {due_by}"),
    ("follow_up_task.assigned", "回访任务转交", "Follow-up in other hands"),
    ("follow_up_task.completed", "回访完成：{outcome}", "Follow-up made: {outcome}"),
    ("follow_up_task.cancelled", "回访取消：{cause}", "Follow-up called off: {cause}"),
    ("follow_up_task.overdue", "回访逾期", "Follow-up overdue"),
    ("follow_up_task.escalated", "回访逾期，已升级到第 {level} 级", "Overdue follow-up escalated to level {level}"),
    ("demand.attached", "反馈归入需求", "The feedback asks for a demand"),
    ("demand.notice", "所提需求的进展：{status}", "A demand that was asked for is {status} now"),
];

/// Values and names of fields as they are read in Chinese; in English they are read as they stand.
const WORDS: &[(&str, &str)] = &[
    ("visit", "拜访"),
    ("call", "电话"),
    ("phone", "电话"),
    ("mail", "邮件"),
    ("email", "邮箱"),
    ("meeting", "会议"),
    ("greeting", "问候"),
    ("trial_feedback", "试用反馈"),
    ("wecom", "企业微信"),
    ("sms", "短信"),
    ("other", "其他"),
    ("name", "名称"),
    ("kind", "类型"),
    ("industry", "行业"),
    ("address", "地址"),
    ("birthday", "生日"),
    ("source", "来源"),
    ("owner_id", "负责人"),
    ("department_id", "部门"),
    ("note", "备注"),
    ("tags", "标签"),
    ("custom", "自定义字段"),
    ("orders", "订单"),
    ("cooperation_start", "合作开始日期"),
    ("cooperation_stage", "合作阶段"),
    ("annual_amount", "年合作金额"),
    ("contract_end", "合同到期日"),
    ("core_products", "核心产品"),
    ("preferred_channel", "偏好渠道"),
    ("lifecycle_stage", "生命周期阶段"),
    ("position", "职位"),
    ("is_primary", "主要联系人"),
    ("happened_at", "时间"),
    ("method", "方式"),
    ("subject", "主题"),
    ("key_points", "要点"),
    ("wishes", "客户诉求"),
    ("commitments", "承诺"),
    ("next_step", "下一步"),
    ("staff_ids", "我方参与人"),
    ("contact_ids", "客户参与人"),
    ("other_participants", "其他参与人"),
    ("title", "标题"),
    ("description", "说明"),
    ("segment_id", "客户群"),
    ("condition", "条件"),
    ("script_id", "话术"),
    ("priority", "优先级"),
    ("assignment", "分配方式"),
    ("purpose", "联系目的"),
    ("catch_up", "补做方式"),
    ("goal", "目标"),
    ("incentive", "激励"),
    ("touchpoints", "触点"),
    ("due_on", "到期日"),
    ("placed", "已下单"),
    ("paid", "已付款"),
    ("delivered", "已发货"),
    ("signed_for", "已签收"),
    ("completed", "已完成"),
    ("cancelled", "已取消"),
    ("complaint", "投诉"),
    ("suggestion", "建议"),
    ("inquiry", "咨询"),
    ("service_quality", "服务质量"),
    ("product_function", "产品功能"),
    ("feature_improvement", "功能优化"),
    ("service_experience", "服务体验"),
    ("product_usage", "产品使用"),
    ("cooperation_policy", "合作政策"),
    ("urgent", "紧急"),
    ("important", "重要"),
    ("normal", "普通"),
    ("vip", "VIP"),
    ("potential", "潜力"),
    ("regular", "常规"),
    ("at_risk", "流失风险"),
    ("dormant", "沉睡"),
    ("new", "新客"),
    ("growing", "成长"),
    ("mature", "成熟"),
    ("pre_renewal", "续约前"),
    ("lapsed", "流失"),
    ("assign", "分派"),
    ("respond", "响应"),
    ("resolve", "解决"),
    ("verify", "验证"),
    ("people", "人员"),
    ("process", "流程"),
    ("product", "产品"),
    ("system", "系统"),
    ("supplier", "供应商"),
    ("communication", "沟通"),
    ("customer", "客户自身"),
    ("satisfied", "满意"),
    ("dissatisfied", "不满意"),
    ("unreachable", "未联系上"),
    ("neutral", "一般"),
    ("survey", "问卷"),
    ("reached", "已联系"),
    ("won", "成交"),
    ("lost", "未成交"),
    ("low_nps", "NPS 偏低"),
    ("low_csat", "满意度偏低"),
    ("mood", "情绪"),
    ("praise", "表扬"),
    ("complaints", "投诉"),
    ("summary", "小结"),
    ("answers", "话术答案"),
    ("csat", "满意度评分"),
    ("nps", "NPS 评分"),
    ("read_back", "复述确认"),
    ("identity_confirmed", "身份核实"),
    ("contact_id", "联系人"),
    ("expected_amount", "预计金额"),
    ("expected_on", "预计成交日"),
    ("product_line", "产品线"),
    ("status", "状态"),
    ("no_answer", "无人接听"),
    ("busy", "占线"),
    ("wrong_number", "号码错误"),
    ("switched_off", "关机"),
    ("person", "人工取消"),
    ("left_audience", "客户已不在计划范围"),
    ("contact_limit", "已达联系频次上限"),
    ("feedback_moved", "反馈已另行处理"),
    ("merged", "客户已合并"),
    ("due_from", "开始时间"),
    ("due_by", "到期时间"),
    ("collected", "已收集"),
    ("planned", "已排期"),
    ("building", "开发中"),
    ("released", "已上线"),
    ("declined", "不采纳"),
    ("low", "低"),
    ("medium", "中"),
    ("high", "高"),
];

/// What happened, for a reader. `event` is the event as it is stored; `full` says whether the reader may see what it
/// tells beyond its kind. A kind without a sentence is named as it is.
pub fn summary(kind: &str, event: &Value, full: bool, reader: Reader) -> String {
    let Some((_, zh, en)) = SENTENCES.iter().find(|(known, ..)| *known == kind) else { return kind.to_owned() };
    if !full {
        return bare(kind, reader).to_owned();
    }
    let mut text = reader.say(zh, en).to_owned();
    while let Some((before, rest)) = text.split_once('{') {
        let Some((name, after)) = rest.split_once('}') else { break };
        text = format!("{before}{}{after}", word(&event["data"][name], reader));
    }
    text
}

/// Whether the sentence of a kind says more than the kind itself.
pub fn has_facts(kind: &str) -> bool {
    SENTENCES.iter().any(|(known, zh, _)| *known == kind && zh.contains('{'))
}

/// What somebody is told who may not know more.
fn bare(kind: &str, reader: Reader) -> &'static str {
    let (zh, en) = match kind.split('.').next().unwrap_or_default() {
        "order" => ("订单有更新", "An order changed"),
        "feedback" | "verification" | "demand" => ("反馈有更新", "A feedback moved on"),
        "interaction" | "todo" => ("互动有更新", "An interaction or to-do changed"),
        "attachment" => ("附件有更新", "A file was attached or removed"),
        "follow_up_task" | "follow_up_record" | "lead" | "alert" => ("回访有更新", "A follow-up moved on"),
        _ => ("客户有更新", "The customer changed"),
    };
    reader.say(zh, en)
}

/// A value or a name as it is read.
pub fn term(text: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => WORDS.iter().find(|(known, _)| *known == text).map_or(text, |(_, zh)| zh).to_owned(),
        Lang::En => text.replace('_', " "),
    }
}

fn word(value: &Value, reader: Reader) -> String {
    match value {
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => reader.time(moment.to_utc()),
            Err(_) => term(text, reader.lang),
        },
        Value::Array(items) => {
            items.iter().map(|item| word(item, reader)).collect::<Vec<_>>().join(reader.say("、", ", "))
        }
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
    // A text of somebody's never stands in an event, but braces would be taken for a name.
    .replace(['{', '}'], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::money::Money;
    use serde_json::json;

    const ZH: Reader = Reader { lang: Lang::Zh, zone: chrono_tz::Asia::Shanghai };
    const EN: Reader = Reader { lang: Lang::En, ..ZH };

    #[test]
    fn a_sentence_tells_what_happened_in_both_languages() {
        let event = Event::OrderCreated {
            order_id: uuid::Uuid::nil(),
            customer_id: uuid::Uuid::nil(),
            amount: Money::from_minor(12_050),
            status: "signed_for".to_owned(),
        };
        let stored = serde_json::to_value(&event).unwrap();
        assert_eq!(summary(event.kind(), &stored, true, ZH), "新订单，金额 120.50，已签收");
        assert_eq!(summary(event.kind(), &stored, true, EN), "Order of 120.50, signed for");
        assert_eq!(summary(event.kind(), &stored, false, ZH), "订单有更新");
        let changed = json!({ "data": { "fields": ["phone", "custom.level"] } });
        assert_eq!(summary("customer.updated", &changed, true, ZH), "修改了：电话、custom.level");
        assert_eq!(summary("customer.updated", &changed, false, EN), "The customer changed");
        let due = json!({ "data": { "due_by": "2026-11-25T15:59:59.999999Z" } });
        assert_eq!(summary("follow_up_task.created", &due, true, ZH), "安排回访，2026-11-25 23:59 前完成");
        assert_eq!(summary("something.new", &changed, true, EN), "something.new");
    }

    #[test]
    fn whatever_concerns_a_customer_has_a_sentence() {
        for kind in Event::KINDS {
            let subject = kind.split('.').next().unwrap();
            let concerned =
                ["change_request", "contact", "interaction", "todo", "attachment", "order"].contains(&subject);
            let reminder = ["reminded", "overdue"].iter().any(|suffix| kind.ends_with(suffix));
            let known = SENTENCES.iter().any(|(known, ..)| known == kind);
            assert!(known || !concerned || reminder, "{kind}");
        }
    }

    /// The timeline of a feedback tells all of it, the house's own reminders too.
    #[test]
    fn whatever_happens_to_a_feedback_has_a_sentence_in_both_languages() {
        let all = Event::KINDS.iter().filter(|kind| kind.starts_with("feedback."));
        for kind in all {
            let [zh, en] = [ZH, EN].map(|reader| summary(kind, &json!({ "data": {} }), true, reader));
            assert!(zh != **kind && en != **kind && zh != en, "{kind} has no sentence in SENTENCES");
            let chinese = |text: &str| text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
            assert!(chinese(&zh) && !chinese(&en), "{kind}: {zh} / {en}");
        }
    }

    #[test]
    fn no_sentence_is_of_something_that_cannot_happen() {
        for (kind, ..) in SENTENCES {
            assert!(Event::KINDS.contains(kind), "{kind}");
        }
    }
}
