//! Variables of scripts: `{{customer_name}}`. Which there are stands in one catalogue, with what is said where the value
//! is not known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{Code, Fault, Lang};
use crate::text_enum;

text_enum! {
    /// What a script can be filled with.
    Variable {
        CustomerName = "customer_name",
        ContactName = "contact_name",
        AgentName = "agent_name",
        DepartmentName = "department_name",
        ProductName = "product_name",
        OrderNo = "order_no",
        OrderDate = "order_date",
        ContractEnd = "contract_end",
        TierName = "tier_name",
        FeedbackNo = "feedback_no",
        Solution = "solution",
        PlanName = "plan_name",
        Incentive = "incentive",
    }
}

impl Variable {
    /// What it stands for.
    pub fn label(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Variable::CustomerName => ("客户名称", "Name of the customer"),
            Variable::ContactName => ("联系人姓名", "Name of the person called"),
            Variable::AgentName => ("回访人姓名", "Name of who makes the follow-up"),
            Variable::DepartmentName => ("回访人所在部门", "Department of who makes the follow-up"),
            Variable::ProductName => ("最近购买的产品", "Product bought last"),
            Variable::OrderNo => ("最近订单号", "Number of the last order"),
            Variable::OrderDate => ("最近下单日期", "Day of the last order"),
            Variable::ContractEnd => ("合同到期日", "End of the contract"),
            Variable::TierName => ("客户分层", "Tier of the customer"),
            Variable::FeedbackNo => ("反馈编号", "Number of the feedback"),
            Variable::Solution => ("解决方案", "Solution of the feedback"),
            Variable::PlanName => ("回访计划名称", "Name of the plan"),
            Variable::Incentive => ("参与回访的礼遇", "What is given for taking part"),
        };
        if lang == Lang::Zh { zh } else { en }
    }

    /// What is said where the value is not known: the sentence around it stays one.
    pub fn default_text(self) -> &'static str {
        match self {
            Variable::CustomerName | Variable::ContactName => "您",
            Variable::AgentName => "您的客户经理",
            Variable::DepartmentName => "客户服务部",
            Variable::ProductName => "我们的产品",
            Variable::OrderNo => "您最近的订单",
            Variable::OrderDate => "近期",
            Variable::ContractEnd => "近期",
            Variable::TierName => "尊敬的客户",
            Variable::FeedbackNo => "您的反馈",
            Variable::Solution => "我们给出的处理方案",
            Variable::PlanName => "客户回访",
            Variable::Incentive => "我们的一份心意",
        }
    }
}

/// What is known for one follow-up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<Variable, String>);

impl Values {
    /// Sets a value; what is blank is not known.
    pub fn set(&mut self, variable: Variable, value: Option<impl Into<String>>) {
        match value.map(Into::into).filter(|value| !value.trim().is_empty()) {
            Some(value) => self.0.insert(variable, value),
            None => self.0.remove(&variable),
        };
    }

    #[must_use]
    pub fn with(mut self, variable: Variable, value: Option<impl Into<String>>) -> Self {
        self.set(variable, value);
        self
    }

    pub fn get(&self, variable: Variable) -> &str {
        self.0.get(&variable).map_or(variable.default_text(), String::as_str)
    }
}

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// The name between double braces.
    Name(&'a str),
}

/// The pieces of a template; `None` where braces are not closed, or closed without being opened.
fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, opened)) = rest.split_once("{{") {
        let (name, after) = opened.split_once("}}")?;
        if before.contains("}}") || name.contains(['{', '}']) {
            return None;
        }
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Name(name.trim()));
        rest = after;
    }
    if rest.contains("}}") {
        return None;
    }
    pieces.push(Piece::Text(rest));
    Some(pieces)
}

/// What is wrong with a template that stands at `at`.
pub(super) fn faults(template: &str, at: &str) -> Vec<Fault> {
    let Some(pieces) = pieces(template) else { return vec![Fault::new(Code::ScriptBraces).at(at)] };
    let unknown = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Name(name) if name.parse::<Variable>().is_err() => {
            // Named in the answer: shortened, for it is whatever somebody wrote.
            let name: String = name.chars().take(50).collect();
            Some(Fault::new(Code::ScriptVariableUnknown).at(at).with("name", name))
        }
        _ => None,
    });
    unknown.collect()
}

/// The template with values in the place of variables, and default texts where there are none. What a value says is not
/// read as a template again.
pub fn fill(template: &str, values: &Values) -> String {
    let Some(pieces) = pieces(template) else { return template.to_owned() };
    let told = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Name(name) => name.parse().map_or_else(|_| name.to_owned(), |known| values.get(known).to_owned()),
    };
    pieces.into_iter().map(told).collect()
}
