//! Honest words: the facts of a brief as a good writer would put them, each in place of one part of a built-in draft.
//! A customer who pays 500 a month in the currency of the company; offers by id, `None` for a contact without one.

/// The part of a draft that the words replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Subject,
    Preheader,
    /// The paragraph of the offer, in text and HTML.
    Body,
    Sms,
    Reason,
    Offer,
    Answer,
    Close,
}
use Part::{Answer, Body, Close, Offer, Preheader, Reason, Sms, Subject};

/// The company by its place in `houses::places`, the offer, the part and the words.
pub type Words = (usize, Option<&'static str>, Part, &'static str);

const YEAR: Option<&str> = Some("annual-15");
const SPEED: Option<&str> = Some("speed-up");
const FIXED: Option<&str> = Some("one-year");
const TRIAL: Option<&str> = Some("tech-trial");
const CHECK: Option<&str> = Some("check-call");
const HALF: Option<&str> = Some("half-year-20");
const WIFI: Option<&str> = Some("wifi-up");
const FIBRE: Option<&str> = Some("light-plan");
const ESIM: Option<&str> = Some("esim-try");
const SPRING: Option<&str> = Some("spring-30");
const PRO: Option<&str> = Some("pro-up");
const BACKUP: Option<&str> = Some("backup-try");
const ADVISER: Option<&str> = Some("named-contact");

pub const ENGLISH: &[Words] = &[
    (0, YEAR, Body, "With “Annual saver” you pay 15% less for 12 months once you sign a one-year contract."),
    (0, YEAR, Body, "Sign for one year and your monthly charge drops by 15 per cent. That is our “Annual saver”."),
    (0, YEAR, Body, "“Annual saver” takes fifteen percent off your monthly charge for a year, on a one-year contract."),
    (0, YEAR, Body, "You pay $500 a month today. With “Annual saver” it is $75 less, every month for twelve months."),
    (0, YEAR, Body, "“Annual saver” is open until 30 June 2027: 15% off your monthly charge for 12 months with a one-year contract."),
    (0, YEAR, Body, "You can take up “Annual saver” until June 30, 2027. It lowers your monthly charge by 15% for one year."),
    (
        0,
        YEAR,
        Body,
        "For 12 months you would pay 85% of what you pay now. The offer is called “Annual saver” and needs a one-year contract.",
    ),
    (
        0,
        YEAR,
        Offer,
        "I would like to tell you about “Annual saver”. With a one-year contract, your monthly charge comes down by fifteen per cent for twelve months. Shall I explain how it works?",
    ),
    (0, YEAR, Offer, "It is called “Annual saver”: $75 off your bill each month for a year, if you choose a one-year contract."),
    (0, YEAR, Sms, "Northwind: Annual saver, 15% off for 12 months. STOP=end"),
    (0, YEAR, Sms, "Northwind: Annual saver, open until 30 June 2027. STOP=end"),
    (0, YEAR, Sms, "Northwind: 15% off for a year with Annual saver. STOP=end"),
    (0, YEAR, Subject, "15% less each month for a year"),
    (0, YEAR, Preheader, "Annual saver: $75 less each month for twelve months."),
    (0, YEAR, Answer, "Of course. “Annual saver” is open until 30 June 2027, and you can reach us on 0800-555-010."),
    (0, YEAR, Close, "Thank you for listening. Nothing changes without your consent. Goodbye."),
    (0, SPEED, Body, "“Speed upgrade” gives you the next speed for the price you pay today."),
    (0, SPEED, Offer, "We can move you to the next speed with our “Speed upgrade”, and your price stays as it is. Would you like that?"),
    (0, SPEED, Sms, "Northwind: Speed upgrade at the same price. STOP=end"),
    (0, FIXED, Body, "“One-year plan” keeps your price the same for a whole year. You sign a one-year contract for it."),
    (
        0,
        FIXED,
        Offer,
        "With “One-year plan”, your price does not change for twelve months. What changes is the contract: it runs for one year.",
    ),
    (0, TRIAL, Body, "“Tech support trial” lets you use technical support free of charge for three months. After that it ends by itself."),
    (0, TRIAL, Sms, "Northwind: Tech support trial, free for 3 months. STOP=end"),
    (
        0,
        TRIAL,
        Offer,
        "I would like to invite you to our “Tech support trial”: three months of technical support at no cost, and it ends by itself.",
    ),
    (
        0,
        CHECK,
        Body,
        "With “Service check”, a specialist goes through your connection and your bill together with you. You pay nothing for it.",
    ),
    (
        0,
        CHECK,
        Offer,
        "“Service check” means that a specialist goes through your connection and bill with you, free of charge. When would suit you?",
    ),
    (0, None, Body, "If something about your service could be better, please tell us."),
    (0, None, Sms, "Northwind: Any questions? Call 0800-555-010. STOP=end"),
    (0, None, Reason, "I am calling to hear whether everything works as you would like it to."),
    (1, HALF, Body, "Renew, and “Half-year saver” takes 20% off your monthly charge for half a year, which is NT$100 less each month."),
    (
        1,
        HALF,
        Body,
        "“Half-year saver” runs for six months: twenty per cent off, or NT$100 less a month. You can accept it until 31 March 2027.",
    ),
    (1, HALF, Sms, "Seahorse: Half-year saver, 20% off for 6 months. STOP=end"),
    (1, WIFI, Body, "“Wi-Fi upgrade” moves your Wi-Fi up one step for a year and a half, and the price stays the same."),
    (1, WIFI, Offer, "Our “Wi-Fi upgrade” lasts 18 months. Your Wi-Fi moves up one step and you pay the same as now. Shall I arrange it?"),
    (1, FIBRE, Body, "Choose “Fibre 300 plan” with a contract of two years, and your monthly charge is 12% lower."),
    (1, ESIM, Body, "You can use eSIM Go free of charge for one month. “eSIM Go trial” then ends by itself."),
    (1, ESIM, Offer, "Our “eSIM Go trial” gives you eSIM Go for a month at no charge. It is open until 15 January 2027."),
    (2, SPRING, Body, "For three months, “Spring saver” takes 30% off your monthly charge: ¥150 less each month."),
    (
        2,
        SPRING,
        Offer,
        "“Spring saver” makes your monthly charge thirty per cent lower for three months. It is open until 28 February 2027.",
    ),
    (2, PRO, Body, "“Move to Pro” puts your account on Pro at the price you pay today."),
    (2, BACKUP, Body, "Try Backup for two months at no charge with “Backup trial”. It ends by itself."),
    (2, BACKUP, Sms, "Greenleaf: Backup trial, free for 2 months. STOP=end"),
    (2, ADVISER, Body, "With “Personal adviser”, one adviser looks after you for six months, at no charge."),
    // Words that look like numbers or claims and are none.
    (0, YEAR, Body, "One more thing: “Annual saver” is for you to choose, and nothing changes unless you say yes."),
    (0, YEAR, Answer, "Of course, take a second look at it. You can reach us on 0800-555-010."),
    (0, YEAR, Close, "Thank you for giving me a minute. Nothing changes unless you say yes. Have a good day."),
    (0, SPEED, Reason, "First of all, thank you for taking the call. I would like to hear how the service works for you."),
    (
        0,
        CHECK,
        Body,
        "If you like, someone from our team goes through everything with you, one step after the other: that is “Service check”.",
    ),
    (1, FIBRE, Body, "“Fibre 300 plan” may be one to look at: shall we go through it together?"),
];

pub const TAIWAN: &[Words] = &[
    (0, YEAR, Body, "「年約優惠」：改簽一年合約，連續 12 個月，月費打八五折。"),
    (0, YEAR, Body, "只要改簽一年合約，「年約優惠」讓您的月費少 15%，為期一年。"),
    (0, YEAR, Body, "使用「年約優惠」，一年內月費都是 85 折，需改簽一年合約。"),
    (0, YEAR, Body, "您目前每月付 $500，「年約優惠」期間每月少付 $75。"),
    (0, YEAR, Body, "「年約優惠」到 2027/6/30 為止：月費少百分之十五，連續十二個月。"),
    (0, YEAR, Body, "民國 116 年 6 月 30 日以前都可以申請「年約優惠」，月費少 15%，共 12 個月。"),
    (0, YEAR, Body, "「年約優惠」期間您只要付原本月費的 85%，連續十二個月，需要簽一年合約。"),
    (0, YEAR, Offer, "跟您介紹「年約優惠」：簽一年合約，月費打八五折，優惠一年。您想了解嗎？"),
    (0, YEAR, Offer, "「年約優惠」可以讓您每個月少付 $75，連續 12 個月，條件是改簽一年合約。您覺得如何？"),
    (0, YEAR, Sms, "【北辰電信】「年約優惠」：簽一年合約，月費 85 折，共 12 個月。拒收請回 N"),
    (0, YEAR, Sms, "【北辰電信】「年約優惠」到 2027/6/30 止，洽詢 0800-555-010。拒收請回 N"),
    (0, YEAR, Sms, "【北辰電信】「年約優惠」，月費少 15%，連續 12 個月。拒收請回 N"),
    (0, YEAR, Subject, "月費八五折，連續 12 個月"),
    (0, YEAR, Preheader, "「年約優惠」：每月少付 $75，為期一年。"),
    (0, YEAR, Answer, "您慢慢考慮。「年約優惠」到 2027 年 6 月 30 日為止，想好了再撥 0800-555-010 就可以。"),
    (0, YEAR, Close, "謝謝您接聽。沒有您的同意，我們不會做任何變動。祝您順心。"),
    (0, SPEED, Body, "「網速升級」會把您的網路提升到下一級速度，月費和現在一樣。"),
    (0, SPEED, Offer, "想幫您辦「網速升級」，速度升到下一級，月費不變。您覺得好嗎？"),
    (0, SPEED, Sms, "【北辰電信】「網速升級」：速度升到下一級，月費不變。拒收請回 N"),
    (0, FIXED, Body, "選擇「一年約方案」，一年內月費都不調整，只需要簽一年約。"),
    (0, FIXED, Offer, "「一年約方案」是簽約一年，這十二個月月費維持不變。要不要我說明細節？"),
    (0, TRIAL, Body, "「技術支援體驗」讓您免費使用技術支援三個月，到期不會自動收費。"),
    (0, TRIAL, Sms, "【北辰電信】「技術支援體驗」免費 3 個月，到期不會自動收費。拒收請回 N"),
    (0, TRIAL, Offer, "想請您試用「技術支援體驗」，三個月不用付費，到期也不會自動收費。"),
    (0, CHECK, Body, "「服務健檢」由專人陪您檢查連線和帳單，不收費。"),
    (0, CHECK, Offer, "「服務健檢」是由專人和您一起檢查連線與帳單，這項服務免費。什麼時間方便？"),
    (0, None, Body, "使用上如果有任何問題，歡迎告訴我們。"),
    (0, None, Sms, "【北辰電信】有需要幫忙的地方，請撥 0800-555-010。拒收請回 N"),
    (0, None, Reason, "今天打來，是想聽聽您用起來順不順利。"),
    (1, HALF, Body, "續約就能使用「半年輕鬆付」：半年內月費打八折，每月少付 NT$100。"),
    (1, HALF, Body, "「半年輕鬆付」為期六個月，月費少兩成，您每個月少付 100 元，2027 年 3 月 31 日以前都可以申請。"),
    (1, HALF, Sms, "【海馬寬頻】「半年輕鬆付」：續約後 6 個月月費 8 折。拒收請回 N"),
    (1, WIFI, Body, "「Wi-Fi 升級」期間為一年半，家中 Wi-Fi 升一級，月費不變。"),
    (1, WIFI, Offer, "「Wi-Fi 升級」為期 18 個月，家中 Wi-Fi 升一級，月費和現在一樣。要幫您安排嗎？"),
    (1, FIBRE, Body, "簽約兩年，選用「光纖 300 方案」，月費打 88 折。"),
    (1, ESIM, Body, "「eSIM Go 體驗」可以免費使用一個月，到期自動結束。"),
    (1, ESIM, Offer, "「eSIM Go 體驗」讓您免費使用一個月的 eSIM Go，申請到 2027 年 1 月 15 日為止。"),
    (2, SPRING, Body, "「暖春優惠」連續三個月，月費打七折，每月少付 ¥150。"),
    (2, SPRING, Offer, "「暖春優惠」提供到 2027 年 2 月 28 日，三個月內月費少三成。"),
    (2, PRO, Body, "「Pro 版升級」讓您的帳戶升到 Pro 版，月費和現在相同。"),
    (2, BACKUP, Body, "「Backup 備份體驗」免費使用兩個月，到期不會自動收費。"),
    (2, BACKUP, Sms, "【青禾雲端】「Backup 備份體驗」免費 2 個月，到期不會自動收費。拒收請回 N"),
    (2, ADVISER, Body, "「專屬顧問」在半年內由同一位顧問為您服務，不收費用。"),
    // 看起來像數字或承諾，其實不是的話。
    (0, YEAR, Body, "請您看一下「年約優惠」，要不要使用，一切由您決定。"),
    (0, YEAR, Answer, "好的，您再想一想。萬一有問題，請撥 0800-555-010。"),
    (0, YEAR, Close, "十分謝謝您接聽。沒有您的同意，一切都不會變動。祝您順心。"),
    (0, SPEED, Reason, "首先謝謝您接聽，今天想跟您一起看看服務用得順不順利。"),
    (0, CHECK, Body, "「服務健檢」是由專人陪您一步一步看過連線和帳單，請不用客氣。"),
    (1, FIBRE, Body, "「光纖 300 方案」也許值得一看，要不要我們一起看看？"),
];

pub const MAINLAND: &[Words] = &[
    (0, YEAR, Body, "“年约优惠”：改签一年合约，连续 12 个月，月费打八五折。"),
    (0, YEAR, Body, "只要改签一年合约，“年约优惠”让您的月费少 15%，为期一年。"),
    (0, YEAR, Body, "使用“年约优惠”，一年内月费都是 8.5 折，需改签一年合约。"),
    (0, YEAR, Body, "您现在每月付 $500，“年约优惠”期内每月少付 $75。"),
    (0, YEAR, Body, "“年约优惠”到 2027/6/30 为止：月费少百分之十五，连续十二个月。"),
    (0, YEAR, Body, "2027 年 6 月 30 日之前都可以申请“年约优惠”，月费少 15%，共 12 个月。"),
    (0, YEAR, Body, "“年约优惠”期内您只需付原来月费的 85%，连续十二个月，需要签一年合约。"),
    (0, YEAR, Offer, "跟您介绍“年约优惠”：签一年合约，月费打八五折，优惠一年。您想了解吗？"),
    (0, YEAR, Offer, "“年约优惠”可以让您每个月少付 $75，连续 12 个月，条件是改签一年合约。您觉得怎么样？"),
    (0, YEAR, Sms, "【北辰通信】“年约优惠”：签一年合约，月费 85 折，共 12 个月。拒收请回复 R"),
    (0, YEAR, Sms, "【北辰通信】“年约优惠”到 2027-06-30 止，详询 0800-555-010。拒收请回复 R"),
    (0, YEAR, Sms, "【北辰通信】“年约优惠”，月费少 15%，连续 12 个月。拒收请回复 R"),
    (0, YEAR, Subject, "月费八五折，连续 12 个月"),
    (0, YEAR, Preheader, "“年约优惠”：每月少付 $75，为期一年。"),
    (0, YEAR, Answer, "您慢慢考虑。“年约优惠”到 2027 年 6 月 30 日为止，想好了再拨打 0800-555-010 就行。"),
    (0, YEAR, Close, "谢谢您接听。没有您的同意，我们不会做任何变动。祝您生活愉快。"),
    (0, SPEED, Body, "“网速升级”会把您的网速提升一档，月费和现在一样。"),
    (0, SPEED, Offer, "想帮您办“网速升级”，网速提升一档，月费不变。您看可以吗？"),
    (0, SPEED, Sms, "【北辰通信】“网速升级”：网速提升一档，月费不变。拒收请回复 R"),
    (0, FIXED, Body, "选择“一年期套餐”，一年内月费不变，只需要签一年合约。"),
    (0, FIXED, Offer, "“一年期套餐”是签约一年，这十二个月月费保持不变。要不要我说说细节？"),
    (0, TRIAL, Body, "“技术支持体验”让您免费使用技术支持三个月，到期不会自动收费。"),
    (0, TRIAL, Sms, "【北辰通信】“技术支持体验”免费 3 个月，到期不会自动收费。拒收请回复 R"),
    (0, TRIAL, Offer, "想请您试试“技术支持体验”，三个月不用付费，到期也不会自动收费。"),
    (0, CHECK, Body, "“服务体检”由专人陪您检查线路和账单，不收费。"),
    (0, CHECK, Offer, "“服务体检”是由专人和您一起检查线路和账单，这项服务免费。您什么时间方便？"),
    (0, None, Body, "使用中如果有任何问题，欢迎告诉我们。"),
    (0, None, Sms, "【北辰通信】有需要帮忙的地方，请拨 0800-555-010。拒收请回复 R"),
    (0, None, Reason, "今天给您打电话，是想听听您用得顺不顺心。"),
    (1, HALF, Body, "续约就能使用“半年轻松付”：半年内月费打八折，每月少付 NT$100。"),
    (1, HALF, Body, "“半年轻松付”为期六个月，月费少两成，您每个月少付 NT$100，2027 年 3 月 31 日之前都可以申请。"),
    (1, HALF, Sms, "【海马宽带】“半年轻松付”：续约后 6 个月月费 8 折。拒收请回复 R"),
    (1, WIFI, Body, "“Wi-Fi 升级”期限为一年半，家里 Wi-Fi 升一档，月费不变。"),
    (1, WIFI, Offer, "“Wi-Fi 升级”为期 18 个月，家里 Wi-Fi 升一档，月费和现在一样。要帮您安排吗？"),
    (1, FIBRE, Body, "签约两年，选用“光纤 300 套餐”，月费打 88 折。"),
    (1, ESIM, Body, "“eSIM Go 体验”可以免费使用一个月，到期自动结束。"),
    (1, ESIM, Offer, "“eSIM Go 体验”让您免费使用一个月的 eSIM Go，申请到 2027 年 1 月 15 日为止。"),
    (2, SPRING, Body, "“暖春优惠”连续三个月，月费打七折，每月少付 150 元。"),
    (2, SPRING, Offer, "“暖春优惠”到 2027 年 2 月 28 日为止，三个月内月费少三成。"),
    (2, PRO, Body, "“Pro 版升级”让您的账户升到 Pro 版，月费和现在相同。"),
    (2, BACKUP, Body, "“Backup 备份体验”免费使用两个月，到期不会自动收费。"),
    (2, BACKUP, Sms, "【青禾云】“Backup 备份体验”免费 2 个月，到期不会自动收费。拒收请回复 R"),
    (2, ADVISER, Body, "“专属顾问”在半年内由同一位顾问为您服务，不收费用。"),
    // 看起来像数字或承诺，其实不是的话。
    (0, YEAR, Body, "请您看一下“年约优惠”，要不要用，一切由您决定。"),
    (0, YEAR, Answer, "好的，您再想一想。万一有问题，请拨打 0800-555-010。"),
    (0, YEAR, Close, "十分感谢您接听。没有您的同意，一切都不会变动。祝您生活愉快。"),
    (0, SPEED, Reason, "首先谢谢您接听，今天想跟您一起看看服务用得顺不顺心。"),
    (0, CHECK, Body, "“服务体检”是由专人陪您一步一步看过线路和账单，请不用客气。"),
    (1, FIBRE, Body, "“光纤 300 套餐”也许值得一看，要不要我们一起看看？"),
];
