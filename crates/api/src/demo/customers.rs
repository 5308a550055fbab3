//! The firm's customers. Which group one is in decides how it buys (orders.rs), and so its tier.

use serde_json::json;

use super::Outcome;
use super::api::Session;
use super::people::Staff;

/// The system whose numbers the customers and orders have.
pub const SYSTEM: &str = "erp";
/// The external id of the first customer: one that buys often, lately and much.
pub const FIRST: &str = "DEMO-001";

/// How a customer buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Often, lately, much.
    Devoted,
    /// Lately and much, but seldom yet.
    Promising,
    Steady,
    /// Often, but not any more.
    Slipping,
    /// Once or twice, long ago.
    Gone,
    /// Not yet.
    Prospect,
}

/// (habit, enterprise?, name, industry, city)
type Entry = (Habit, bool, &'static str, &'static str, &'static str);

use Habit::*;
pub const CUSTOMERS: &[Entry] = &[
    (Devoted, true, "澄溪乳业有限公司", "食品", "苏州市"),
    (Devoted, true, "砚北精密机械有限公司", "机械制造", "无锡市"),
    (Devoted, true, "沐岚生物科技有限公司", "生物医药", "杭州市"),
    (Devoted, true, "栖霁水务有限公司", "水务", "南京市"),
    (Devoted, true, "霁川化工材料有限公司", "化工", "宁波市"),
    (Devoted, true, "桐荫饮料有限公司", "食品", "合肥市"),
    (Devoted, true, "青禾坞农业科技有限公司", "农业", "嘉兴市"),
    (Devoted, false, "闻人砚", "高校实验室", "上海市"),
    (Promising, true, "云蘅新能源有限公司", "新能源", "常州市"),
    (Promising, true, "鹿鸣屿酒业有限公司", "食品", "绍兴市"),
    (Promising, true, "岑溪环境检测有限公司", "环境检测", "苏州市"),
    (Promising, true, "曙岭电子材料有限公司", "电子", "东莞市"),
    (Promising, true, "苔原冷链物流有限公司", "物流", "郑州市"),
    (Promising, true, "羽泽制药有限公司", "生物医药", "泰州市"),
    (Promising, false, "慕容筱笙", "高校实验室", "武汉市"),
    (Promising, false, "司徒砺", "个体检测", "长沙市"),
    (Steady, true, "松阙纸业有限公司", "造纸", "湖州市"),
    (Steady, true, "弦月纺织印染有限公司", "纺织", "绍兴市"),
    (Steady, true, "临汐海产加工有限公司", "食品", "舟山市"),
    (Steady, true, "柘里建材有限公司", "建材", "徐州市"),
    (Steady, true, "芷兰日化有限公司", "日化", "广州市"),
    (Steady, false, "欧阳霁", "个体检测", "成都市"),
    (Steady, false, "端木芩", "高校实验室", "西安市"),
    (Steady, false, "钟离桐", "水产养殖", "温州市"),
    (Slipping, true, "望朔电镀有限公司", "表面处理", "台州市"),
    (Slipping, true, "榆关玻璃制品有限公司", "建材", "唐山市"),
    (Slipping, true, "青崖矿业设备有限公司", "机械制造", "济南市"),
    (Slipping, true, "汀州茶业有限公司", "食品", "福州市"),
    (Slipping, true, "岚皋食用油有限公司", "食品", "西安市"),
    (Slipping, true, "渡云医疗器械有限公司", "医疗器械", "深圳市"),
    (Slipping, false, "上官棠", "个体检测", "青岛市"),
    (Slipping, false, "南宫柏", "高校实验室", "天津市"),
    (Gone, true, "白榆印刷有限公司", "印刷", "佛山市"),
    (Gone, true, "墨汀涂料有限公司", "化工", "惠州市"),
    (Gone, true, "寒岫空调工程有限公司", "工程", "沈阳市"),
    (Gone, true, "荻港渔业合作社", "水产养殖", "湖州市"),
    (Gone, true, "枫亭橡胶制品有限公司", "橡胶", "青岛市"),
    (Gone, false, "东方朗月", "个体检测", "大连市"),
    (Gone, false, "澹台溪", "水产养殖", "宁波市"),
    (Gone, false, "宇文蓁", "高校实验室", "重庆市"),
    (Prospect, true, "琅野半导体材料有限公司", "电子", "上海市"),
    (Prospect, true, "浣溪净水科技有限公司", "水务", "成都市"),
];

/// Agents whom the customers are shared out to.
const OWNERS: [&str; 4] = ["wei.ran", "jiang.yan", "ruan.qing", "gu.tong"];

pub fn external_id(index: usize) -> String {
    format!("DEMO-{:03}", index + 1)
}

/// Of a range of numbers without subscribers.
pub fn phone(index: usize) -> String {
    format!("140 0000 {:04}", 1001 + index * 37)
}

/// Writes every customer down as the ERP would.
pub async fn introduce(admin: &Session, staff: &Staff) -> Outcome<usize> {
    for (index, (habit, enterprise, name, industry, city)) in CUSTOMERS.iter().enumerate() {
        let id = external_id(index);
        let owner = OWNERS[index % OWNERS.len()];
        let body = json!({
            "kind": if *enterprise { "enterprise" } else { "person" }, "name": name, "industry": industry,
            "phone": phone(index), "email": format!("{}@customer.example", id.to_lowercase()),
            "address": format!("{city}示例路 {} 号", index + 1),
            "source": if *habit == Prospect { "exhibition" } else { "erp" },
            "owner_id": staff.id(owner),
        });
        admin.put(&format!("/api/v1/customers/by-external-id/{SYSTEM}/{id}"), body).await?;
    }
    Ok(CUSTOMERS.len())
}
