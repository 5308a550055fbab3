//! The case library (案例库): what is kept of a closed feedback, by which words it is found, and how well it fits.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;
use uuid::Uuid;

use crate::customers::{half_width, is_invisible, mask_email, mask_phone};

/// Words of a case that are kept for search.
pub const MOST_WORDS: usize = 2_000;

/// A case that shares less with a text is not called similar.
pub const SIMILAR_FROM: f64 = 0.25;

/// Mail addresses; numbers of identity and bank cards; phone numbers: mobile, foreign, land line with its area code.
static PERSONAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let gap = r"[ .\-–—]{0,2}";
    let patterns = [
        r"[A-Za-z0-9._%+'&=~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+".to_owned(),
        r"\d{17}[\dXx]".to_owned(),
        r"\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?".to_owned(),
        format!(r"(?:\+?86{gap})?1[3-9]\d(?:{gap}\d){{8}}"),
        format!(r"\+\d{{1,3}}(?:{gap}\d){{7,12}}"),
        format!(r"\(?0\d{{2,3}}\)?{gap}[2-9]\d{{2,3}}{gap}\d{{4}}"),
    ];
    Regex::new(&patterns.map(|pattern| format!("(?:{pattern})")).join("|")).ok()
});

/// A text in which phone numbers, mail addresses and the numbers of cards are masked, in whatever width they are written.
/// What the library keeps is masked before it is cut into words, so nothing is found by what is not shown.
pub fn mask_text(text: &str) -> String {
    // Nothing is shown rather than too much.
    let Some(personal) = PERSONAL.as_ref() else { return String::new() };
    let original: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    let folded: String = original.iter().map(|c| half_width(*c)).collect();
    let starts: Vec<usize> = folded.char_indices().map(|(at, _)| at).collect();
    let place = |at: usize| starts.partition_point(|start| *start < at);
    let digit = |index: Option<usize>| {
        index.and_then(|index| original.get(index)).is_some_and(|c| half_width(*c).is_ascii_digit())
    };
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for found in personal.find_iter(&folded) {
        let (from, to) = (place(found.start()), place(found.end()));
        // Part of a longer number: no phone.
        if digit(from.checked_sub(1)) || digit(Some(to)) {
            continue;
        }
        masked.extend(&original[done..from]);
        if found.as_str().contains('@') {
            masked.push_str(&mask_email(found.as_str()));
        } else {
            let digits: String = found.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
            masked.push_str(&mask_phone(digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits)));
        }
        done = to;
    }
    masked.extend(&original[done..]);
    masked
}

/// Those that score `least` and more, the best first, of equals the newest.
pub fn ranked(scores: impl Iterator<Item = (Uuid, f64)>, least: f64, limit: usize) -> Vec<(Uuid, f64)> {
    let mut ranked: Vec<(Uuid, f64)> = scores.filter(|(_, score)| *score >= least).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    ranked.truncate(limit);
    ranked
}

/// The beginning of a text, for a list.
pub fn excerpt(text: &str) -> String {
    const LENGTH: usize = 120;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What the customer is told of a resolution where the handler has no words of the own.
pub fn resolution_notice(solution: &str, improvement: &str) -> String {
    format!("您反馈的问题已处理。\n解决方案：{solution}\n改进措施：{improvement}\n请确认问题是否已解决。")
}

/// Words that stand in every second feedback and tell nothing of what it is about.
const COMMON: &[&str] = &[
    "我们",
    "你们",
    "他们",
    "自己",
    "这个",
    "那个",
    "这种",
    "这样",
    "那样",
    "什么",
    "怎么",
    "为什么",
    "多少",
    "哪里",
    "一个",
    "一直",
    "一下",
    "一些",
    "已经",
    "还是",
    "可以",
    "不能",
    "没有",
    "没法",
    "不是",
    "就是",
    "因为",
    "所以",
    "但是",
    "如果",
    "而且",
    "现在",
    "今天",
    "昨天",
    "明天",
    "时候",
    "问题",
    "情况",
    "东西",
    "客户",
    "反馈",
    "希望",
    "感觉",
    "觉得",
    "知道",
    "需要",
    "请问",
    "麻烦",
    "谢谢",
    "你好",
    "您好",
    "公司",
    "处理",
    "the",
    "and",
    "for",
    "you",
];

/// How much each of the words tells: the rarer, the more. `shares` are the parts of all cases in which a word stands, as
/// far as they are known (inverse document frequency, ln(1 + 1/share)); what is unknown is rare. A single character of
/// Chinese tells little, and what everybody says tells nearly nothing. The weightiest come first, `most` of them.
pub fn weigh(words: Vec<String>, shares: &HashMap<String, f64>, most: usize) -> Vec<(String, f64)> {
    const RARE: f64 = 1e-4;
    let weight = |word: &str| {
        let share = shares.get(word).copied().unwrap_or(RARE).clamp(1e-7, 1.0);
        let shape = match (COMMON.contains(&word), word.chars().count()) {
            (true, _) => 0.05,
            (_, 1) => 0.15,
            (_, 2) => 1.0,
            _ => 1.2,
        };
        (1.0 + 1.0 / share).ln() * shape
    };
    let mut weighed: Vec<(String, f64)> =
        words.into_iter().map(|word| (weight(&word), word)).map(|(w, t)| (t, w)).collect();
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1));
    weighed.truncate(most);
    weighed
}

/// How much of what was asked for stands in a text with these words, 0 to 1.
pub fn score(asked: &[(String, f64)], words: &HashSet<&str>) -> f64 {
    let total: f64 = asked.iter().map(|(_, weight)| weight).sum();
    let found: f64 = asked.iter().filter(|(word, _)| words.contains(word.as_str())).map(|(_, weight)| weight).sum();
    if total > 0.0 { (found / total).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whom_to_reach_is_masked_however_it_is_written() {
        for (text, masked) in [
            ("请回电13800138000，谢谢", "请回电138****8000，谢谢"),
            ("电话 138-0013-8000", "电话 138****8000"),
            ("＋８６ １３８ ００１３ ８０００", "138****8000"),
            ("座机010-65529988。", "座机010****9988。"),
            ("写到 zhang.wei@example.com 吧", "写到 z****@example.com 吧"),
            ("身份证11010519491231002X", "身份证110****002X"),
            ("卡号 6222 0212 3456 7890 123", "卡号 622****0123"),
            ("打 +1 (650) 没用", "打 +1 (650) 没用"),
            ("2026-10-20 的订单 SO-20261020 有三件", "2026-10-20 的订单 SO-20261020 有三件"),
            ("单号99138001380001234567890", "单号99138001380001234567890"),
            ("版本 2.13.9，报错 0x80070005", "版本 2.13.9，报错 0x80070005"),
        ] {
            assert_eq!(mask_text(text), masked);
        }
    }

    proptest! {
        #[test]
        fn no_mobile_number_survives(before in "[^0-9０-９@]{0,8}", number in "1[3-9][0-9]{9}", after in "[^0-9０-９@]{0,8}") {
            let text = [before.as_str(), &number, &after].concat();
            prop_assert!(!mask_text(&text).contains(&number));
        }

        #[test]
        fn a_text_without_digits_and_addresses_stays(text in "[a-z晨光，。！ \n]{0,60}") {
            prop_assert_eq!(mask_text(&text), text);
        }

        /// A text that holds every word fits wholly, one that holds none not at all, and more words never fit worse.
        #[test]
        fn more_words_never_fit_worse(asked in prop::collection::vec("[a-d晨光]{1,3}", 1..8), kept in 0usize..8) {
            let weighed = weigh(asked, &HashMap::new(), 16);
            let all: HashSet<&str> = weighed.iter().map(|(word, _)| word.as_str()).collect();
            let some: HashSet<&str> = weighed.iter().take(kept).map(|(word, _)| word.as_str()).collect();
            prop_assert!((score(&weighed, &all) - 1.0).abs() < 1e-9);
            prop_assert!(score(&weighed, &HashSet::new()).abs() < 1e-9);
            prop_assert!(score(&weighed, &some) <= score(&weighed, &all));
        }
    }

    #[test]
    fn the_rare_word_tells_more() {
        let words = vec!["登录".to_owned(), "证书".to_owned(), "问题".to_owned(), "了".to_owned()];
        let shares = HashMap::from([("登录".to_owned(), 0.3)]);
        let order: Vec<String> = weigh(words, &shares, 2).into_iter().map(|(word, _)| word).collect();
        assert_eq!(order, ["证书", "登录"]);
    }
}
