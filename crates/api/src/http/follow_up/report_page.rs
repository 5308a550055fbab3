//! The report of a follow-up as a page of paper.

use huiyin_domain::customers::timeline::term;
use huiyin_domain::reader::Reader;
use maud::{DOCTYPE, Markup, html};

use super::report::FollowUpReport;

const STYLE: &str = "@page{size:A4;margin:18mm 16mm}*{box-sizing:border-box}\
body{font:10.5pt/1.6 'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif;color:#1a1a1a;max-width:178mm;margin:8mm auto;padding:0 4mm}\
h1{font-size:17pt;margin:0 0 2mm}h2{font-size:12pt;margin:7mm 0 2mm;border-bottom:.3mm solid #999}\
table{width:100%;border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:1mm 2mm;border-bottom:.2mm solid #ddd;overflow-wrap:anywhere;white-space:pre-wrap}\
th{width:34mm;font-weight:600;color:#444}.list th{width:auto}tr{break-inside:avoid}h2{break-after:avoid}.muted{color:#666}\
@media print{body{margin:0;padding:0;max-width:none}}";

/// The page. Whatever stands in the report is text on it.
pub fn page(report: &FollowUpReport, reader: Reader) -> String {
    let heading = reader.say("客户回访报告", "Follow-up report");
    let name = report.record.customer.as_ref().map_or("-", |customer| customer.name.as_str());
    let page = html! {
        (DOCTYPE)
        html lang=(reader.say("zh-CN", "en")) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (heading) " · " (name) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { (heading) }
                @if let Some(title) = &report.title { p.muted { (title) } }
                (facts(report, reader))
                (questions(report, reader))
                (scores(report, reader))
                (words(report, reader))
                (outcome(report, reader))
            }
        }
    };
    page.into_string()
}

fn yes(whether: bool, reader: Reader) -> &'static str {
    if whether { reader.say("是", "yes") } else { reader.say("否", "no") }
}

fn row(name: &str, value: Option<&str>) -> Markup {
    html! { @if let Some(value) = value { tr { th { (name) } td { (value) } } } }
}

fn facts(report: &FollowUpReport, reader: Reader) -> Markup {
    let record = &report.record;
    let customer = record.customer.as_ref().map(|customer| format!("{} {}", customer.number, customer.name));
    let outcome = term(&record.outcome, reader.lang);
    let confirmed = record.contact_confirmed.map(|confirmed| yes(confirmed, reader));
    html! {
        table {
            (row(reader.say("客户", "Customer"), customer.as_deref()))
            (row(reader.say("联系人", "Contact"), report.contact_name.as_deref()))
            (row(reader.say("电话", "Phone"), report.phone.as_deref()))
            (row(reader.say("邮箱", "Mail"), report.email.as_deref()))
            (row(reader.say("回访人", "By"), record.author_name.as_deref()))
            (row(reader.say("回访时间", "When"), Some(&reader.time(record.happened_at))))
            (row(reader.say("回访方式", "Method"), Some(&term(&record.method, reader.lang))))
            (row(reader.say("回访计划", "Plan"), report.plan_name.as_deref()))
            (row(reader.say("联系结果", "Outcome"), Some(&outcome)))
            (row(reader.say("身份已核实", "Identity confirmed"), Some(yes(record.identity_confirmed, reader))))
            (row(reader.say("联系方式无误", "Contact data right"), confirmed))
        }
    }
}

fn questions(report: &FollowUpReport, reader: Reader) -> Markup {
    let script = report.script_name.as_deref().unwrap_or_default();
    html! {
        @if !report.questions.is_empty() {
            h2 { (reader.say("问答", "Questions")) }
            p.muted {
                (script)
                @if let Some(version) = report.record.script_version { " · " (reader.say("版本", "version")) " " (version) }
            }
            table.list {
                @for question in &report.questions {
                    tr {
                        td { (question.question) }
                        td { (question.answer.as_deref().unwrap_or("-")) }
                    }
                }
            }
        }
    }
}

fn scores(report: &FollowUpReport, reader: Reader) -> Markup {
    let record = &report.record;
    let csat = record.csat.map(|score| format!("{score} / 5"));
    let nps = record.nps.map(|score| format!("{score} / 10"));
    let mood = record.mood.as_deref().map(|mood| term(mood, reader.lang));
    let verdict = record.verification.as_deref().map(|verdict| term(verdict, reader.lang));
    html! {
        @if csat.is_some() || nps.is_some() || mood.is_some() || verdict.is_some() {
            h2 { (reader.say("评分与情绪", "Scores and mood")) }
            table {
                (row(reader.say("满意度 CSAT", "Satisfaction (CSAT)"), csat.as_deref()))
                (row(reader.say("净推荐值 NPS", "Recommendation (NPS)"), nps.as_deref()))
                (row(reader.say("客户情绪", "Mood"), mood.as_deref()))
                (row(reader.say("处理结果确认", "Resolution"), verdict.as_deref()))
            }
        }
    }
}

fn words(report: &FollowUpReport, reader: Reader) -> Markup {
    let record = &report.record;
    let said = [&record.praise, &record.complaints, &record.wishes, &record.commitments, &record.summary];
    html! {
        @if said.iter().any(|word| word.is_some()) {
            h2 { (reader.say("沟通内容", "What was said")) }
            table {
                (row(reader.say("表扬", "Praise"), record.praise.as_deref()))
                (row(reader.say("抱怨", "Complaints"), record.complaints.as_deref()))
                (row(reader.say("诉求", "Wishes"), record.wishes.as_deref()))
                (row(reader.say("承诺", "Commitments"), record.commitments.as_deref()))
                (row(reader.say("小结", "Summary"), record.summary.as_deref()))
                (row(reader.say("已复述确认", "Read back"), Some(yes(record.read_back, reader))))
            }
        }
    }
}

fn outcome(report: &FollowUpReport, reader: Reader) -> Markup {
    html! {
        @if !report.promises.is_empty() {
            h2 { (reader.say("承诺事项", "Promises")) }
            table.list {
                @for promise in &report.promises {
                    tr {
                        td { (promise.title) }
                        td { (promise.due_on) }
                        td { (promise.owner_name.as_deref().unwrap_or("-")) }
                    }
                }
            }
        }
        @if !report.feedback.is_empty() {
            h2 { (reader.say("反馈工单", "Feedback")) }
            table.list {
                @for feedback in &report.feedback {
                    tr {
                        td { (feedback.number) }
                        td { (term(&feedback.subtype, reader.lang)) }
                        td { (term(&feedback.priority, reader.lang)) }
                    }
                }
            }
        }
        @if !report.leads.is_empty() {
            h2 { (reader.say("线索", "Leads")) }
            table.list {
                @for lead in &report.leads {
                    tr {
                        td { (lead.title) }
                        td { (lead.expected_amount.map_or("-".to_owned(), |amount| amount.to_string())) }
                        td { (lead.expected_on.map_or("-".to_owned(), |day| day.to_string())) }
                    }
                }
            }
        }
        @if let Some(next) = &report.next_follow_up {
            h2 { (reader.say("下次回访", "Next follow-up")) }
            table {
                (row(reader.say("日期", "Day"), Some(&reader.day(next.due_from))))
                (row(reader.say("回访方式", "Method"), Some(&term(&next.method, reader.lang))))
                (row(reader.say("负责人", "By"), next.assignee_name.as_deref()))
                (row(reader.say("备注", "Note"), next.note.as_deref()))
            }
        }
    }
}
