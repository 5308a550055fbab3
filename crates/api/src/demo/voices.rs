//! What the customers say, and how far the firm has come with each.

use Step::*;
use Who::*;

/// Who spoke: a number is the index of a customer.
pub enum Who {
    Customer(usize),
    /// Known by the phone that is calling.
    Caller(usize),
    Stranger(&'static str),
    Nobody,
}

/// What somebody did about it.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Promises a solution within so many hours.
    Accept {
        hours: i64,
    },
    Start,
    /// (method, content): a word to the customer.
    Talk(&'static str, &'static str),
    /// (method, content): a word of the customer's.
    Hear(&'static str, &'static str),
    Await,
    Resume,
    /// (solution, improvement)
    Resolve(&'static str, &'static str),
    Confirm,
    Reopen(&'static str),
    Reject(&'static str),
}

pub struct Voice {
    pub channel: &'static str,
    pub who: Who,
    pub content: &'static str,
    /// What a person says where the classifier is not sure.
    pub subtype: &'static str,
    pub priority: &'static str,
    pub steps: &'static [Step],
}

const fn voice(
    channel: &'static str,
    who: Who,
    content: &'static str,
    (subtype, priority): (&'static str, &'static str),
    steps: &'static [Step],
) -> Voice {
    Voice { channel, who, content, subtype, priority, steps }
}

const DEFECT: (&str, &str) = ("product_function", "important");
const DOWN: (&str, &str) = ("product_function", "urgent");
const SERVICE: (&str, &str) = ("service_quality", "important");
const WISH: (&str, &str) = ("feature_improvement", "normal");
const CARE: (&str, &str) = ("service_experience", "normal");
const USAGE: (&str, &str) = ("product_usage", "normal");
const POLICY: (&str, &str) = ("cooperation_policy", "normal");

pub const VOICES: &[Voice] = &[
    // Closed: the customer has confirmed.
    voice(
        "hotline",
        Caller(0),
        "在线浊度仪上午突然死机，灌装线已经停产了，请马上派人处理！",
        DOWN,
        &[
            Accept { hours: 4 },
            Start,
            Talk("phone", "已致电设备科，指导断电重启并切换旁路，工程师两小时内到场。"),
            Resolve("现场更换电源板并升级固件，灌装线已恢复。", "同批次电源板列入召回名单，巡检时统一更换。"),
            Hear("phone", "客户确认设备运行正常，感谢响应及时。"),
            Confirm,
        ],
    ),
    voice(
        "online_chat",
        Customer(3),
        "导出的水质报表里电导率一列全是乱码",
        DEFECT,
        &[
            Accept { hours: 24 },
            Start,
            Resolve("导出改用带 BOM 的 UTF-8，已发补丁。", "发布前增加报表导出的自动化测试。"),
            Confirm,
        ],
    ),
    voice(
        "email",
        Customer(8),
        "请问在线监测仪的校准周期是多久，需要用哪种标准液？",
        USAGE,
        &[
            Accept { hours: 8 },
            Start,
            Talk("email", "已发送校准手册和标准液选型表。"),
            Resolve("建议每三个月用 20 NTU 标准液校准一次。", "校准周期写入快速指南首页。"),
            Confirm,
        ],
    ),
    voice(
        "shop",
        Nobody,
        "门店展厅的演示机坏了好几天没人修，体验很差",
        SERVICE,
        &[Accept { hours: 24 }, Start, Resolve("演示机当日修复。", "展厅设备每日开店前点检。"), Confirm],
    ),
    voice(
        "hotline",
        Caller(24),
        "你们售后互相推诿，报修三天了没人联系我，要投诉！",
        SERVICE,
        &[
            Accept { hours: 12 },
            Start,
            Talk("phone", "致歉并说明：工单误派，现由顾桐影专人跟进。"),
            Resolve("次日上门修复，免除本次上门费。", "报修单两小时无人认领自动提醒主管。"),
            Confirm,
        ],
    ),
    voice(
        "app",
        Customer(10),
        "建议手机端增加历史曲线对比功能",
        WISH,
        &[
            Accept { hours: 48 },
            Start,
            Resolve("已列入下季度版本计划，上线后通知。", "需求评审改为每月一次，并公布结果。"),
            Confirm,
        ],
    ),
    // Closed after a second round.
    voice(
        "hotline",
        Caller(2),
        "新买的 pH 计读数不准，同一杯水每次都不一样",
        DEFECT,
        &[
            Accept { hours: 24 },
            Start,
            Resolve("远程指导重新标定。", "开箱视频补充标定步骤。"),
            Reopen("标定以后还是不准，昨天又差了 0.5。"),
            Start,
            Talk("visit", "上门比对，确认电极老化，当场更换。"),
            Resolve("更换电极并出具比对报告。", "入库电极增加老化抽检。"),
            Confirm,
        ],
    ),
    // The word is the customer's: to confirm.
    voice(
        "shop",
        Customer(16),
        "分析仪的打印机老是卡纸，报告打不出来",
        DEFECT,
        &[Accept { hours: 48 }, Start, Resolve("已更换进纸辊，试打五十张正常。", "进纸辊列入年度保养更换件。")],
    ),
    voice(
        "follow_up",
        Customer(5),
        "回访时客户反映上次送货晚到了两天，也没有提前通知",
        SERVICE,
        &[
            Accept { hours: 24 },
            Start,
            Talk("phone", "致歉，说明物流中转延误的原因。"),
            Resolve("补偿一次免费校准。", "预计晚到即自动短信告知客户。"),
        ],
    ),
    voice(
        "email",
        Customer(11),
        "合同里的质保期从验收算还是从发货算？",
        POLICY,
        &[
            Accept { hours: 24 },
            Start,
            Resolve("质保自验收合格之日起算，已邮件书面答复。", "标准合同模板补充质保起算条款。"),
        ],
    ),
    // The word is the customer's: to answer a question.
    voice(
        "online_chat",
        Customer(1),
        "软件升级以后登录不上，一直提示许可证失效",
        DEFECT,
        &[Accept { hours: 24 }, Start, Talk("online_chat", "请提供许可证编号和报错截图。"), Await],
    ),
    voice(
        "social_media",
        Stranger("湖畔养鱼人"),
        "溶氧探头放水里没多久数值就乱跳，这质量也太差了",
        DEFECT,
        &[Accept { hours: 36 }, Start, Talk("other", "已私信请客户提供购买渠道和产品序列号。"), Await],
    ),
    // In progress.
    voice(
        "api",
        Customer(12),
        "数据上传接口频繁超时，冷库温度记录缺失",
        DEFECT,
        &[Accept { hours: 24 }, Start, Talk("phone", "已定位为网关限流，正在扩容，预计今晚恢复。")],
    ),
    voice(
        "hotline",
        Caller(18),
        "客服热线等了四十分钟没人接，态度还很敷衍",
        SERVICE,
        &[Accept { hours: 24 }, Start, Talk("phone", "已致歉，正在核对当日通话录音。")],
    ),
    voice(
        "email",
        Customer(4),
        "我们一次采购二十台有没有折扣？付款方式能不能分期？",
        POLICY,
        &[Accept { hours: 24 }, Start, Talk("email", "已发初步报价，分期方案待财务部会签。")],
    ),
    voice("survey", Customer(13), "希望每个季度能来现场做一次使用培训", CARE, &[Accept { hours: 72 }, Start]),
    voice(
        "app",
        Customer(7),
        "样品编号能不能支持扫码录入，现在手输太麻烦",
        WISH,
        &[Accept { hours: 48 }, Start, Await, Hear("email", "客户补充：实验室用的是 DataMatrix 二维码。"), Resume],
    ),
    // Accepted, with a promise.
    voice("hotline", Caller(9), "恒温槽温控失灵，一晚上样品全坏了", DEFECT, &[Accept { hours: 24 }]),
    voice("shop", Customer(21), "建议安排专属客户经理对接，每次都要重新说明情况", CARE, &[Accept { hours: 24 }]),
    // Assigned: nobody has taken it yet.
    voice("hotline", Caller(6), "灌溉水监测系统瘫痪，十几个大棚都看不到数据，请立即处理", DOWN, &[]),
    voice("online_chat", Customer(14), "请问仪器的分辨率参数在哪里设置？", USAGE, &[]),
    voice("app", Customer(17), "希望报表可以自定义公司抬头", WISH, &[]),
    // Reopened, and not yet taken up again.
    voice(
        "hotline",
        Caller(25),
        "退款申请了半个月还没到账，每次问都说在处理",
        SERVICE,
        &[
            Accept { hours: 24 },
            Start,
            Resolve("财务已退款，预计一个工作日到账。", "退款进度改为每日主动告知。"),
            Reopen("过了三天还是没有到账。"),
        ],
    ),
    // Sent back to dispatch by the department.
    voice(
        "email",
        Customer(29),
        "发票抬头开错了，麻烦重新开具，财务急着入账",
        SERVICE,
        &[Reject("发票由财务部开具，请改派财务部。")],
    ),
    // Too vague for the classifier: waits for a person.
    voice("social_media", Stranger("路过的云"), "关于上次那件事", USAGE, &[]),
];
