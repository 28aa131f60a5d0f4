//! Sentences that the store keeps in English, in the other languages. A sentence that is not listed stays as
//! it is: it is technical detail, and the page says so.
use super::fill;
use winback_core::locale::Locale;

/// A sentence in English, zh-TW and zh-CN; `{name}` stands for whatever stands there.
type Saying = [&'static str; 3];

const SAYINGS: &[Saying] = &[
    // The limits of the model's card.
    [
        "A score tells how likely a customer like this one was to have left when the table was made; it gives no date.",
        "分數代表在資料產生時，類似的客戶有多大機會已經離開；它不提供日期。",
        "分数代表在数据生成时，类似的客户有多大可能已经离开；它不提供日期。",
    ],
    [
        "A reason tells what goes together with leaving; it does not prove that changing it would keep the customer.",
        "原因只說明什麼與流失相伴出現，不能證明改變它就能留住客戶。",
        "原因只说明什么与流失相伴出现，不能证明改变它就能留住客户。",
    ],
    [
        "Every column counts by itself: the effect of one does not depend on another.",
        "每個欄位各自計算：一個欄位的影響不隨另一個欄位而變。",
        "每个字段各自计算：一个字段的影响不随另一个字段而变。",
    ],
    [
        "A reason is a column's part in the score, fairly shared where columns count together; it is no effect that could be had alone.",
        "原因是各欄位在分數中的份量，共同作用的部分公平分攤；它不是單獨改變某一欄就能得到的效果。",
        "原因是各字段在分数中的份量，共同作用的部分公平分摊；它不是单独改变某个字段就能得到的效果。",
    ],
    [
        "A number outside the range of the training table counts as the nearest number inside it.",
        "超出訓練資料範圍的數字，以範圍內最接近的數字計算。",
        "超出训练数据范围的数字，按范围内最接近的数字计算。",
    ],
    [
        "It learned from customers of whom the rarer kind was repeated, so the average customer that reasons are measured against is that of a table in which as many left as stayed.",
        "訓練時重複使用了人數較少的一類客戶，因此原因所比較的「平均客戶」，是離開與留下人數相同的資料中的平均客戶。",
        "训练时重复使用了人数较少的一类客户，因此原因所对比的“平均客户”，是离开与留下人数相同的数据中的平均客户。",
    ],
    [
        "Invented for demonstration, without looking at who left: {names}.",
        "以下欄位是示範用的模擬資料，產生時未參考誰已離開：{names}。",
        "以下字段是演示用的模拟数据，生成时未参考谁已离开：{names}。",
    ],
    // How the model's card says that a column is used.
    ["one-hot, {n} levels", "類別，共 {n} 種值", "类别，共 {n} 种值"],
    [
        "one-hot, {n} levels, and {rare} rare words together as \"other\"",
        "類別，共 {n} 種值，另有 {rare} 種少見的值合併為「其他」",
        "类别，共 {n} 种值，另有 {rare} 种少见的值合并为“其他”",
    ],
    [
        "one-hot, {n} levels, and {rare} rare word together as \"other\"",
        "類別，共 {n} 種值，另有 {rare} 種少見的值歸為「其他」",
        "类别，共 {n} 种值，另有 {rare} 种少见的值归为“其他”",
    ],
    ["a broken line through {n} knots", "數字，以 {n} 個節點的折線表示", "数字，以 {n} 个节点的折线表示"],
    ["a number in {n} bins", "數字，分為 {n} 段", "数字，分为 {n} 段"],
    [
        "{n} words, and {rare} rare words together as \"other\"",
        "{n} 種值，另有 {rare} 種少見的值合併為「其他」",
        "{n} 种值，另有 {rare} 种少见的值合并为“其他”",
    ],
    [
        "{n} words, and {rare} rare word together as \"other\"",
        "{n} 種值，另有 {rare} 種少見的值歸為「其他」",
        "{n} 种值，另有 {rare} 种少见的值归为“其他”",
    ],
    ["{n} words", "{n} 種值", "{n} 种值"],
    ["not used: empty in every row", "未使用：每一列都是空白", "未使用：每一行都是空白"],
    ["not used: the same in every row", "未使用：每一列都相同", "未使用：每一行都相同"],
    ["not used: no word stands in enough rows", "未使用：沒有一種值出現得夠多", "未使用：没有一种值出现得足够多"],
    ["not used: {why}", "未使用：{why}", "未使用：{why}"],
    ["nothing to fill", "無須補值", "无需补值"],
    [
        "no cell was empty; an empty one counts as the median {value}",
        "沒有空白；若空白，以中位數 {value} 計算",
        "没有空白；若空白，按中位数 {value} 计算",
    ],
    ["no cell was empty; an empty one counts as {value}", "沒有空白；若空白，視為 {value}", "没有空白；若空白，视为 {value}"],
    [
        "{n} cells were empty; they count as the median {value}",
        "有 {n} 格空白，以中位數 {value} 計算",
        "有 {n} 格空白，按中位数 {value} 计算",
    ],
    [
        "no cell was empty; an empty one goes with most of the others",
        "沒有空白；若空白，歸入客戶較多的一邊",
        "没有空白；若空白，归入客户较多的一边",
    ],
    ["{n} cells were empty; they are a kind of their own", "有 {n} 格空白，自成一類", "有 {n} 格空白，自成一类"],
    ["{n} cells were empty; they are a level of their own", "有 {n} 格空白，自成一類", "有 {n} 格空白，自成一类"],
    // What the import most often finds.
    [
        "found an empty cell and filled in 0, because {column} is 0",
        "此格空白，因為 {column} 為 0，所以補上 0",
        "此格空白，因为 {column} 为 0，所以补上 0",
    ],
    [
        "equals line {line} in everything but the id; both are kept, and training keeps them in one fold",
        "除編號外與第 {line} 行完全相同；兩列都保留，訓練時放在同一折",
        "除编号外与第 {line} 行完全相同；两行都保留，训练时放在同一折",
    ],
    // What a reader of an adapter's evaluation must know.
    [
        "the shared adapter {version} learned from other examples, or keeps others back, so it may know these customers and is not compared",
        "共用適配器 {version} 學習或保留的範例不同，可能已經知道這些客戶，因此沒有比較",
        "共享适配器 {version} 学习或留出的样例不同，可能已经知道这些客户，因此没有比较",
    ],
    [
        "the shared adapter {version} was made for another base, and is not compared",
        "共用適配器 {version} 屬於另一個基礎模型，因此沒有比較",
        "共享适配器 {version} 属于另一个基础模型，因此没有比较",
    ],
    [
        "this version is a copy of the shared adapter, and is compared with the base alone",
        "這個版本是共用適配器的複本，只與基礎模型比較",
        "这个版本是共享适配器的副本，只与基础模型比较",
    ],
    ["the shared adapter {version} is not compared: {why}", "共用適配器 {version} 沒有比較：{why}", "共享适配器 {version} 没有比较：{why}"],
    ["the shared adapter {version} is passed over: {why}", "略過共用適配器 {version}：{why}", "略过共享适配器 {version}：{why}"],
    [
        "it learned from all segments' examples, and is tried on the customers of all of them",
        "它從所有客群的範例中學習，因此以所有客群的客戶評估",
        "它从所有客群的样例中学习，因此用所有客群的客户评估",
    ],
    [
        "{n} of {all} examples name no customer: each counts as one of its own, and whether it was learned from another mail to the same customer is not known",
        "{all} 筆範例中有 {n} 筆沒有寫明客戶：各算一位，也無法得知是否學過寫給同一位客戶的其他信件",
        "{all} 条样例中有 {n} 条没有写明客户：各算一位，也无法得知是否学过写给同一位客户的其他邮件",
    ],
    [
        "{n} examples were left out, since their customers were learned from",
        "有 {n} 筆範例的客戶在學習時用過，因此略過",
        "有 {n} 条样例的客户在学习时用过，因此略过",
    ],
    [
        "{n} of {all} examples carry no brief: claims are not measured of them, and their slots by what the prompt names",
        "{all} 筆範例中有 {n} 筆沒有附上依據：無法審閱其說法，欄位則依提示中的名稱判斷",
        "{all} 条样例中有 {n} 条没有附上依据：无法审阅其说法，字段则按提示中的名称判断",
    ],
    [
        "{n} of {all} examples are in no language that is known: their slots are not measured",
        "{all} 筆範例中有 {n} 筆無法得知語言：沒有測量其欄位",
        "{all} 条样例中有 {n} 条无法得知语言：没有测量其字段",
    ],
    [
        "the examples were made with other wordings than this folder's, by which the mails are reviewed",
        "範例所用的範本與這個資料夾的不同，而信件以這個資料夾的範本審閱",
        "样例所用的模板与这个文件夹的不同，而邮件按这个文件夹的模板审阅",
    ],
    // The checks a message passed.
    ["asks-to-speak", "開場先問是否方便", "开场先问是否方便"],
    ["branches-end", "每條對話都有結尾", "每条对话都有结尾"],
    ["branches-reachable", "每條對話都走得到", "每条对话都走得到"],
    ["branches-required", "備有拒絕、客訴與找錯人的回答", "备有拒绝、投诉与打错电话的回答"],
    ["caller-named", "開場報上公司與姓名", "开场报上公司与姓名"],
    ["claims-bound", "每項說法都有依據", "每项说法都有依据"],
    ["words-accounted", "每個字句都有出處", "每个字句都有出处"],
    ["footer", "頁尾完整", "页脚完整"],
    ["html-agrees", "兩種版面內容一致", "两种版式内容一致"],
    ["html-inert", "版面不含程式", "版式不含程序"],
    ["length", "長度合格", "长度合格"],
    ["links-known", "連結已核對", "链接已核对"],
    ["neutral-greeting", "資料中的名字不宜使用，改用一般稱呼", "资料中的名字不宜使用，改用通用称呼"],
    ["no-template-syntax", "沒有殘留樣板語法", "没有残留模板语法"],
    ["numbers-bound", "每個數字都有依據", "每个数字都有依据"],
    ["objections-answered", "每個回應都有答覆", "每个回应都有答复"],
    ["objections-distinct", "回應不重複", "回应不重复"],
    ["offer-named", "寫明方案名稱", "写明方案名称"],
    ["offer-of-the-plan", "與計畫的方案相同", "与计划的方案相同"],
    ["outcomes-distinct", "通話結果不重複", "通话结果不重复"],
    ["plain-characters", "只用一般字元", "只用普通字符"],
    ["refusal", "寫明免費的拒收方式", "写明免费的退订方式"],
    ["script-complete", "腳本完整", "脚本完整"],
    ["sender-named", "寫明寄件公司", "写明发件公司"],
    ["single-line", "標題為單行", "标题为单行"],
    ["slots-filled", "個人資料已填入", "个人信息已填入"],
    ["slots-known", "欄位名稱已核對", "字段名称已核对"],
    ["spoken-time", "通話時間合格", "通话时间合格"],
    ["subject-length", "主旨長度合格", "主题长度合格"],
    ["subject-present", "有主旨", "有主题"],
    ["text-present", "有內文", "有正文"],
    ["unsubscribe", "可取消訂閱", "可取消订阅"],
];

/// Returns a sentence of the store in a language, or as it is where nobody translated it.
pub(crate) fn said(text: &str, locale: Locale) -> String {
    let column = match locale {
        Locale::En => return text.to_owned(),
        Locale::ZhTw => 1,
        Locale::ZhCn => 2,
    };
    if let Some((regression, trees)) = text.split_once("; by trees: ") {
        let by_trees = if locale == Locale::ZhTw { "；樹則為：" } else { "；树则为：" };
        return format!("{}{by_trees}{}", said(regression, locale), said(trees, locale));
    }
    let found = SAYINGS.iter().find_map(|saying| values(saying[0], text).map(|values| fill(saying[column], &values)));
    found.unwrap_or_else(|| text.to_owned())
}

/// Returns what stands in a text where its pattern has a `{name}`; `None` if the text is no such sentence.
fn values<'a>(pattern: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == text).then(Vec::new);
    };
    let (name, after) = rest.split_once('}')?;
    let text = text.strip_prefix(before)?;
    let next = after.split('{').next().unwrap_or(after);
    let end = if next.is_empty() { text.len() } else { text.find(next)? };
    let mut values = vec![(name, &text[..end])];
    values.extend(self::values(after, &text[end..])?);
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_said_with_its_values_or_left_as_it_is() {
        let check = |text: &str, expected: &str| assert_eq!(said(text, Locale::ZhTw), expected);
        check("one-hot, 3 levels", "類別，共 3 種值");
        check("one-hot, 3 levels, and 2 rare words together as \"other\"", "類別，共 3 種值，另有 2 種少見的值合併為「其他」");
        check("no cell was empty; an empty one counts as the median 29", "沒有空白；若空白，以中位數 29 計算");
        check("no cell was empty; an empty one counts as \"{n}\"", "沒有空白；若空白，視為 \"{n}\"");
        check("a number in 12 bins; by trees: x", "數字，分為 12 段；樹則為：x");
        check("not used: the same in every row", "未使用：每一列都相同");
        check("never heard of", "never heard of");
        check("", "");
        assert_eq!(said("one-hot, 3 levels", Locale::En), "one-hot, 3 levels");
    }

    #[test]
    fn every_saying_keeps_its_values() {
        let names = |text: &str| {
            text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        for saying in SAYINGS {
            for text in &saying[1..] {
                let (mut expected, mut found) = (names(saying[0]), names(text));
                expected.sort();
                found.sort();
                assert_eq!(expected, found, "{text}");
            }
        }
    }
}
