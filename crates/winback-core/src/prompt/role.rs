//! The role line says who writes, to everybody alike: no slot. Neither it nor any other section holds an order to a model, or
//! a mark of its own. A list of phrases helps whoever wrote one by mistake; it is no wall against somebody who means it.
use super::hole::{Gap, gaps};
use crate::slot::Slot;
use crate::template::TemplateProblem as Problem;

/// What makes a text an order to a model, or a mark that it could take for the end of its own turn; in lower case.
const ORDERS: [&str; 38] = [
    "<|",
    "|>",
    "<think",
    "</",
    "[inst]",
    "system:",
    "user:",
    "assistant:",
    "ignore previous",
    "ignore your",
    "ignore earlier",
    "ignore all",
    "ignore the above",
    "ignore any",
    "forget the rules",
    "forget all",
    "forget previous",
    "forget your",
    "disregard",
    "override the",
    "忽略以上",
    "忽略之前",
    "忽略上述",
    "忽略前面",
    "忽略所有",
    "無視以上",
    "無視之前",
    "忽視以上",
    "忽視先前",
    "忽視之前",
    "忘記以上",
    "忘記之前",
    "无视以上",
    "无视之前",
    "忽视以上",
    "忽视之前",
    "忘记以上",
    "忘记之前",
];

/// Returns what is wrong with the lines of a role, by line.
pub(super) fn faults(lines: &[(usize, &str)]) -> Vec<(usize, Problem)> {
    let more = lines.iter().skip(1).take(1).map(|(line, _)| (*line, Problem::RoleLines));
    let slot = |gap| if let Gap::Name(name) = gap { is_slot(name).then(|| Problem::RoleSlot(name.to_owned())) } else { None };
    let slots = lines.iter().flat_map(|(line, text)| gaps(text).filter_map(slot).map(move |problem| (*line, problem)));
    more.chain(slots).collect()
}

/// Returns the orders to a model in the lines of any section, by line. White space, capitals and full-width forms do not hide
/// one.
pub(super) fn orders(section: &'static str, lines: &[(usize, &str)]) -> Vec<(usize, Problem)> {
    let order = |text: &str| {
        let folded = folded(text);
        ORDERS.into_iter().find(|order| folded.contains(order)).map(|found| Problem::Order { section, found: found.to_owned() })
    };
    lines.iter().filter_map(|(line, text)| Some((*line, order(text)?))).collect()
}

/// Returns a text in lower case, full-width forms as ASCII has them, with one space for any white space and none before a
/// colon.
fn folded(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    let text: String = text.chars().map(plain).collect();
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").replace(" :", ":")
}

/// Returns whether a name is that of a slot: `first_name`, `slot.first_name`.
pub(super) fn is_slot(name: &str) -> bool {
    let name = name.strip_prefix("slot.").unwrap_or(name);
    Slot::ALL.into_iter().any(|slot| slot.tag() == name)
}
