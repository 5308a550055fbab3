//! Folds a text to one spelling for matching and remembers where every byte came from.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

/// A text in simplified characters, half-width forms and lower case, with the way back to the input.
pub struct Folded {
    pub text: String,
    /// For every byte of `text`, and for its end, the byte of the input that the character there began at.
    origin: Vec<usize>,
}

impl Folded {
    pub fn new(input: &str) -> Self {
        let mut text = String::with_capacity(input.len());
        let mut origin = Vec::with_capacity(input.len() + 1);
        for (at, original) in input.char_indices() {
            if is_invisible(original) {
                continue;
            }
            let folded = fold(original);
            text.push(folded);
            origin.resize(text.len(), at);
        }
        origin.push(input.len());
        Self { text, origin }
    }

    /// What stands in `input` where `span` of the folded text came from.
    pub fn source<'a>(&self, input: &'a str, span: &Range<usize>) -> &'a str {
        let start = self.origin.get(span.start).copied().unwrap_or(input.len());
        let end = self.origin.get(span.end).copied().unwrap_or(input.len());
        input.get(start..end).unwrap_or_default().trim_end_matches(is_invisible)
    }
}

/// Joiners, variation selectors and marks that split words for a machine and not for an eye.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{00AD}')
}

fn fold(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\u{3000}' | '\t' | '\u{A0}' => ' ',
        // The full-width block mirrors ASCII; what is not in it stays.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).map_or(c, |half| half.to_ascii_lowercase()),
        '“' | '”' | '「' | '」' | '『' | '』' | '"' => '"',
        '\u{4E00}'..='\u{9FFF}' => SIMPLIFIED.get(&c).copied().unwrap_or(c),
        _ => c,
    }
}

/// Every traditional character that feedback often holds, followed by its simplified form.
const PAIRS: &str = "\
    丟丢並并乾干亂乱佔占來来係系個个們们傘伞備备傭佣傳传債债傷伤僅仅僱雇價价儀仪億亿償偿優优儲储兇凶兌兑兒儿內内\
    兩两冊册凍冻別别刪删則则剎刹剛刚創创劃划劑剂勁劲動动務务勝胜勞劳勢势區区協协卻却厲厉參参員员問问啓启啟启喫吃\
    單单嗎吗嚴严囉啰國国圍围園园圓圆圖图團团執执報报場场塊块塗涂塵尘墜坠壓压壞坏壽寿夠够夢梦夥伙夾夹妳你婦妇媽妈\
    嬰婴學学實实寧宁審审寫写寬宽寶宝將将專专尋寻對对導导屆届屢屡層层屬属師师帳账帶带幫帮幹干幾几庫库廠厂廢废廳厅\
    張张強强彈弹後后徑径從从復复徵征徹彻恥耻悶闷惡恶惱恼愛爱態态慘惨慣惯慮虑慶庆憂忧憑凭憤愤應应懶懒懷怀戰战戲戏\
    戶户捨舍掃扫掛挂採采揀拣揚扬換换損损搶抢摺折擇择擊击擔担據据擠挤擱搁擴扩擺摆擾扰攏拢攔拦攝摄敗败敵敌數数斬斩\
    斷断於于昇升時时暢畅暫暂書书會会東东條条業业極极構构槍枪樁桩樂乐標标樣样機机橫横檔档檢检檯台櫃柜權权歡欢歲岁\
    歷历歸归殘残殺杀殼壳氣气決决沒没況况淚泪淨净減减渦涡測测湊凑準准溝沟溫温溼湿滅灭滲渗滿满漢汉漲涨潔洁潰溃濕湿\
    濟济濫滥濾滤瀆渎灣湾為为烏乌無无煉炼煙烟煩烦熱热燈灯燒烧燙烫營营爐炉爛烂爭争爲为爾尔牀床犧牺狀状獎奖獨独獲获\
    現现瑣琐環环產产畫画異异當当瘋疯瘓痪療疗癢痒癱瘫發发盡尽監监盤盘眾众瞞瞒瞭了矯矫確确碼码礙碍祇只禍祸禮礼稅税\
    種种稱称積积穩稳窮穷竅窍競竞筆笔節节範范築筑篩筛簡简簽签籤签糧粮紀纪約约紅红紋纹納纳紙纸級级細细紹绍終终組组\
    結结絕绝絡络給给統统絲丝綁绑經经綠绿綫线維维網网緊紧線线編编緩缓練练縮缩總总繫系繳缴續续纔才罰罚罵骂罷罢羅罗\
    羣群義义習习聞闻聯联聲声職职聽听肅肃脅胁脫脱腦脑腫肿膚肤膠胶臉脸臨临臺台與与興兴舉举舊旧艙舱萬万著着蓋盖薦荐\
    藍蓝藝艺藥药蘋苹處处虛虚號号蝕蚀蟲虫蠻蛮衆众術术衛卫衝冲裏里補补裝装裡里製制複复見见規规視视覺觉觀观觸触訂订\
    計计訊讯討讨訓训託托記记訟讼訪访設设許许訴诉診诊註注詐诈評评詞词詢询試试話话該该詳详誇夸誌志認认誘诱語语誤误\
    說说説说誰谁課课誼谊調调談谈諉诿請请論论諮咨諷讽諾诺謂谓講讲謝谢證证識识譜谱譯译議议護护譽誉讀读變变讓让豈岂\
    負负貢贡貨货責责貴贵買买貸贷費费貼贴賀贺賃赁資资賞赏賠赔賣卖質质賬账賴赖賺赚購购贈赠贊赞趕赶趨趋跡迹踐践蹤踪\
    車车軌轨軍军軟软軸轴較较載载輔辅輕轻輛辆輪轮輸输轉转辦办農农迴回這这連连週周進进遊游運运過过達达違违遙遥遜逊\
    遞递遠远適适遲迟遷迁選选遺遗還还邊边郵邮鄉乡醣糖醫医釀酿釋释鈔钞鈕钮銀银銷销鋪铺鋼钢錄录錢钱錯错錶表鍋锅鍛锻\
    鍵键鍾钟鎖锁鏈链鏡镜鏽锈鐘钟鐵铁鑰钥長长門门閃闪閉闭開开間间閘闸閥阀閱阅闆板關关陣阵陰阴陳陈陸陆陽阳隊队階阶\
    際际隨随險险隱隐隻只雙双雜杂雞鸡離离難难雲云電电靈灵靜静響响頁页頂顶項项順顺須须預预頓顿領领頭头頻频題题額额\
    顏颜願愿類类顧顾顯显風风飛飞飯饭飲饮養养館馆餿馊饋馈馬马駐驻駕驾騎骑騙骗騰腾騷骚驗验驚惊驟骤髒脏體体髮发鬆松\
    鬧闹鬱郁魚鱼魯鲁鮮鲜鳴鸣鴿鸽麗丽麵面麼么麽么點点黴霉齊齐齒齿龍龙";

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut chars = PAIRS.chars().filter(|c| !c.is_whitespace());
    std::iter::from_fn(|| Some((chars.next()?, chars.next()?))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_width_case_and_script_and_finds_the_way_back() {
        let input = "系統ＢＵＧ\u{200B}，報錯！";
        let folded = Folded::new(input);
        assert_eq!(folded.text, "系统bug,报错!");
        let at = folded.text.find("bug").unwrap_or_default();
        assert_eq!(folded.source(input, &(at..at + 3)), "ＢＵＧ");
        let at = folded.text.find("报错").unwrap_or_default();
        assert_eq!(folded.source(input, &(at..at + 6)), "報錯");
        assert_eq!(folded.source(input, &(0..folded.text.len())), input);
    }

    #[test]
    fn pairs_are_pairs() {
        assert_eq!(PAIRS.chars().filter(|c| !c.is_whitespace()).count() % 2, 0);
        assert_eq!(SIMPLIFIED.get(&'齒'), Some(&'齿'), "the table is out of step");
        assert!(SIMPLIFIED.values().all(|c| *c != '機' && *c != '們'));
    }
}
