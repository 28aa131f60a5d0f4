//! The role line says who writes, to everybody alike: no slot, no order to a model, no mark of its own.
use super::hole::{Gap, gaps};
use crate::slot::Slot;
use crate::template::TemplateProblem as Problem;

/// What makes a text an order to a model, or a mark that it could take for the end of its own turn; in lower case.
const ORDERS: [&str; 26] = [
    "<|",
    "|>",
    "<think",
    "</",
    "[inst]",
    "system:",
    "user:",
    "assistant:",
    "system：",
    "user：",
    "assistant：",
    "ignore previous",
    "ignore all",
    "ignore the above",
    "ignore any",
    "disregard",
    "override the",
    "忽略以上",
    "忽略之前",
    "忽略上述",
    "忽略前面",
    "忽略所有",
    "無視以上",
    "無視之前",
    "无视以上",
    "无视之前",
];

/// Returns what is wrong with the lines of a role, by line.
pub(super) fn faults(lines: &[(usize, &str)]) -> Vec<(usize, Problem)> {
    let more = lines.iter().skip(1).take(1).map(|(line, _)| (*line, Problem::RoleLines));
    let slot = |gap| if let Gap::Name(name) = gap { is_slot(name).then(|| Problem::RoleSlot(name.to_owned())) } else { None };
    let slots = lines.iter().flat_map(|(line, text)| gaps(text).filter_map(slot).map(move |problem| (*line, problem)));
    let order = |text: &str| {
        let folded = text.to_lowercase();
        ORDERS.into_iter().find(|order| folded.contains(order)).map(|order| Problem::RoleOrder(order.to_owned()))
    };
    let orders = lines.iter().filter_map(|(line, text)| Some((*line, order(text)?)));
    more.chain(slots).chain(orders).collect()
}

/// Returns whether a name is that of a slot: `first_name`, `slot.first_name`.
pub(super) fn is_slot(name: &str) -> bool {
    let name = name.strip_prefix("slot.").unwrap_or(name);
    Slot::ALL.into_iter().any(|slot| slot.tag() == name)
}
