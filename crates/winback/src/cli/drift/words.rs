//! How two runs compare, in words of three languages.
use crate::report;
use winback_core::customer::display_number;
use winback_core::drift::{Basis, Bin, ColumnDrift, LEAST_CUSTOMERS, Reading, RunDrift, ScoreDrift, Shift, Stability};
use winback_core::locale::Locale;
use winback_core::risk::RiskLevel;

/// Returns the comparison as text.
pub fn text(found: &RunDrift, locale: Locale) -> String {
    let words = Words::of(locale);
    let drift = &found.drift;
    let basis = match found.basis {
        Basis::Training => words.trained,
        Basis::Before | Basis::Named => "",
    };
    let counts = |[all, counted]: [u64; 2]| match all == counted {
        true => report::count(all),
        false => words.sampled.replace("{counted}", &report::count(counted)).replace("{all}", &report::count(all)),
    };
    let title = words.title.replace("{from}", &found.from.to_string()).replace("{to}", &found.to.to_string());
    let title = title.replace("{from_source}", &found.from_source).replace("{to_source}", &found.to_source).replace("{basis}", basis);
    let mut text = vec![title.replace("{before}", &counts(drift.before)).replace("{now}", &counts(drift.now))];
    if drift.too_few() {
        text.push(words.too_few.replace("{least}", &LEAST_CUSTOMERS.to_string()));
    }
    let mut columns: Vec<&ColumnDrift> = drift.columns.iter().collect();
    columns.sort_by(|a, b| b.stability.psi.total_cmp(&a.stability.psi));
    let row = |column: &&ColumnDrift| {
        let most = column.most.as_ref().map(|most| words.shift(most)).unwrap_or_default();
        [vec![column.column.clone()], words.figures(&column.stability), vec![most]].concat()
    };
    text.push(report::table(&words.header, columns.iter().map(row)));
    for (names, said) in [(&drift.gone, words.gone), (&drift.new, words.new)] {
        if !names.is_empty() {
            text.push(format!("{said}{}", names.join(words.comma)));
        }
    }
    text.extend(drift.scores.iter().map(|scores| words.scores(scores)));
    text.push(words.how.to_owned());
    text.join("\n")
}

struct Words {
    title: &'static str,
    trained: &'static str,
    sampled: &'static str,
    too_few: &'static str,
    header: [&'static str; 5],
    readings: [&'static str; 4],
    bins: [&'static str; 6],
    gone: &'static str,
    new: &'static str,
    comma: &'static str,
    scores: &'static str,
    other_model: &'static str,
    levels: [&'static str; 3],
    how: &'static str,
}

impl Words {
    fn of(locale: Locale) -> Self {
        match locale {
            Locale::En => ENGLISH,
            Locale::ZhTw => TAIWAN,
            Locale::ZhCn => MAINLAND,
        }
    }

    fn figures(&self, stability: &Stability) -> Vec<String> {
        let reading = match stability.reading {
            Reading::TooFew => self.readings[0],
            Reading::Stable => self.readings[1],
            Reading::Watch => self.readings[2],
            Reading::Changed => self.readings[3],
        };
        vec![format!("{:.3}", stability.psi), format!("{:.3}", stability.chance), reading.to_owned()]
    }

    fn shift(&self, Shift { bin, before, now }: &Shift) -> String {
        let [below, above, between, any, others, empty] = self.bins;
        let name = match bin {
            Bin::Below { least } => below.replace("{least}", &display_number(*least)),
            Bin::Above { most } => above.replace("{most}", &display_number(*most)),
            Bin::Range { from, to } if from == to => display_number(*from),
            Bin::Range { from, to } => between.replace("{from}", &display_number(*from)).replace("{to}", &display_number(*to)),
            Bin::AnyNumber => any.to_owned(),
            Bin::Word { word } => word.clone(),
            Bin::OtherWords => others.to_owned(),
            Bin::Missing => empty.to_owned(),
        };
        format!("{name} {} → {}", percent(*before), percent(*now))
    }

    fn scores(&self, scores: &ScoreDrift) -> String {
        let level = |name: RiskLevel| {
            let share = scores.levels.iter().find(|share| share.level == name);
            share.map_or_else(String::new, |share| format!("{} → {}", percent(share.before), percent(share.now)))
        };
        let levels = RiskLevel::ALL.iter().zip(self.levels).map(|(name, said)| format!("{said} {}", level(*name)));
        let levels = levels.collect::<Vec<_>>().join(self.comma);
        let figures = self.figures(&scores.stability);
        let mut text = self.scores.replace("{psi}", &figures[0]).replace("{chance}", &figures[1]).replace("{reading}", &figures[2]);
        text = text.replace("{before}", &percent(scores.mean_before)).replace("{now}", &percent(scores.mean_now));
        text = text.replace("{levels}", &levels);
        if scores.same_model { text } else { format!("{text}\n{}", self.other_model) }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

const ENGLISH: Words = Words {
    title: "Run {to} ({to_source}, {now} customers) compared with run {from} ({from_source}{basis}, {before} customers)",
    trained: ", on which the model was trained",
    sampled: "{counted} of {all}",
    too_few: "One of the runs has fewer than {least} customers: nothing is said, the figures stand for themselves.",
    header: ["column", "index", "by chance", "reading", "what moved most"],
    readings: ["too few to tell", "stable", "to be watched", "changed"],
    bins: ["below {least}", "above {most}", "{from} to {to}", "any number", "other words", "empty"],
    gone: "No longer there, or of another kind: ",
    new: "Not there before, or of another kind: ",
    comma: ", ",
    scores: "Scores: index {psi} ({chance} by chance), {reading}; mean {before} → {now}; {levels}.",
    other_model: "The runs were scored by different models, so the scores may have moved because of the model.",
    levels: ["high risk", "medium", "low"],
    how: "The index is the population stability index: below 0.1 stable, up to 0.25 to be watched, above that changed. A column \
          that changed does not make the scores wrong; it says that the model meets customers it learned little of.",
};

const TAIWAN: Words = Words {
    title: "第 {to} 次執行（{to_source}，{now} 位客戶）與第 {from} 次執行（{from_source}{basis}，{before} 位客戶）的比較",
    trained: "，模型即以此訓練",
    sampled: "{all} 位中抽出的 {counted}",
    too_few: "其中一次執行不到 {least} 位客戶，因此不下結論，僅列出數字。",
    header: ["欄位", "指標", "純屬偶然", "判讀", "變動最大之處"],
    readings: ["人數太少，無法判斷", "穩定", "值得留意", "已改變"],
    bins: ["低於 {least}", "高於 {most}", "{from} 至 {to}", "任何數字", "其他字詞", "空白"],
    gone: "已不存在或型別不同的欄位：",
    new: "先前沒有或型別不同的欄位：",
    comma: "、",
    scores: "分數：指標 {psi}（純屬偶然為 {chance}），{reading}；平均 {before} → {now}；{levels}。",
    other_model: "兩次執行使用不同的模型，分數的變動可能來自模型。",
    levels: ["高風險", "中風險", "低風險"],
    how: "此指標為母體穩定度指標（PSI）：低於 0.1 為穩定，0.1 到 0.25 值得留意，超過 0.25 即已改變。欄位改變不代表分數有誤，而是模型遇到了它很少見過的客戶。",
};

const MAINLAND: Words = Words {
    title: "第 {to} 次运行（{to_source}，{now} 位客户）与第 {from} 次运行（{from_source}{basis}，{before} 位客户）的对比",
    trained: "，模型即由此训练",
    sampled: "{all} 位中抽取的 {counted}",
    too_few: "其中一次运行不足 {least} 位客户，因此不下结论，只列出数字。",
    header: ["列", "指标", "随机波动", "判读", "变化最大之处"],
    readings: ["人数太少，无法判断", "稳定", "需要关注", "已变化"],
    bins: ["低于 {least}", "高于 {most}", "{from} 到 {to}", "任意数值", "其他取值", "空值"],
    gone: "已不存在或类型不同的列：",
    new: "此前没有或类型不同的列：",
    comma: "、",
    scores: "分数：指标 {psi}（随机波动为 {chance}），{reading}；均值 {before} → {now}；{levels}。",
    other_model: "两次运行使用的模型不同，分数的变化可能来自模型。",
    levels: ["高风险", "中风险", "低风险"],
    how: "该指标为群体稳定性指标（PSI）：低于 0.1 为稳定，0.1 到 0.25 需要关注，高于 0.25 即已变化。某列变化并不意味着分数有误，而是说明模型遇到了它很少见过的客户。",
};
