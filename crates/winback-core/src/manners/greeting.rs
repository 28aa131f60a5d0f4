//! Greetings whose name is missing: "Dear ,", "尊敬的 ，", " 您好".
use super::{Offence, Reason, half_width};

const INSTEAD: &str = "put the name's slot there, or a greeting that needs no name: \"Hello,\" or 您好：";
/// Words after which only a name makes sense.
const NEED_A_NAME: [&str; 9] = ["dear", "尊敬的", "親愛的", "亲爱的", "敬愛的", "敬爱的", "尊貴的", "尊贵的", "致"];
const GREETINGS: [&str; 4] = ["hi", "hello", "hey", "greetings"];
const STOPS: [char; 5] = [',', ':', '!', '、', '。'];

/// Returns the greetings of a text that greet nobody.
pub(super) fn nameless(text: &str) -> Vec<Offence> {
    let shown = |line: &str| line.trim().chars().take(20).collect();
    let lines = text.lines().filter(|line| greets_nobody(line));
    lines.map(|line| Offence { phrase: shown(line), reason: Reason::Nameless, instead: INSTEAD }).collect()
}

fn greets_nobody(line: &str) -> bool {
    // Most lines begin with a character that begins no greeting.
    let begins = |c: char| "dhg尊親亲敬致您你".contains(c) || STOPS.contains(&c);
    if !line.trim_start().chars().next().is_some_and(|c| begins(half_width(c))) {
        return false;
    }
    // Only the beginning of a line greets, so the rest need not be read.
    let line: String = line.chars().take(40).map(|c| if c == '\u{3000}' { c } else { half_width(c) }).collect();
    let hello = |text: &str| text.starts_with("您好") || text.starts_with("你好");
    let start = line.trim_start();
    let only_name_missing = NEED_A_NAME.iter().filter_map(|word| start.strip_prefix(word)).any(|rest| {
        let rest = rest.trim_start();
        rest.is_empty() || rest.starts_with(STOPS) || hello(rest)
    });
    let gap_before_stop = GREETINGS
        .iter()
        .filter_map(|word| start.strip_prefix(word))
        .any(|rest| rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with([',', '!', ':']));
    // Two wide blanks are the indent of a Chinese paragraph; anything else before 您好 is where a name stood.
    let indent = line.len() > start.len() && !line.starts_with('\u{3000}');
    let stop_before_hello = start.strip_prefix(STOPS).is_some_and(|rest| hello(rest.trim_start()));
    only_name_missing || gap_before_stop || stop_before_hello || (indent && hello(start))
}
