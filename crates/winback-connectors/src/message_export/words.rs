//! The words that exports for people add to the messages, in every language.
use winback_core::locale::Locale;
use winback_core::message::CallScript;
use winback_core::script::{CallStep, Next};

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub title: &'static str,
    pub line: &'static str,
    pub phone: &'static str,
    pub no_phone: &'static str,
    pub action: &'static str,
    pub due: &'static str,
    pub owner: &'static str,
    pub opening: &'static str,
    pub reason: &'static str,
    pub offer: &'static str,
    pub close: &'static str,
    pub objections: &'static str,
    /// After which steps, in place of `{}`.
    pub after: &'static str,
    /// After every step.
    pub any_time: &'static str,
    /// What somebody says, in place of `{}`.
    pub says: &'static str,
    pub on_to: &'static str,
    pub ends: &'static str,
    pub forbidden: &'static str,
    pub outcome: &'static str,
    pub notes: &'static str,
    pub caller: &'static str,
    pub day: &'static str,
    pub comma: &'static str,
}

/// Returns the words of a language.
pub(super) fn of(locale: Locale) -> &'static Words {
    match locale {
        Locale::ZhTw => &ZH_TW,
        Locale::ZhCn => &ZH_CN,
        Locale::En => &EN,
    }
}

impl Words {
    /// Returns a step's heading.
    pub fn step(&self, step: CallStep) -> &'static str {
        match step {
            CallStep::Opening => self.opening,
            CallStep::Reason => self.reason,
            CallStep::Offer => self.offer,
            CallStep::Close => self.close,
        }
    }

    /// Returns where a call goes after an answer: on to a step, or to an outcome by its label.
    pub fn then(&self, next: &Next, script: &CallScript) -> String {
        match next {
            Next::Step(step) => format!("{}{}", self.on_to, self.step(*step)),
            Next::End(code) => {
                let label = script.outcomes.iter().find(|outcome| outcome.code == *code).map_or(code.as_str(), |outcome| &outcome.label);
                format!("{}{label}", self.ends)
            }
        }
    }
}

static ZH_TW: Words = Words {
    title: "電訪單",
    line: "資料第 {} 行",
    phone: "電話",
    no_phone: "資料表沒有電話欄",
    action: "方案",
    due: "期限",
    owner: "負責人",
    opening: "開場",
    reason: "致電原因",
    offer: "提供方案",
    close: "結束",
    objections: "客戶可能這樣說",
    after: "（{}之後）",
    any_time: "（隨時）",
    says: "「{}」",
    on_to: "接著進入：",
    ends: "通話結束，記為：",
    forbidden: "不可以說",
    outcome: "通話結果",
    notes: "備註",
    caller: "致電人員",
    day: "日期與時間",
    comma: "、",
};

static ZH_CN: Words = Words {
    title: "电话回访单",
    line: "数据第 {} 行",
    phone: "电话",
    no_phone: "数据表没有电话列",
    action: "优惠方案",
    due: "截止日期",
    owner: "负责人",
    opening: "开场",
    reason: "致电原因",
    offer: "介绍优惠",
    close: "结束",
    objections: "客户可能会说",
    after: "（{}之后）",
    any_time: "（随时）",
    says: "“{}”",
    on_to: "接着进入：",
    ends: "通话结束，记为：",
    forbidden: "不能说",
    outcome: "通话结果",
    notes: "备注",
    caller: "致电人员",
    day: "日期和时间",
    comma: "、",
};

static EN: Words = Words {
    title: "Call sheet",
    line: "line {} of the data",
    phone: "Telephone",
    no_phone: "the table has no column for it",
    action: "Offer",
    due: "Due",
    owner: "Owner",
    opening: "Opening",
    reason: "Reason for the call",
    offer: "What we offer",
    close: "Close",
    objections: "What the customer may say",
    after: "(after: {})",
    any_time: "(at any time)",
    says: "“{}”",
    on_to: "go on to: ",
    ends: "the call ends: ",
    forbidden: "Never say",
    outcome: "Outcome",
    notes: "Notes",
    caller: "Caller",
    day: "Day and time",
    comma: ", ",
};
