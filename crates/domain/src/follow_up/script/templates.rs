//! Scripts to begin with, in Chinese, one for each usual occasion of a follow-up.

use super::{AskIf, Content, HardMoment, Question, QuestionKind, Topic};
use crate::text_enum;

text_enum! {
    /// What a script to begin with is for.
    ScriptTemplate {
        NewCustomer = "new_customer",
        AfterPurchase = "after_purchase",
        Renewal = "renewal",
        Verification = "verification",
        VipCare = "vip_care",
        Dormant = "dormant",
    }
}

impl ScriptTemplate {
    pub fn name(self) -> &'static str {
        match self {
            ScriptTemplate::NewCustomer => "新客户首次回访",
            ScriptTemplate::AfterPurchase => "购买后回访",
            ScriptTemplate::Renewal => "续约前回访",
            ScriptTemplate::Verification => "投诉处理满意度回访",
            ScriptTemplate::VipCare => "重点客户季度关怀",
            ScriptTemplate::Dormant => "沉睡客户唤醒",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            ScriptTemplate::NewCustomer => "签约或首单后七天内，了解上手情况，确认联系方式",
            ScriptTemplate::AfterPurchase => "收货或交付之后，了解交付、质量和使用感受",
            ScriptTemplate::Renewal => "合同到期前约三个月，了解合作评价和续约意向",
            ScriptTemplate::Verification => "问题解决三至五个工作日后，确认处理结果是否有效",
            ScriptTemplate::VipCare => "每季度由客户经理回访，听取评价，发现新需求",
            ScriptTemplate::Dormant => "长期没有往来的客户，了解原因，邀请再次合作",
        }
    }

    pub fn content(self) -> Content {
        match self {
            ScriptTemplate::NewCustomer => new_customer(),
            ScriptTemplate::AfterPurchase => after_purchase(),
            ScriptTemplate::Renewal => renewal(),
            ScriptTemplate::Verification => verification(),
            ScriptTemplate::VipCare => vip_care(),
            ScriptTemplate::Dormant => dormant(),
        }
    }
}

fn question(key: &str, topic: Topic, text: &str, kind: QuestionKind) -> Question {
    let closed = !matches!(kind, QuestionKind::Text { .. });
    Question { key: key.to_owned(), text: text.to_owned(), topic, kind, required: closed, ask_if: None }
}

impl Question {
    fn optional(self) -> Self {
        Question { required: false, ..self }
    }

    fn if_at_most(self, question: &str, most: i64) -> Self {
        let ask_if = AskIf { question: question.to_owned(), at_least: None, at_most: Some(most), any_of: Vec::new() };
        Question { ask_if: Some(ask_if), ..self }
    }

    fn if_any(self, question: &str, options: &[&str]) -> Self {
        let any_of = options.iter().map(|option| (*option).to_owned()).collect();
        let ask_if = AskIf { question: question.to_owned(), at_least: None, at_most: None, any_of };
        Question { ask_if: Some(ask_if), ..self }
    }
}

const RATING: QuestionKind = QuestionKind::Rating { csat: false };
const CSAT: QuestionKind = QuestionKind::Rating { csat: true };
const NPS: QuestionKind = QuestionKind::Score { nps: true };
const TEXT: QuestionKind = QuestionKind::Text { max_length: 1000 };

fn choice(options: &[&str], multiple: bool) -> QuestionKind {
    QuestionKind::Choice { options: options.iter().map(|option| (*option).to_owned()).collect(), multiple }
}

fn script(opening: &str, questions: Vec<Question>, closing: &str, moments: &[(&str, &str)]) -> Content {
    const ALWAYS: [(&str, &str); 2] = [
        ("客户说现在不方便", "没关系，打扰您了。请问您什么时间方便？我按您的时间再联系，只需要三分钟左右。"),
        (
            "客户情绪激动",
            "非常理解您的心情，给您添麻烦了。请您先把情况告诉我，我逐条记下来，今天之内由负责的同事给您回复。",
        ),
    ];
    let moment = |(situation, answer): &(&str, &str)| HardMoment {
        situation: (*situation).to_owned(),
        answer: (*answer).to_owned(),
    };
    Content {
        opening: opening.to_owned(),
        questions,
        closing: closing.to_owned(),
        hard_moments: moments.iter().chain(&ALWAYS).map(moment).collect(),
    }
}

fn new_customer() -> Content {
    let questions = vec![
        question(
            "onboarding",
            Topic::Service,
            "从签约到现在，我们同事的对接和讲解，您打几分？1 分最低，5 分最高。",
            CSAT,
        ),
        question("onboarding_gap", Topic::Service, "哪些地方我们没有讲清楚，或者让您等得久了？", TEXT)
            .if_at_most("onboarding", 3),
        question(
            "started",
            Topic::Product,
            "{{product_name}}现在用起来了吗？",
            choice(&["已正常使用", "正在试用", "还没有开始"], false),
        ),
        question(
            "obstacle",
            Topic::Product,
            "是什么原因还没有用起来？",
            choice(&["不会操作", "数据没准备好", "人手不足", "遇到故障", "其他"], true),
        )
        .if_any("started", &["正在试用", "还没有开始"]),
        question("expectation", Topic::Improvement, "接下来三个月，您最希望我们帮您做到什么？", TEXT),
        question(
            "contact_ok",
            Topic::Other,
            "以后联系您，还是这个号码、由您来对接吗？",
            choice(&["是", "换号码", "换联系人"], false),
        ),
    ];
    script(
        "{{contact_name}}，您好，我是{{department_name}}的{{agent_name}}。感谢您选择我们，今天想花三分钟了解一下您开始使用的情况，方便吗？",
        questions,
        "谢谢您。我复述一下您刚才提到的几点，看有没有遗漏……后面有任何问题，随时找我，祝您工作顺利。",
        &[("客户说还没开始用", "完全没问题。我请实施同事先把资料发给您，再约一个您方便的时间，陪您走一遍。")],
    )
}

fn after_purchase() -> Content {
    let questions = vec![
        question("delivery", Topic::Service, "这次的送货和交付，您打几分？1 分最低，5 分最高。", RATING),
        question(
            "delivery_gap",
            Topic::Service,
            "是哪一步让您不满意？",
            choice(&["送货慢", "包装破损", "少发错发", "服务态度", "其他"], true),
        )
        .if_at_most("delivery", 3),
        question("quality", Topic::Product, "{{product_name}}用下来，整体满意度打几分？", CSAT),
        question("defect", Topic::Product, "具体遇到了什么问题？", TEXT).if_at_most("quality", 3),
        question("recommend", Topic::Improvement, "您有多大可能把我们推荐给同行或朋友？0 到 10 分。", NPS),
        question("wish", Topic::Improvement, "有没有希望我们增加或者改进的地方？", TEXT),
    ];
    script(
        "{{contact_name}}，您好，我是{{agent_name}}。您{{order_date}}在我们这里购买的{{product_name}}应该已经用上了，想听听您的真实感受，两三分钟就好。",
        questions,
        "谢谢您的反馈，您提到的问题我已经记下，会有同事跟进并给您答复。",
        &[
            (
                "客户要求退换货",
                "好的，我先登记您的要求和订单号{{order_no}}，售后同事会在一个工作日内联系您，把办法和时间说清楚。",
            ),
            ("客户问价格优惠", "价格政策由客户经理统一答复，我把您的采购计划记下来，请他带着方案联系您。"),
        ],
    )
}

fn renewal() -> Content {
    let questions = vec![
        question("service", Topic::Service, "过去一年我们的服务，您打几分？1 分最低，5 分最高。", CSAT),
        question("service_gap", Topic::Service, "最让您不满意的是哪件事？", TEXT).if_at_most("service", 3),
        question(
            "value",
            Topic::Product,
            "{{product_name}}有没有达到您当初的预期？",
            choice(&["超出预期", "基本达到", "没有达到"], false),
        ),
        question("value_gap", Topic::Product, "差在哪里？", TEXT).if_any("value", &["没有达到"]),
        question("recommend", Topic::Improvement, "您有多大可能把我们推荐给同行？0 到 10 分。", NPS),
        question(
            "renew",
            Topic::Other,
            "合同到期以后，您这边的打算是？",
            choice(&["续约", "续约并增购", "还在考虑", "不再续约"], false),
        ),
        question(
            "renew_doubt",
            Topic::Other,
            "主要考虑的是什么？",
            choice(&["价格", "服务", "产品功能", "预算调整", "其他供应商"], true),
        )
        .if_any("renew", &["还在考虑", "不再续约"]),
    ];
    script(
        "{{contact_name}}，您好，我是{{agent_name}}。我们的合同将在{{contract_end}}到期，想提前听听您对这一年合作的评价，也了解一下后面的安排。",
        questions,
        "感谢您的坦诚。我会把您的意见整理成方案，在我们约定的时间之前发给您。",
        &[
            (
                "客户说价格太高",
                "理解您对成本的考虑。我先把您实际用到的部分和带来的效果列出来，再和您一起看怎样的组合更合适。",
            ),
            ("客户说正在比较别家", "货比三家很正常。您最看重的三点是什么？我们针对这三点给您一份书面的对照。"),
        ],
    )
}

fn verification() -> Content {
    let questions = vec![
        question(
            "solved",
            Topic::Service,
            "您反映的问题，现在解决了吗？",
            choice(&["已经解决", "部分解决", "没有解决"], false),
        ),
        question("remaining", Topic::Service, "还剩下哪些没有解决？", TEXT).if_any("solved", &["部分解决", "没有解决"]),
        question("handling", Topic::Service, "对这次处理的速度和态度，您打几分？1 分最低，5 分最高。", CSAT),
        question("handling_gap", Topic::Service, "哪里还可以做得更好？", TEXT).if_at_most("handling", 3),
        question(
            "again",
            Topic::Product,
            "问题处理之后，有没有再次出现类似的情况？",
            choice(&["没有", "偶尔", "经常"], false),
        ),
        question("advice", Topic::Improvement, "您对避免这类问题有什么建议？", TEXT),
    ];
    script(
        "{{contact_name}}，您好，我是{{department_name}}的{{agent_name}}。您之前反映的{{feedback_no}}，我们给出的处理是：{{solution}}。今天想确认一下结果是否让您满意。",
        questions,
        "谢谢您的确认。如果再出现问题，直接打这个电话，我来负责到底。",
        &[("客户说没有解决", "非常抱歉。我现在就把它重新打开，由部门负责人处理，并在今天之内告诉您新的解决时间。")],
    )
}

fn vip_care() -> Content {
    let questions = vec![
        question("service", Topic::Service, "这个季度我们的响应和服务，您打几分？1 分最低，5 分最高。", CSAT),
        question("service_gap", Topic::Service, "有哪件事让您觉得我们没做到位？", TEXT).if_at_most("service", 4),
        question("product", Topic::Product, "{{product_name}}在您那里用得最多、帮助最大的是哪一部分？", TEXT),
        question("recommend", Topic::Improvement, "您有多大可能把我们推荐给合作伙伴？0 到 10 分。", NPS),
        question("plans", Topic::Improvement, "下个季度您有什么新的计划，需要我们提前准备？", TEXT),
        question(
            "activity",
            Topic::Other,
            "我们为重点客户准备了{{incentive}}，您愿意参加吗？",
            choice(&["愿意", "需要时间安排", "暂不需要"], false),
        )
        .optional(),
    ];
    script(
        "{{contact_name}}，您好，我是{{agent_name}}。又到了季度回访的时间，想听听您最近的使用情况，也看看我们能提前为您做些什么。",
        questions,
        "感谢您一直以来的信任。您提到的事项我会列成清单，三个工作日内给您书面回复。",
        &[(
            "客户提出专属需求",
            "您的需求很重要。我先记录清楚场景和时间，请产品负责人和您当面谈一次，再给出可行的方案。",
        )],
    )
}

fn dormant() -> Content {
    let questions = vec![
        question(
            "reason",
            Topic::Service,
            "这段时间没有再合作，主要是什么原因？",
            choice(&["暂时没有需求", "价格", "服务不满意", "产品不合适", "换了供应商", "其他"], true),
        ),
        question("service_gap", Topic::Service, "服务上哪件事让您失望了？", TEXT).if_any("reason", &["服务不满意"]),
        question("product_gap", Topic::Product, "产品上缺了什么？", TEXT).if_any("reason", &["产品不合适"]),
        question(
            "return",
            Topic::Improvement,
            "如果我们改进了这些，您愿意再试一次吗？",
            choice(&["愿意", "看情况", "不考虑"], false),
        ),
        question("next_need", Topic::Improvement, "大概什么时候会有下一次采购的计划？", TEXT)
            .if_any("return", &["愿意", "看情况"]),
    ];
    script(
        "{{contact_name}}，您好，我是{{agent_name}}。好久没有联系了，今天不是推销，只想听听您的近况，也想知道我们哪里可以做得更好。",
        questions,
        "谢谢您愿意告诉我这些。为了表示感谢，我们准备了{{incentive}}，稍后发给您，期待有机会再为您服务。",
        &[("客户说以后不要再打", "好的，我马上为您登记，之后不会再因为回访打扰您。给您带来不便，非常抱歉。")],
    )
}
