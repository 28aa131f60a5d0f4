//! `winback whatif`
use crate::cli::{Language, Place, show};
use crate::desk::context;
use crate::exit::{Exit, stop};
use crate::report;
use crate::stages::model_of;
use crate::workbench::{OrStorage, Workbench, today};
use std::process::ExitCode;
use winback_core::counterfactual::{Counterfactual, MOST_SETS, Way};
use winback_core::locale::Locale;
use winback_core::money::Money;
use winback_core::pipeline::whatif::{Asked, WhatIf, WhatIfError, is_line, what_if};
use winback_core::portfolio::Context;
use winback_core::run::Stage;

/// Show which offers would bring a customer under a line, scored again by the model
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The customer's id
    pub id: String,
    /// The probability to get under, from 0 to 1 [default: where the risk becomes medium]
    #[arg(long, value_name = "P")]
    pub under: Option<f64>,
    /// The language
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
}

/// Shows what the offers of the catalogue would change for a customer of the newest run.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Assess).await?;
    let context = context(&run).or_storage()?;
    let line = args.under.unwrap_or(context.thresholds.medium());
    if !is_line(line) {
        return Err(stop(Exit::Usage, format!("--under is {line}; expected a probability above 0 and up to 1"), "for example --under 0.4"));
    }
    let file = show::find(&bench, &context, &args.id).await?;
    let (model, _) = model_of(&bench, &run)?;
    let told = answer(what_if(&context, &file, &*model, Asked { line, chosen: &[], today: today() }))?;
    let page = Page { context: &context, found: &told.found, locale: args.lang.into() };
    report::print(at.json, &told, || page.text())?;
    Ok(ExitCode::SUCCESS)
}

fn answer(told: Result<WhatIf, WhatIfError>) -> anyhow::Result<WhatIf> {
    told.map_err(|error| match error {
        WhatIfError::NotAssessed => stop(Exit::Usage, error, "winback assess"),
        WhatIfError::Currency(_) => stop(Exit::BadConfig, error, "see currency in schema.toml and offers.toml"),
        WhatIfError::Change(_) => stop(Exit::BadConfig, error, "winback offers lint names every such change"),
        WhatIfError::NoModel { .. } => stop(Exit::BadInput, error, "winback train --again makes the model anew"),
        WhatIfError::Search(_) | WhatIfError::Ended(_) => stop(Exit::Failure, error, "winback assess --again scores the customers anew"),
    })
}

/// The answer, for people.
struct Page<'a> {
    context: &'a Context,
    found: &'a Counterfactual,
    locale: Locale,
}

impl Page<'_> {
    fn text(&self) -> String {
        let [title, nothing, cheapest, no_action, lowest, none_lowers, each, left_out, caution] = self.words();
        let (now, line) = (percent(self.found.now.value()), percent(self.found.line));
        let mut text = vec![title.replace("{now}", &now).replace("{line}", &line).replace("{tried}", &self.found.tried.to_string())];
        if self.found.tried == 0 {
            text.push(nothing.to_owned());
            return text.join("\n");
        }
        match (&self.found.cheapest, &self.found.lowest) {
            (Some(way), _) => text.push(cheapest.replace("{way}", &self.way(way))),
            (None, lowered) => {
                let furthest = if self.found.lowers() { lowest } else { none_lowers };
                text.push(no_action.to_owned());
                text.extend(lowered.iter().map(|way| furthest.replace("{way}", &self.way(way))));
            }
        }
        if self.found.dearer_left_out {
            text.push(left_out.replace("{most}", &report::count(MOST_SETS as u64)));
        }
        text.push(each.to_owned());
        text.extend(self.found.single.iter().map(|way| format!("  {}", self.way(way))));
        text.push(caution.to_owned());
        text.join("\n")
    }

    fn way(&self, way: &Way) -> String {
        let name = |id| self.context.catalogue.offer(id).map_or_else(|| format!("{id}"), |offer| offer.name.get(self.locale).clone());
        let names: Vec<String> = way.offers.iter().map(name).collect();
        let cost = Money::new(way.cost_minor, self.context.catalogue.currency);
        format!("{} → {} ({cost})", names.join(" + "), percent(way.probability.value()))
    }

    fn words(&self) -> [&'static str; 9] {
        match self.locale {
            Locale::En => [
                "Now {now}; to get under {line}, {tried} sets of offers were scored again by the model.",
                "No offer that this customer can have changes anything that the model sees.",
                "The cheapest that gets there: {way}",
                "No action of the catalogue suffices.",
                "The furthest that any set gets: {way}",
                "No offer that this customer can have lowers the probability; the one that changes it least: {way}",
                "Each offer by itself:",
                "Of sets of two or more only the cheapest were tried, so that there are {most} in all.",
                "This is how the model scores a row that looks so. It does not prove that the customer would stay.",
            ],
            Locale::ZhTw => [
                "目前 {now}；目標低於 {line}，模型重新評估了 {tried} 種方案組合。",
                "這位客戶可用的方案，都不會改變模型所看的資料。",
                "成本最低的做法：{way}",
                "方案目錄中沒有任何做法足以達到目標。",
                "最多可降到：{way}",
                "可用的方案都不會讓機率下降；變動最小的是：{way}",
                "單獨使用每個方案：",
                "兩個以上的組合只試了成本最低的，合計 {most} 種。",
                "這是模型對「資料變成這樣」的評分，不能證明客戶因此會留下。",
            ],
            Locale::ZhCn => [
                "目前 {now}；目标低于 {line}，模型重新评估了 {tried} 种方案组合。",
                "这位客户可用的方案，都不会改变模型所看的数据。",
                "成本最低的做法：{way}",
                "方案目录中没有任何做法足以达到目标。",
                "最多可降到：{way}",
                "可用的方案都不会让概率下降；变动最小的是：{way}",
                "单独使用每个方案：",
                "两个以上的组合只试了成本最低的，合计 {most} 种。",
                "这是模型对“数据变成这样”的评分，不能证明客户因此会留下。",
            ],
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}
