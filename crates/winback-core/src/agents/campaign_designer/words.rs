//! A plan in words for the people who decide about it, in three languages.
use super::{LESS_USE, uses_less};
use crate::campaign::{CampaignPlan, Choice, Decision, PriceSensitivity, Usage, Verdict, WhyNoContact, WhyNoOffer};
use crate::locale::{Locale, Localized, mid_sentence};
use crate::money::Money;
use crate::offer::{Catalogue, OfferId};
use crate::peer::PriceEffect;
use crate::risk::{Probability, RiskLevel, ValueBy, ValueTier};
use crate::schema::{Role, TableSchema, Theme};
use serde::{Deserialize, Serialize};

/// A plan in words. Empty texts are left out of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanText {
    /// What is to be done.
    pub what: String,
    /// Why this.
    pub why: String,
    /// The other offers of the rule, and why each was not chosen.
    pub others: Vec<OtherOffer>,
    /// What it costs.
    pub cost: String,
    /// What it is expected to bring, said as an assumption.
    pub effect: String,
    /// Where the assumption comes from.
    pub effect_source: String,
    /// Who does it.
    pub owner: String,
    /// By when.
    pub due: String,
    /// What a person should know: an unknown value, the part that price or use played.
    pub notes: Vec<String>,
}

/// An offer that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OtherOffer {
    /// The offer.
    pub offer: OfferId,
    /// Its name and why it was not chosen, as one sentence.
    pub text: String,
}

/// Returns a plan in words. `catalogue` is the one the plan was chosen from, `table` names the contract's value, `by` is
/// what the value tier is measured by.
pub fn describe(plan: &CampaignPlan, catalogue: &Catalogue, table: &TableSchema, by: ValueBy, locale: Locale) -> PlanText {
    let choice = plan.decision.choice();
    let part = |make: fn(&Choice, &Catalogue, Locale) -> String| choice.map(|choice| make(choice, catalogue, locale)).unwrap_or_default();
    PlanText {
        what: what(plan, catalogue, locale),
        why: why(plan, table, locale),
        others: others(plan, catalogue, locale),
        cost: part(cost),
        effect: part(effect),
        effect_source: part(effect_source),
        owner: plan.owner.get(locale).clone(),
        due: plan.due.map(|day| day_words(day, locale)).unwrap_or_default(),
        notes: notes(plan, by.label(table).get(locale), locale),
    }
}

fn pick(locale: Locale, zh_tw: String, zh_cn: String, en: String) -> String {
    match locale {
        Locale::ZhTw => zh_tw,
        Locale::ZhCn => zh_cn,
        Locale::En => en,
    }
}

fn say(locale: Locale, zh_tw: &str, zh_cn: &str, en: &str) -> String {
    pick(locale, zh_tw.into(), zh_cn.into(), en.into())
}

fn offer_name(id: &OfferId, catalogue: &Catalogue, locale: Locale) -> String {
    catalogue.offer(id).map_or_else(|| id.0.clone(), |offer| offer.name.get(locale).clone())
}

fn what(plan: &CampaignPlan, catalogue: &Catalogue, locale: Locale) -> String {
    match &plan.decision {
        Decision::Offer(choice) => {
            let name = offer_name(&choice.offer, catalogue, locale);
            pick(locale, format!("主動提供「{name}」。"), format!("主动提供“{name}”。"), format!("Offer “{name}”."))
        }
        Decision::ServiceContact { .. } => {
            say(locale, "主動關心聯繫，不附帶優惠。", "主动关怀联系，不附带优惠。", "Get in touch to help, without an offer.")
        }
        Decision::NoContact { .. } => say(locale, "暫不聯繫。", "暂不联系。", "Do not contact."),
    }
}

fn why(plan: &CampaignPlan, table: &TableSchema, locale: Locale) -> String {
    match &plan.decision {
        Decision::NoContact { why } => why_no_contact(*why, locale),
        Decision::ServiceContact { why } => format!("{}{}", standing(plan, table, locale), why_no_offer(*why, locale)),
        Decision::Offer(_) if plan.is_over_budget() => format!("{}{}", standing(plan, table, locale), free_instead(plan, locale)),
        Decision::Offer(_) => {
            let rule = plan.rule.as_deref().unwrap_or_default();
            let chosen = pick(
                locale,
                format!("在規則「{rule}」依序評估的方案中，這是第一個符合資格且預期效益高於成本的。"),
                format!("在规则“{rule}”依次评估的方案中，这是第一个符合条件且预期收益高于成本的。"),
                format!(
                    " Of the offers under the rule “{rule}”, tried in order, this is the first that the customer qualifies for and that should bring in more than it costs."
                ),
            );
            format!("{}{chosen}", standing(plan, table, locale))
        }
    }
}

fn free_instead(plan: &CampaignPlan, locale: Locale) -> String {
    let rule = plan.rule.as_deref().unwrap_or_default();
    pick(
        locale,
        format!("預算已優先用於效益更高的客戶，因此改採規則「{rule}」中第一個符合資格且不需成本的方案。"),
        format!("预算已优先用于收益更高的客户，因此改用规则“{rule}”中第一个符合条件且没有成本的方案。"),
        format!(
            " The budget goes first to customers for whom it brings more, so this is the first offer under the rule “{rule}” that the customer qualifies for and that costs nothing."
        ),
    )
}

/// Says risk, value, main reason and contract.
fn standing(plan: &CampaignPlan, table: &TableSchema, locale: Locale) -> String {
    let (level, tier) = (level_words(plan.inputs.level, locale), tier_words(plan.inputs.tier, locale));
    let contract = plan.inputs.contract.as_deref().map(|word| contract_words(word, table, locale));
    let (tw, cn, en) = match &contract {
        // A contract that is the reason is named once.
        Some(word) if plan.inputs.theme == Some(Theme::Contract) => (format!("（{word}）"), format!("（{word}）"), format!(" ({word})")),
        Some(word) => (format!("；目前合約為「{word}」"), format!("；当前合约为“{word}”"), format!("; the contract is “{word}”")),
        None => Default::default(),
    };
    match plan.inputs.theme.map(|theme| theme_words(theme).get(locale).clone()) {
        Some(theme) => pick(
            locale,
            format!("{level}、{tier}，主要原因是{theme}{tw}。"),
            format!("{level}、{tier}，主要原因是{theme}{cn}。"),
            format!("{level}, {tier}; the main reason is {theme}{en}."),
        ),
        None => pick(
            locale,
            format!("{level}、{tier}，沒有特別突出的原因{tw}。"),
            format!("{level}、{tier}，没有特别突出的原因{cn}。"),
            format!("{level}, {tier}; no single reason stands out{en}."),
        ),
    }
}

fn contract_words(word: &str, table: &TableSchema, locale: Locale) -> String {
    let column = table.with_role(&Role::Contract).and_then(|column| table.columns.get(column));
    column.and_then(|column| column.value_labels.get(word)).map_or_else(|| word.to_owned(), |label| label.get(locale).clone())
}

fn level_words(level: RiskLevel, locale: Locale) -> String {
    match level {
        RiskLevel::High => say(locale, "高風險", "高风险", "High risk"),
        RiskLevel::Medium => say(locale, "中風險", "中风险", "Medium risk"),
        RiskLevel::Low => say(locale, "低風險", "低风险", "Low risk"),
    }
}

fn tier_words(tier: Option<ValueTier>, locale: Locale) -> String {
    match tier {
        Some(ValueTier::High) => say(locale, "高價值", "高价值", "high value"),
        Some(ValueTier::Mid) => say(locale, "中等價值", "中等价值", "mid value"),
        Some(ValueTier::Low) => say(locale, "低價值", "低价值", "low value"),
        None => say(locale, "價值未知", "价值未知", "unknown value"),
    }
}

/// Returns what a theme is called within a sentence.
pub fn theme_words(theme: Theme) -> Localized {
    match theme {
        Theme::Contract => Localized::new("合約", "合约", "the contract"),
        Theme::Price => Localized::new("費用", "费用", "the price"),
        Theme::Support => Localized::new("支援與加值服務", "支持与增值服务", "support and add-on services"),
        Theme::Product => Localized::new("產品本身", "产品本身", "the product itself"),
        Theme::Payment => Localized::new("付款與帳單方式", "付款与账单方式", "payment and billing"),
        Theme::Loyalty => Localized::new("成為客戶的時間", "成为客户的时间", "the time with the company"),
        Theme::Usage => Localized::new("使用情形", "使用情况", "how the product is used"),
        Theme::Profile => Localized::new("客戶背景", "客户背景", "the customer’s background"),
    }
}

fn why_no_contact(why: WhyNoContact, locale: Locale) -> String {
    match why {
        WhyNoContact::LowRisk => say(
            locale,
            "流失風險低，不必打擾；此時聯繫反而可能讓客戶想到要離開。",
            "流失风险低，不必打扰；此时联系反而可能让客户想到要离开。",
            "The risk is low; a message could put the thought of leaving into the customer’s head.",
        ),
        WhyNoContact::AlreadyLeft => {
            say(locale, "資料顯示客戶已經離開。", "数据显示客户已经离开。", "According to the data, the customer has already left.")
        }
    }
}

fn why_no_offer(why: WhyNoOffer, locale: Locale) -> String {
    match why {
        WhyNoOffer::NoEligibleOffer => say(
            locale,
            "客戶目前不符合規則中任何方案的條件，因此只做服務關懷。",
            "客户目前不符合规则中任何方案的条件，因此只做服务关怀。",
            " The customer qualifies for none of the rule’s offers, so this is a service contact only.",
        ),
        WhyNoOffer::NoneWorthIt => say(
            locale,
            "適用的方案成本都高於預期能留住的毛利，因此只做服務關懷。",
            "适用的方案成本都高于预期能留住的毛利，因此只做服务关怀。",
            " Every offer the customer qualifies for would cost more than the margin it is expected to keep, so this is a service contact only.",
        ),
        WhyNoOffer::BudgetSpent => say(
            locale,
            "預算已優先用於效益更高的客戶，而適用的方案都需要成本，因此只做服務關懷。",
            "预算已优先用于收益更高的客户，而适用的方案都有成本，因此只做服务关怀。",
            " The budget goes first to customers for whom it brings more, and every offer this customer qualifies for costs something, so this is a service contact only.",
        ),
    }
}

fn others(plan: &CampaignPlan, catalogue: &Catalogue, locale: Locale) -> Vec<OtherOffer> {
    let rest = plan.considered.iter().filter(|one| one.verdict != Verdict::Chosen);
    rest.map(|one| {
        let (name, reason) = (offer_name(&one.offer, catalogue, locale), verdict_words(one.verdict, locale));
        let text = pick(locale, format!("{name}：{reason}"), format!("{name}：{reason}"), format!("{name}: {reason}"));
        OtherOffer { offer: one.offer.clone(), text }
    })
    .collect()
}

fn verdict_words(verdict: Verdict, locale: Locale) -> String {
    let (zh_tw, zh_cn, en) = match verdict {
        Verdict::Chosen => ("已選用。", "已选用。", "chosen."),
        Verdict::RunnerUp => (
            "備選方案，也適用，但排序在後。",
            "备选方案，也适用，但排序靠后。",
            "the runner-up; it fits too, but comes later in the order.",
        ),
        Verdict::NotNeeded => ("也適用，但前面已有兩個方案。", "也适用，但前面已有两个方案。", "fits too, but two others come before it."),
        Verdict::OtherRisk => ("不適用於這個風險等級。", "不适用于该风险等级。", "not for this risk level."),
        Verdict::OtherValue => ("不適用於這個價值分級。", "不适用于该价值等级。", "not for this value tier."),
        Verdict::OtherTenure => (
            "成為客戶的時間不符條件或未知。",
            "成为客户的时间不符合条件或未知。",
            "the time with the company is outside its limits, or unknown.",
        ),
        Verdict::ChargeTooLow => ("月費未達門檻或未知。", "月费未达门槛或未知。", "the monthly charge is below its limit, or unknown."),
        Verdict::OtherColumn => (
            "客戶目前的方案或狀態不符合條件。",
            "客户当前的套餐或状态不符合条件。",
            "the customer’s present plan or status does not meet its conditions.",
        ),
        Verdict::NotValidToday => ("目前不在優惠期間內。", "目前不在优惠期内。", "not available on this date."),
        Verdict::OutOfStock => ("名額已用完。", "名额已用完。", "none are left."),
        Verdict::NotWorthIt => {
            ("成本高於預期能留住的毛利。", "成本高于预期能留住的毛利。", "would cost more than the margin it is expected to keep.")
        }
        Verdict::OverBudget => (
            "也適用，但預算已優先用於效益更高的客戶。",
            "也适用，但预算已优先用于收益更高的客户。",
            "fits too, but the budget goes first to customers for whom it brings more.",
        ),
    };
    say(locale, zh_tw, zh_cn, en)
}

fn cost(choice: &Choice, catalogue: &Catalogue, locale: Locale) -> String {
    let amount = Money::new(choice.cost_minor, catalogue.currency);
    match choice.cost_minor {
        0 => say(locale, "不需成本。", "没有成本。", "Costs nothing."),
        _ => pick(
            locale,
            format!("客戶接受時成本為 {amount}。"),
            format!("客户接受时成本为 {amount}。"),
            format!("Costs {amount} if the customer accepts."),
        ),
    }
}

fn percent(probability: f64) -> String {
    Probability::new(probability).map(|probability| probability.to_string()).unwrap_or_default()
}

fn effect(choice: &Choice, catalogue: &Catalogue, locale: Locale) -> String {
    let effect = &choice.effect;
    let (before, after, months) = (percent(effect.probability_before), percent(effect.probability_after), effect.horizon_months);
    let falls = pick(
        locale,
        format!("假設：流失機率由 {before} 降至 {after}"),
        format!("假设：流失概率由 {before} 降至 {after}"),
        format!("Assumed: the probability of leaving falls from {before} to {after}"),
    );
    if effect.kept_margin_minor == 0 {
        let unknown = say(
            locale,
            "；因月費未知，未估算金額。",
            "；因月费未知，未估算金额。",
            "; with the monthly charge unknown, no amount is estimated.",
        );
        return falls + &unknown;
    }
    let money = |minor: i64| Money::new(minor, catalogue.currency);
    let (kept, net) = (money(effect.kept_margin_minor), money(effect.net_minor));
    let keeps = pick(
        locale,
        format!("；{months} 個月內約可留住毛利 {kept}，扣除成本後為 {net}。"),
        format!("；{months} 个月内约可留住毛利 {kept}，扣除成本后为 {net}。"),
        format!("; over {months} months that keeps about {kept} of margin, or {net} after the cost."),
    );
    falls + &keeps
}

fn effect_source(choice: &Choice, catalogue: &Catalogue, locale: Locale) -> String {
    let source = catalogue.offer(&choice.offer).map(|offer| offer.effect.source.get(locale).as_str()).unwrap_or_default();
    pick(
        locale,
        format!("這是假設，不是實測結果。來源：{source}"),
        format!("这是假设，不是实测结果。来源：{source}"),
        format!("This is an assumption, not a measured result. Source: {source}"),
    )
}

fn day_words(day: jiff::civil::Date, locale: Locale) -> String {
    let (year, month, date) = (day.year(), day.month(), day.day());
    match locale {
        Locale::En => day.strftime("%-d %B %Y").to_string(),
        Locale::ZhTw | Locale::ZhCn => format!("{year} 年 {month} 月 {date} 日"),
    }
}

fn notes(plan: &CampaignPlan, measure: &str, locale: Locale) -> Vec<String> {
    if !plan.decision.is_contact() {
        return Vec::new();
    }
    let value = plan.inputs.tier.is_none().then(|| {
        pick(
            locale,
            format!("客戶價值未知（沒有可用的{measure}），因此採用不分價值的規則。"),
            format!("客户价值未知（没有可用的{measure}），因此采用不分价值的规则。"),
            format!(
                "The customer’s value is unknown (no usable {}), so a rule that does not depend on value was used.",
                mid_sentence(measure)
            ),
        )
    });
    let rule = plan
        .rule
        .is_none()
        .then(|| say(locale, "沒有任何規則適用於這位客戶。", "没有任何规则适用于该客户。", "No rule covers this customer."));
    let usage = uses_less(&plan.inputs.usage).then(|| usage_words(&plan.inputs.usage, locale));
    [value, rule, Some(price_words(plan.inputs.price_sensitivity, locale)), usage].into_iter().flatten().collect()
}

fn price_words(sensitivity: PriceSensitivity, locale: Locale) -> String {
    let shares = |effect: PriceEffect| (share(effect.above_left, effect.above), share(effect.below_left, effect.below));
    match sensitivity {
        PriceSensitivity::Raised { effect } => {
            let (above, below) = shares(effect);
            pick(
                locale,
                format!(
                    "價格敏感度偏高：月費高於同類客戶的中位數；同類客戶中，月費較高的有 {above} 離開，其餘為 {below}。因此先評估能降低月費的方案。"
                ),
                format!(
                    "价格敏感度偏高：月费高于同类客户的中位数；同类客户中，月费较高的有 {above} 离开，其余为 {below}。因此先评估能降低月费的方案。"
                ),
                format!(
                    "Price sensitivity is raised: the charge is above the median of similar customers. Of those who pay more than the median, {above} left, against {below} of the others. Offers that lower the bill were therefore tried first."
                ),
            )
        }
        PriceSensitivity::Typical { effect } => {
            let (above, below) = shares(effect);
            pick(
                locale,
                format!("價格敏感度一般：同類客戶中，月費較高的較常離開（{above}，其餘為 {below}），但這位客戶的月費並未高於中位數。"),
                format!("价格敏感度一般：同类客户中，月费较高的更容易离开（{above}，其余为 {below}），但这位客户的月费并未高于中位数。"),
                format!(
                    "Price sensitivity is typical: similar customers who pay more leave more often ({above} left, against {below} of the others), but this customer does not pay more than the median."
                ),
            )
        }
        PriceSensitivity::Unknown => say(
            locale,
            "價格敏感度：資料不足以判斷，因此視為中性。",
            "价格敏感度：数据不足以判断，因此视为中性。",
            "Price sensitivity: the data do not show it, so it is treated as neutral.",
        ),
    }
}

fn share(left: u64, of: u64) -> String {
    if of == 0 { "—".into() } else { percent(left as f64 / of as f64) }
}

fn usage_words(usage: &Usage, locale: Locale) -> String {
    let Usage::Changed { drop_rate } = usage else { return String::new() };
    let (drop, limit) = (format!("{:.0}%", drop_rate * 100.0), format!("{:.0}%", LESS_USE * 100.0));
    pick(
        locale,
        format!("使用量減少了 {drop}（門檻為 {limit}），因此最後才評估升級方案。"),
        format!("使用量减少了 {drop}（门槛为 {limit}），因此最后才评估升级方案。"),
        format!("Use fell by {drop} (the threshold is {limit}), so upgrades were tried last."),
    )
}
