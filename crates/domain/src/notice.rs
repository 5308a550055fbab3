//! Of what users are told (通知): kinds of events, each of which a user may switch off.

use crate::fault::Lang;

/// A kind of event of which users are told, in Chinese, in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice(&'static str, &'static str, &'static str);

/// All there are. What does not stand here nobody is told of.
pub const NOTICES: &[Notice] = &[
    Notice("change_request.created", "有客户变更申请待审批", "A change request waits for approval"),
    Notice("change_request.overdue", "客户变更申请超过 24 小时未审批", "A change request waits for too long"),
    Notice("change_request.approved", "你的变更申请已批准", "Your change request was approved"),
    Notice("change_request.rejected", "你的变更申请被驳回", "Your change request was rejected"),
    Notice("change_request.superseded", "你的变更申请已失效", "Your change request was superseded"),
    Notice("absence.recorded", "你将代理一位同事", "You stand in for a colleague"),
    Notice("absence.changed", "你代理同事的时间有变", "The time in which you stand in for a colleague changed"),
    Notice("todo.created", "有人给你派了待办", "You were given a to-do"),
    Notice("todo.updated", "有待办转交给你", "A to-do was handed over to you"),
    Notice("todo.reminded", "待办即将到期", "A to-do comes due"),
    Notice("todo.overdue", "待办已逾期", "A to-do is overdue"),
    Notice("stocktake.reminded", "客户清查待确认", "Customers are to be confirmed for a stocktake"),
    Notice("demand.notice", "客户所提需求有进展", "A demand of a customer of yours moved"),
    Notice("follow_up_plan.tasks_given", "回访计划给你派了新任务", "A plan gave you follow-ups"),
    Notice("follow_up_task.created", "有回访任务派给你", "You were given a follow-up"),
    Notice("follow_up_task.assigned", "有回访任务转交给你", "A follow-up was handed over to you"),
    Notice("follow_up_task.overdue", "回访任务已逾期", "A follow-up is overdue"),
    Notice("follow_up_task.escalated", "有逾期的回访任务升级到你", "An overdue follow-up was escalated to you"),
    Notice("follow_up.day_begun", "今天的回访任务", "Your follow-ups of today"),
    Notice("alert.raised", "有客户评分过低", "A customer gave a low score"),
    Notice("lead.created", "有线索派给你", "A lead was given to you"),
    Notice("lead.updated", "有线索转交给你", "A lead was handed over to you"),
    Notice("feedback.assigned", "有反馈分派给你或你的部门", "A feedback was assigned to you or your department"),
    Notice("feedback.rejected", "你登记的反馈被退回", "A feedback that you took in was sent back to dispatch"),
    Notice("feedback.resolved", "你登记的反馈已给出解决方案", "A feedback that you took in was resolved"),
    Notice("feedback.closed", "你登记的反馈已闭环", "A feedback that you took in was closed"),
    Notice("feedback.reopened", "反馈被客户重新打开", "A feedback was reopened"),
    Notice(
        "feedback.unverified",
        "回访验证未能联系上客户，待你决定",
        "A customer could not be asked whether a resolution holds; you decide",
    ),
    Notice("feedback.sla_warning", "反馈临近时限", "A deadline of a feedback comes near"),
    Notice("feedback.sla_breached", "反馈超出时限", "A feedback missed a deadline"),
    Notice("feedback.escalated", "有反馈升级到你", "A feedback was escalated to you"),
    Notice("feedback.promise_reminder", "承诺的解决时间临近", "The promised time of a feedback comes near"),
    Notice("feedback.promise_revised", "反馈的承诺解决时间有变", "The promised time of a feedback changed"),
    Notice("feedback.explanation_owed", "反馈需提交延迟说明", "A feedback owes an explanation of its delay"),
    Notice("feedback.delay_explained", "有延迟说明待审批", "An explanation of a delay waits for approval"),
    Notice("feedback.explanation_approved", "你的延迟说明已批准", "Your explanation of a delay was approved"),
    Notice("feedback.explanation_rejected", "你的延迟说明被驳回", "Your explanation of a delay was rejected"),
    Notice(
        "feedback.part_added",
        "有反馈请你或你的部门协同",
        "You or your department are asked to help with a feedback",
    ),
    Notice(
        "feedback.part_cancelled",
        "反馈不再需要你或你的部门协同",
        "Your part or that of your department was cancelled",
    ),
    Notice("feedback.part_finished", "协同部门已完成", "A collaborating department did its part"),
    Notice("feedback.part_rejected", "协同部门退回", "A collaborating department sent its part back"),
    Notice("feedback.part_reminded", "部门处理时限临近", "The time of your department runs out"),
    Notice("feedback.part_overdue", "部门处理超时", "The time of your department has passed"),
];

impl Notice {
    /// The one of this kind of event.
    pub fn of(kind: &str) -> Option<Notice> {
        NOTICES.iter().copied().find(|notice| notice.0 == kind)
    }

    /// The kind of event.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// What one is told, in few words.
    pub fn title(self, lang: Lang) -> &'static str {
        if lang == Lang::Zh { self.1 } else { self.2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn whatever_is_told_can_happen_and_is_said_in_both_languages() {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
        for notice in NOTICES {
            assert!(Event::KINDS.contains(&notice.as_str()), "{notice:?}");
            assert!(chinese(notice.title(Lang::Zh)) && !chinese(notice.title(Lang::En)), "{notice:?}");
            assert_eq!(Notice::of(notice.as_str()), Some(*notice), "twice");
        }
        assert_eq!(Notice::of("customer.created"), None);
    }
}
