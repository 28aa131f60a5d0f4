//! A customer's segment as a person reads it, in three languages.
use crate::locale::Locale;
use crate::segment::SegmentId;
use crate::segment::assign::{AssignedBy, SegmentAssignment, Segmenter};

/// A segment and why it is the customer's, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentText {
    /// The segment's name, or that there is none.
    pub name: String,
    /// What made it so.
    pub why: String,
    /// Which later segments fit, too; empty where none does.
    pub also: String,
}

/// Returns an assignment in words.
pub fn describe(assignment: &SegmentAssignment, segmenter: &Segmenter, locale: Locale) -> SegmentText {
    let name = |segment: &SegmentId| segmenter.label(segment).map_or(segment.to_string(), |label| label.get(locale).clone());
    let list = |names: Vec<String>| names.join(if locale == Locale::En { ", " } else { "、" });
    let none = match locale {
        Locale::ZhTw => "未分群",
        Locale::ZhCn => "未分群",
        Locale::En => "unassigned",
    };
    let also = list(assignment.also_fits.iter().map(name).collect());
    SegmentText {
        name: assignment.segment.as_ref().map_or(none.to_owned(), name),
        why: match (&assignment.by, assignment.segment.as_ref().and_then(|segment| segmenter.rule(segment))) {
            (AssignedBy::Rule(_), Some(rule)) => why(&AssignedBy::Rule(rule.get(locale).clone()), &name, locale),
            (by, _) => why(by, &name, locale),
        },
        also: match locale {
            _ if also.is_empty() => String::new(),
            Locale::ZhTw => format!("也符合{also}；以排在前面的為準"),
            Locale::ZhCn => format!("也符合{also}；以排在前面的为准"),
            Locale::En => format!("fits {also}, too; the one that stands first counts"),
        },
    }
}

fn why(by: &AssignedBy, name: &dyn Fn(&SegmentId) -> String, locale: Locale) -> String {
    match (by, locale) {
        (AssignedBy::Column(column), Locale::ZhTw) => format!("資料表的「{column}」欄這樣寫"),
        (AssignedBy::Column(column), Locale::ZhCn) => format!("数据表的“{column}”列是这样写的"),
        (AssignedBy::Column(column), Locale::En) => format!("the table's column {column} says so"),
        (AssignedBy::Rule(rule), Locale::ZhTw) => format!("規則：{rule}"),
        (AssignedBy::Rule(rule), Locale::ZhCn) => format!("规则：{rule}"),
        (AssignedBy::Rule(rule), Locale::En) => format!("rule: {rule}"),
        (AssignedBy::NoRules, Locale::ZhTw) => "沒有分群規則".into(),
        (AssignedBy::NoRules, Locale::ZhCn) => "没有分群规则".into(),
        (AssignedBy::NoRules, Locale::En) => "there are no rules for segments".into(),
        (AssignedBy::NothingFits, Locale::ZhTw) => "沒有一條規則符合".into(),
        (AssignedBy::NothingFits, Locale::ZhCn) => "没有一条规则符合".into(),
        (AssignedBy::NothingFits, Locale::En) => "no rule fits".into(),
        (AssignedBy::Missing { segment, columns }, Locale::ZhTw) => {
            format!("無法判斷是否屬於{}：缺少「{}」或其值不合理", name(segment), columns.join("」、「"))
        }
        (AssignedBy::Missing { segment, columns }, Locale::ZhCn) => {
            format!("无法判断是否属于{}：缺少“{}”或其值不合理", name(segment), columns.join("”、“"))
        }
        (AssignedBy::Missing { segment, columns }, Locale::En) => {
            format!("it cannot be told whether {} fits: {} is missing or cannot be", name(segment), columns.join(" and "))
        }
    }
}
