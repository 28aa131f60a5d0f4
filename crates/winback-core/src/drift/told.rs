//! How two runs compare, in words of three languages: for the terminal and for the pages.
use super::{Basis, Bin, LEAST_CUSTOMERS, Reading, RunDrift, ScoreDrift};
use crate::locale::Locale;
use crate::money::group_thousands;
use crate::risk::RiskLevel;

/// The words of one language; `{name}` stands for a value.
pub struct Words {
    /// The head of the column of names.
    pub column: &'static str,
    /// The head of what the index is on average by chance.
    pub chance: &'static str,
    /// The head of the reading.
    pub reading: &'static str,
    /// The head of the part that moved most.
    pub most: &'static str,
    /// How the index is read.
    pub how: &'static str,
    list_comma: &'static str,
    basis: [&'static str; 3],
    customers: &'static str,
    sample: &'static str,
    no_column: &'static str,
    too_few: &'static str,
    scores: &'static str,
    levels: &'static str,
    other_thresholds: &'static str,
    other_model: &'static str,
    gone: &'static str,
    new: &'static str,
    readings: [&'static str; 4],
    bins: [&'static str; 7],
}

/// How a part of a column is written: a number and a word of it.
pub struct Writes<'a> {
    /// A number, with its unit where it has one.
    pub number: &'a dyn Fn(f64) -> String,
    /// A word.
    pub word: &'a dyn Fn(&str) -> String,
}

impl Words {
    /// Returns the words of a language.
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &ENGLISH,
            Locale::ZhTw => &TAIWAN,
            Locale::ZhCn => &MAINLAND,
        }
    }

    /// Returns how an index is read.
    pub const fn read(&self, reading: Reading) -> &'static str {
        let [few, stable, watch, changed] = self.readings;
        match reading {
            Reading::TooFew => few,
            Reading::Stable => stable,
            Reading::Watch => watch,
            Reading::Changed => changed,
        }
    }

    /// Returns what a part of a column is called. A number that equals a bound belongs to the part below it.
    pub fn bin(&self, bin: &Bin, writes: &Writes<'_>) -> String {
        let [below, lowest, between, above, any, others, empty] = self.bins;
        let number = writes.number;
        match bin {
            Bin::Below { least } => below.replace("{n}", &number(*least)),
            Bin::Above { most } => above.replace("{n}", &number(*most)),
            Bin::Lowest { from, to } | Bin::Range { from, to } => match (number(*from), number(*to)) {
                // Bounds that differ may be written alike.
                (from, to) if from == to => to,
                (from, to) => {
                    let words = if matches!(bin, Bin::Lowest { .. }) { lowest } else { between };
                    words.replace("{from}", &from).replace("{to}", &to)
                }
            },
            Bin::AnyNumber => any.to_owned(),
            Bin::Word { word } => (writes.word)(word),
            Bin::OtherWords => others.to_owned(),
            Bin::Missing => empty.to_owned(),
        }
    }

    /// Returns which runs were compared and what came of it beside the columns, as sentences; `name` says what a column
    /// is called.
    pub fn told(&self, found: &RunDrift, name: &dyn Fn(&str) -> String) -> Vec<String> {
        let drift = &found.drift;
        let mut told = vec![self.basis(found)];
        if drift.columns.is_empty() {
            told.push(self.no_column.to_owned());
            return told;
        }
        if drift.too_few() {
            told.push(self.too_few.replace("{least}", &LEAST_CUSTOMERS.to_string()));
        }
        told.extend(drift.scores.iter().flat_map(|scores| self.scores(scores)));
        for (sentence, names) in [(self.gone, &drift.gone), (self.new, &drift.new)] {
            if !names.is_empty() {
                let names: Vec<String> = names.iter().map(|column| name(column)).collect();
                told.push(sentence.replace("{names}", &names.join(self.list_comma)));
            }
        }
        told
    }

    fn basis(&self, found: &RunDrift) -> String {
        let [trained, before, named] = self.basis;
        let sentence = match found.basis {
            Basis::Training => trained,
            Basis::Before => before,
            Basis::Named => named,
        };
        let count = |number: u64| group_thousands(&number.to_string());
        let customers = |[all, counted]: [u64; 2]| {
            let words = if all == counted { self.customers } else { self.sample };
            words.replace("{counted}", &count(counted)).replace("{all}", &count(all))
        };
        // Names of files come last: one may hold a brace.
        let told = sentence.replace("{from}", &found.from.to_string()).replace("{to}", &found.to.to_string());
        let told = told.replace("{before}", &customers(found.drift.before)).replace("{now}", &customers(found.drift.now));
        told.replace("{from_source}", &found.from_source).replace("{to_source}", &found.to_source)
    }

    fn scores(&self, scores: &ScoreDrift) -> Vec<String> {
        let stability = &scores.stability;
        let figures = [
            ("{before}", percent(scores.mean_before)),
            ("{now}", percent(scores.mean_now)),
            ("{psi}", index(stability.psi)),
            ("{chance}", index(stability.chance)),
            ("{reading}", self.read(stability.reading).to_owned()),
        ];
        let mut told = vec![figures.iter().fold(self.scores.to_owned(), |told, (name, value)| told.replace(name, value))];
        let share = |level: RiskLevel| {
            let share = scores.levels.iter().find(|share| share.level == level)?;
            Some(format!("{} → {}", percent(share.before), percent(share.now)))
        };
        let levels = share(RiskLevel::High).zip(share(RiskLevel::Medium)).zip(share(RiskLevel::Low));
        told.push(match levels {
            Some(((high, medium), low)) => self.levels.replace("{high}", &high).replace("{medium}", &medium).replace("{low}", &low),
            None => self.other_thresholds.to_owned(),
        });
        told.extend((!scores.same_model).then(|| self.other_model.to_owned()));
        told
    }
}

/// Returns a share as per cent: `12.3%`.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// Returns an index as it is written: `0.123`.
pub fn index(psi: f64) -> String {
    format!("{psi:.3}")
}

const ENGLISH: Words = Words {
    column: "column",
    chance: "expected by chance",
    reading: "reading",
    most: "what moved most",
    how: "The PSI (population stability index): below 0.1 stable, up to 0.25 to be watched, above that changed. A column that \
          changed does not make the scores wrong; it says that the model meets customers it learned little of.",
    list_comma: ", ",
    basis: [
        "Run {to} ({to_source}, {now}) compared with run {from} ({from_source}, {before}), on which the model was trained.",
        "Run {to} ({to_source}, {now}) compared with the run before of another file, run {from} ({from_source}, {before}).",
        "Run {to} ({to_source}, {now}) compared with run {from} ({from_source}, {before}).",
    ],
    customers: "{all} customers",
    sample: "a sample of {counted} of {all} customers",
    no_column: "The two runs have no column in common, so nothing can be compared.",
    too_few: "One of the runs has fewer than {least} customers: no verdict is given; the figures are for information.",
    scores: "Scores: mean {before} → {now}; PSI {psi} ({chance} expected by chance), {reading}.",
    levels: "Share of the risk levels: high {high}, medium {medium}, low {low}.",
    other_thresholds: "The thresholds of the two runs differ, or those of the earlier run were not kept, so the shares of the risk levels are not compared.",
    other_model: "The runs were scored by different models, so the scores may have moved because of the model.",
    gone: "No longer there, or of another kind: {names}.",
    new: "Not there before, or of another kind: {names}.",
    readings: ["too few to tell", "stable", "to be watched", "changed"],
    bins: ["below {n}", "{from} to {to}", "above {from} up to {to}", "above {n}", "any number", "other values", "empty"],
};

const TAIWAN: Words = Words {
    column: "欄位",
    chance: "隨機預期值",
    reading: "判讀",
    most: "變動最大的部分",
    how: "PSI 是母體穩定度指標：小於 0.1 為穩定，0.1 到 0.25 需留意，超過 0.25 表示已改變。欄位改變不代表分數有誤，而是模型遇到了它很少見過的客戶。",
    list_comma: "、",
    basis: [
        "第 {to} 次執行（{to_source}，{now}）與訓練模型時的第 {from} 次執行（{from_source}，{before}）相比。",
        "第 {to} 次執行（{to_source}，{now}）與上一個檔案的第 {from} 次執行（{from_source}，{before}）相比。",
        "第 {to} 次執行（{to_source}，{now}）與第 {from} 次執行（{from_source}，{before}）相比。",
    ],
    customers: "{all} 位客戶",
    sample: "由 {all} 位客戶中抽出 {counted} 位",
    no_column: "兩次執行沒有相同的欄位，因此無法比較。",
    too_few: "其中一次執行不到 {least} 位客戶，人數太少，不作判讀，數字僅供參考。",
    scores: "分數：平均 {before} → {now}；PSI {psi}（隨機預期值 {chance}），{reading}。",
    levels: "各風險等級的占比：高風險 {high}、中風險 {medium}、低風險 {low}。",
    other_thresholds: "兩次執行的風險門檻不同，或先前的門檻沒有保存，因此不比較各風險等級的占比。",
    other_model: "兩次執行使用不同的模型，分數的變動可能來自模型。",
    gone: "已不存在或型別不同的欄位：{names}。",
    new: "先前沒有或型別不同的欄位：{names}。",
    readings: ["人數太少，無法判斷", "穩定", "需留意", "已改變"],
    bins: ["低於 {n}", "{from} 至 {to}", "超過 {from}、至 {to}", "高於 {n}", "任何數字", "其他值", "空白"],
};

const MAINLAND: Words = Words {
    column: "字段",
    chance: "随机预期值",
    reading: "判读",
    most: "变化最大的部分",
    how: "PSI 是群体稳定性指标：小于 0.1 为稳定，0.1 到 0.25 需要关注，超过 0.25 表示已变化。字段变化并不意味着分数有误，而是说明模型遇到了它很少见过的客户。",
    list_comma: "、",
    basis: [
        "第 {to} 次运行（{to_source}，{now}）与训练模型时的第 {from} 次运行（{from_source}，{before}）相比。",
        "第 {to} 次运行（{to_source}，{now}）与上一个文件的第 {from} 次运行（{from_source}，{before}）相比。",
        "第 {to} 次运行（{to_source}，{now}）与第 {from} 次运行（{from_source}，{before}）相比。",
    ],
    customers: "{all} 位客户",
    sample: "从 {all} 位客户中抽取 {counted} 位",
    no_column: "两次运行没有相同的字段，因此无法比较。",
    too_few: "其中一次运行不足 {least} 位客户，人数太少，不作判读，数字仅供参考。",
    scores: "分数：均值 {before} → {now}；PSI {psi}（随机预期值 {chance}），{reading}。",
    levels: "各风险等级的占比：高风险 {high}、中风险 {medium}、低风险 {low}。",
    other_thresholds: "两次运行的风险阈值不同，或之前的阈值没有保存，因此不比较各风险等级的占比。",
    other_model: "两次运行使用的模型不同，分数的变化可能来自模型。",
    gone: "已不存在或类型不同的字段：{names}。",
    new: "此前没有或类型不同的字段：{names}。",
    readings: ["人数太少，无法判断", "稳定", "需要关注", "已变化"],
    bins: ["低于 {n}", "{from} 至 {to}", "超过 {from}、至 {to}", "高于 {n}", "任意数值", "其他值", "空白"],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::{Drift, LevelShare, Stability};
    use crate::id::RunId;

    fn bin(bin: &Bin) -> [String; 3] {
        let writes = Writes { number: &|value| format!("{value} m"), word: &str::to_owned };
        Locale::ALL.map(|locale| Words::of(locale).bin(bin, &writes))
    }

    #[test]
    fn a_part_says_which_of_its_bounds_belongs_to_it() {
        let said = |part: Bin| bin(&part);
        assert_eq!(said(Bin::Range { from: 12.0, to: 24.0 }), ["超過 12 m、至 24 m", "超过 12 m、至 24 m", "above 12 m up to 24 m"]);
        assert_eq!(said(Bin::Lowest { from: 0.0, to: 12.0 }), ["0 m 至 12 m", "0 m 至 12 m", "0 m to 12 m"]);
        assert_eq!(said(Bin::Range { from: 3.0, to: 3.0 }), ["3 m"; 3].map(str::to_owned));
        assert_eq!(said(Bin::Below { least: 1.0 }), ["低於 1 m", "低于 1 m", "below 1 m"]);
        assert_eq!(said(Bin::Above { most: 9.0 }), ["高於 9 m", "高于 9 m", "above 9 m"]);
    }

    fn found(basis: Basis, drift: Drift) -> RunDrift {
        RunDrift { from: RunId(1), from_source: "a.csv".into(), to: RunId(7), to_source: "b.csv".into(), basis, drift }
    }

    fn told(found: &RunDrift) -> [Vec<String>; 3] {
        Locale::ALL.map(|locale| Words::of(locale).told(found, &str::to_owned))
    }

    #[test]
    fn the_basis_the_sample_and_the_thresholds_are_told() {
        let stability = Stability { psi: 0.2, bins: 3, chance: 0.01, reading: Reading::Watch };
        let column = crate::drift::ColumnDrift { column: "x".into(), stability, most: None };
        let mut scores =
            ScoreDrift { stability, same_model: true, same_thresholds: false, mean_before: 0.25, mean_now: 0.5, levels: Vec::new() };
        let drift = |scores: &ScoreDrift| Drift {
            before: [7_043, 7_043],
            now: [120_000, 20_000],
            columns: vec![column.clone()],
            scores: Some(scores.clone()),
            ..Drift::default()
        };
        let [tw, cn, en] = told(&found(Basis::Training, drift(&scores)));
        assert_eq!(
            en[0],
            "Run 7 (b.csv, a sample of 20,000 of 120,000 customers) compared with run 1 (a.csv, 7,043 customers), on which the model was trained."
        );
        assert_eq!(tw[0], "第 7 次執行（b.csv，由 120,000 位客戶中抽出 20,000 位）與訓練模型時的第 1 次執行（a.csv，7,043 位客戶）相比。");
        assert!(cn[0].contains("从 120,000 位客户中抽取 20,000 位") && cn[0].contains("训练模型时的第 1 次运行"), "{cn:?}");
        assert_eq!(en[1], "Scores: mean 25.0% → 50.0%; PSI 0.200 (0.010 expected by chance), to be watched.");
        for (told, words) in [(tw, "門檻不同"), (cn, "阈值不同"), (en, "are not compared")] {
            assert!(told.len() == 3 && told[2].contains(words), "{told:?}");
        }
        scores.levels = RiskLevel::ALL.map(|level| LevelShare { level, before: 0.1, now: 0.2 }).to_vec();
        let [_, _, en] = told(&found(Basis::Before, drift(&scores)));
        assert_eq!(en[2], "Share of the risk levels: high 10.0% → 20.0%, medium 10.0% → 20.0%, low 10.0% → 20.0%.");
        assert!(en[0].contains("the run before of another file, run 1"), "{en:?}");
    }

    #[test]
    fn runs_without_a_common_column_are_not_compared() {
        let nothing = found(Basis::Before, Drift { before: [300, 300], now: [300, 300], gone: vec!["x".into()], ..Drift::default() });
        for (told, words) in told(&nothing).iter().zip(["沒有相同的欄位", "没有相同的字段", "no column in common"]) {
            assert!(told.len() == 2 && told[1].contains(words), "{told:?}");
        }
    }
}
