//! The words that made-up companies and offers are put together from, a row for each meaning: zh-TW, zh-CN, English.
//! `{thing}` is what the company sells, `{percent}` and `{months}` the terms of the offer.
use winback_core::offer::OfferKind;

/// A text in each language, in the order of `Locale::ALL`.
pub type Words = [&'static str; 3];

/// What companies sell.
pub const THINGS: [Words; 20] = [
    ["網路", "宽带", "internet"],
    ["行動電話", "手机套餐", "mobile plan"],
    ["健身課程", "健身课程", "gym classes"],
    ["影音服務", "影音服务", "streaming"],
    ["線上課程", "在线课程", "online courses"],
    ["雲端空間", "云空间", "cloud storage"],
    ["電子書", "电子书", "e-book library"],
    ["洗衣服務", "洗衣服务", "laundry service"],
    ["居家清潔", "家政保洁", "home cleaning"],
    ["生鮮配送", "生鲜配送", "grocery delivery"],
    ["停車服務", "停车服务", "parking"],
    ["有線電視", "有线电视", "cable television"],
    ["居家保全", "家庭安防", "home security"],
    ["語言課程", "语言课程", "language lessons"],
    ["寵物照護", "宠物照护", "pet care"],
    ["汽車保養", "汽车保养", "car care"],
    ["咖啡訂閱", "咖啡订阅", "coffee subscription"],
    ["濾水服務", "净水服务", "water filtering"],
    ["記帳軟體", "记账软件", "bookkeeping software"],
    ["共享辦公室", "共享办公", "shared office"],
];

/// What companies are called, before what they sell.
pub const BRANDS: [Words; 24] = [
    ["海港", "海港", "Harbour"],
    ["青禾", "青禾", "Greenfield"],
    ["北辰", "北辰", "Northstar"],
    ["晨光", "晨光", "Daybreak"],
    ["松林", "松林", "Pinewood"],
    ["遠山", "远山", "Farhill"],
    ["溪谷", "溪谷", "Brookvale"],
    ["白鷺", "白鹭", "Egret"],
    ["星河", "星河", "Riverstar"],
    ["長風", "长风", "Longwind"],
    ["橘園", "橘园", "Orangery"],
    ["山嵐", "山岚", "Hillmist"],
    ["木棉", "木棉", "Cottonwood"],
    ["南灣", "南湾", "Southbay"],
    ["雲朗", "云朗", "Clearsky"],
    ["禾田", "禾田", "Millfield"],
    ["燈塔", "灯塔", "Lighthouse"],
    ["石橋", "石桥", "Stonebridge"],
    ["花田", "花田", "Bloomfield"],
    ["藍鯨", "蓝鲸", "Bluewhale"],
    ["竹里", "竹里", "Bamboo Lane"],
    ["湖心", "湖心", "Midlake"],
    ["東籬", "东篱", "Eastgate"],
    ["和風", "和风", "Fairwind"],
];

/// Who signs.
pub const TEAMS: [Words; 8] = [
    ["客戶關懷團隊", "客户关怀团队", "Customer Care Team"],
    ["客服中心", "客服中心", "Customer Service"],
    ["會員服務部", "会员服务部", "Member Services"],
    ["客戶服務組", "客户服务组", "Client Services"],
    ["客戶經營部", "客户运营部", "Customer Relations"],
    ["會員關懷小組", "会员关怀小组", "Member Care"],
    ["服務台", "服务台", "Help Desk"],
    ["客戶維繫團隊", "客户维系团队", "Retention Team"],
];

/// Where they are; the number of the house is put in.
pub const STREETS: [Words; 6] = [
    ["海港路 {number} 號", "海港路 {number} 号", "{number} Harbour Street"],
    ["中山路 {number} 號", "中山路 {number} 号", "{number} Park Road"],
    ["和平街 {number} 號", "和平街 {number} 号", "{number} Mill Lane"],
    ["文化路 {number} 號", "文化路 {number} 号", "{number} Station Road"],
    ["松江路 {number} 號", "松江路 {number} 号", "{number} Orchard Avenue"],
    ["民生東路 {number} 號", "民生东路 {number} 号", "{number} Bridge Street"],
];

/// A name and a promise of an offer; the terms that the promise states.
pub struct Wording {
    pub name: Words,
    pub promise: Words,
    pub percent: bool,
    pub months: bool,
}

const fn wording(name: Words, promise: Words, [percent, months]: [bool; 2]) -> Wording {
    Wording { name, promise, percent, months }
}

/// Returns how offers of a kind are worded.
pub fn offers(kind: OfferKind) -> &'static [Wording] {
    match kind {
        OfferKind::Discount => &DISCOUNTS,
        OfferKind::Upgrade => &UPGRADES,
        OfferKind::PlanChange => &PLAN_CHANGES,
        OfferKind::FreeTrial => &FREE_TRIALS,
        OfferKind::Service => &SERVICES,
    }
}

const BOTH: [bool; 2] = [true, true];
const MONTHS: [bool; 2] = [false, true];
const NEITHER: [bool; 2] = [false, false];

static DISCOUNTS: [Wording; 8] = [
    wording(
        ["月費回饋", "月费回馈", "Monthly credit"],
        [
            "接下來 {months} 個月，每個月的費用減免 {percent}%。",
            "接下来 {months} 个月，每个月的费用减免 {percent}%。",
            "Take {percent}% off your monthly charge for {months} months.",
        ],
        BOTH,
    ),
    wording(
        ["{thing}優惠", "{thing}优惠", "{thing} discount"],
        [
            "續用{thing}，{months} 個月內的月費減免 {percent}%。",
            "续用{thing}，{months} 个月内的月费减免 {percent}%。",
            "Keep your {thing} and pay {percent}% less each month for {months} months.",
        ],
        BOTH,
    ),
    wording(
        ["自動繳費回饋", "自动缴费回馈", "Automatic payment credit"],
        [
            "設定自動繳費後，{months} 個月的月費減免 {percent}%。",
            "设置自动缴费后，{months} 个月的月费减免 {percent}%。",
            "Set up automatic payment and take {percent}% off your monthly charge for {months} months.",
        ],
        BOTH,
    ),
    wording(
        ["安心續用優惠", "安心续用优惠", "Stay-with-us discount"],
        [
            "{months} 個月內，月費減免 {percent}%。",
            "{months} 个月内，月费减免 {percent}%。",
            "Your monthly charge is {percent}% lower for {months} months.",
        ],
        BOTH,
    ),
    wording(
        ["帳單減免", "账单减免", "Lighter bill"],
        [
            "接下來 {months} 期帳單，每期減免 {percent}%。",
            "接下来 {months} 期账单，每期减免 {percent}%。",
            "Each of your next {months} monthly bills is {percent}% lower.",
        ],
        BOTH,
    ),
    wording(
        ["感謝折扣", "感谢折扣", "Thank-you discount"],
        [
            "月費減免 {percent}%，為期 {months} 個月。",
            "月费减免 {percent}%，为期 {months} 个月。",
            "{percent}% off your monthly charge, for {months} months.",
        ],
        BOTH,
    ),
    wording(
        ["{thing}月費減免", "{thing}月费减免", "{thing} savings"],
        ["{thing}的月費減免 {percent}%。", "{thing}的月费减免 {percent}%。", "{percent}% off the monthly charge of your {thing}."],
        [true, false],
    ),
    wording(
        ["老客戶回饋", "老客户回馈", "Loyalty credit"],
        [
            "{months} 個月的月費，每月少付 {percent}%。",
            "{months} 个月的月费，每月少付 {percent}%。",
            "For {months} months you pay {percent}% less each month.",
        ],
        BOTH,
    ),
];

static UPGRADES: [Wording; 7] = [
    wording(
        ["{thing}升級", "{thing}升级", "{thing} upgrade"],
        ["以原來的月費升級{thing}。", "以原来的月费升级{thing}。", "Move up to better {thing} at the price you pay now."],
        NEITHER,
    ),
    wording(
        ["進階{thing}", "进阶{thing}", "Advanced {thing}"],
        [
            "{months} 個月內，以原來的月費使用進階{thing}。",
            "{months} 个月内，以原来的月费使用进阶{thing}。",
            "Use advanced {thing} for {months} months at the price you pay now.",
        ],
        MONTHS,
    ),
    wording(
        ["加大方案", "加大套餐", "Larger plan"],
        ["方案內容加大，月費不變。", "套餐内容加大，月费不变。", "Your plan grows and your monthly charge stays the same."],
        NEITHER,
    ),
    wording(
        ["舒適升級", "舒适升级", "Comfort upgrade"],
        [
            "為您升級{thing}，{months} 個月內不另外收費。",
            "为您升级{thing}，{months} 个月内不另外收费。",
            "We upgrade your {thing} for {months} months at no extra charge.",
        ],
        MONTHS,
    ),
    wording(
        ["速度升級", "提速升级", "Speed upgrade"],
        ["以原來的月費換成更快的{thing}。", "以原来的月费换成更快的{thing}。", "Faster {thing} at the price you pay now."],
        NEITHER,
    ),
    wording(
        ["升級禮遇", "升级礼遇", "Courtesy upgrade"],
        [
            "升級為進階會員，為期 {months} 個月，月費不變。",
            "升级为进阶会员，为期 {months} 个月，月费不变。",
            "Advanced membership for {months} months; your monthly charge stays the same.",
        ],
        MONTHS,
    ),
    wording(
        ["服務加值", "服务加值", "Service plus"],
        [
            "{thing}加上進階支援，月費不變。",
            "{thing}加上进阶支持，月费不变。",
            "Your {thing} with advanced support, at the same monthly charge.",
        ],
        NEITHER,
    ),
];

static PLAN_CHANGES: [Wording; 7] = [
    wording(
        ["年約優惠方案", "年度合约优惠", "Annual plan"],
        [
            "改為年約，接下來 {months} 個月的月費減免 {percent}%。",
            "改签年度合约，接下来 {months} 个月的月费减免 {percent}%。",
            "Switch to an annual plan and take {percent}% off your monthly charge for {months} months.",
        ],
        BOTH,
    ),
    wording(
        ["輕量方案", "轻量套餐", "Light plan"],
        [
            "換成輕量方案，只付用得到的{thing}。",
            "换成轻量套餐，只付用得上的{thing}。",
            "Change to a lighter plan and pay only for the {thing} you use.",
        ],
        NEITHER,
    ),
    wording(
        ["彈性方案", "弹性套餐", "Flexible plan"],
        [
            "改為彈性方案，每個月都可以調整內容。",
            "改为弹性套餐，每个月都可以调整内容。",
            "Change to a flexible plan whose contents you can adjust each month.",
        ],
        NEITHER,
    ),
    wording(
        ["合用方案", "合用套餐", "Better-fit plan"],
        ["換成更符合您使用量的{thing}方案。", "换成更符合您使用量的{thing}套餐。", "Change to a {thing} plan that fits how much you use."],
        NEITHER,
    ),
    wording(
        ["長約減免方案", "长约减免套餐", "Longer-term plan"],
        [
            "改簽 {months} 個月的合約，月費減免 {percent}%。",
            "改签 {months} 个月的合约，月费减免 {percent}%。",
            "Sign for {months} months and take {percent}% off your monthly charge.",
        ],
        BOTH,
    ),
    wording(
        ["家庭方案", "家庭套餐", "Household plan"],
        [
            "改為家庭方案，家人共用{thing}。",
            "改为家庭套餐，家人共用{thing}。",
            "Change to a household plan and share your {thing} at home.",
        ],
        NEITHER,
    ),
    wording(
        ["月租調整方案", "月租调整套餐", "Adjusted plan"],
        [
            "重新安排方案，{months} 個月內月費減免 {percent}%。",
            "重新安排套餐，{months} 个月内月费减免 {percent}%。",
            "Rearrange your plan and pay {percent}% less for {months} months.",
        ],
        BOTH,
    ),
];

static FREE_TRIALS: [Wording; 7] = [
    wording(
        ["{thing}體驗", "{thing}体验", "{thing} trial"],
        ["免費試用{thing} {months} 個月。", "免费试用{thing} {months} 个月。", "Try {thing} free of charge for {months} months."],
        MONTHS,
    ),
    wording(
        ["技術支援體驗", "技术支持体验", "Tech support trial"],
        [
            "免費試用技術支援 {months} 個月，期滿後由您決定要不要續用。",
            "免费试用技术支持 {months} 个月，期满后由您决定要不要续用。",
            "Try technical support free of charge for {months} months; afterwards you decide.",
        ],
        MONTHS,
    ),
    wording(
        ["安心防護體驗", "安心防护体验", "Protection trial"],
        [
            "免費試用安心防護 {months} 個月。",
            "免费试用安心防护 {months} 个月。",
            "Try our protection service free of charge for {months} months.",
        ],
        MONTHS,
    ),
    wording(
        ["進階功能試用", "进阶功能试用", "Feature trial"],
        [
            "免費試用{thing}的進階功能 {months} 個月。",
            "免费试用{thing}的进阶功能 {months} 个月。",
            "Try the advanced features of your {thing} free of charge for {months} months.",
        ],
        MONTHS,
    ),
    wording(
        ["先試再決定", "先试再决定", "Try first"],
        [
            "{months} 個月免費試用，不合用就不必續用。",
            "{months} 个月免费试用，不合用就不必续用。",
            "A free trial of {months} months; if it does not suit you, it simply ends.",
        ],
        MONTHS,
    ),
    wording(
        ["備份服務體驗", "备份服务体验", "Backup trial"],
        [
            "免費試用備份服務 {months} 個月。",
            "免费试用备份服务 {months} 个月。",
            "Try our backup service free of charge for {months} months.",
        ],
        MONTHS,
    ),
    wording(
        ["新內容試用", "新内容试用", "New content trial"],
        [
            "免費體驗新的{thing}內容 {months} 個月。",
            "免费体验新的{thing}内容 {months} 个月。",
            "Enjoy new {thing} content free of charge for {months} months.",
        ],
        MONTHS,
    ),
];

static SERVICES: [Wording; 9] = [
    wording(
        ["新客戶關懷", "新客户关怀", "Welcome check-in"],
        [
            "由專人與您聯繫，確認一切使用順利，並協助完成設定。",
            "由专人与您联系，确认一切使用顺利，并协助完成设置。",
            "A colleague calls to make sure everything works and helps with the set-up.",
        ],
        NEITHER,
    ),
    wording(
        ["關懷來電", "关怀来电", "Care call"],
        [
            "由專人來電，聽您說說{thing}用得如何。",
            "由专人来电，听您说说{thing}用得如何。",
            "A colleague calls and listens to how your {thing} is working for you.",
        ],
        NEITHER,
    ),
    wording(
        ["專屬窗口", "专属窗口", "Personal contact"],
        ["由固定的同事負責您的{thing}。", "由固定的同事负责您的{thing}。", "One colleague looks after your {thing}."],
        NEITHER,
    ),
    wording(
        ["到府檢查", "上门检查", "Technician check"],
        ["安排技術人員到府檢查，不收費用。", "安排技术人员上门检查，不收费用。", "A technician visits and checks everything at no charge."],
        NEITHER,
    ),
    wording(
        ["帳單說明", "账单说明", "Bill review"],
        ["由專人陪您逐項看帳單。", "由专人陪您逐项看账单。", "A colleague goes through your bill with you, line by line."],
        NEITHER,
    ),
    wording(
        ["設定協助", "设置协助", "Set-up help"],
        ["由專人協助設定{thing}。", "由专人协助设置{thing}。", "A colleague helps you set up your {thing}."],
        NEITHER,
    ),
    wording(
        ["{thing}健檢", "{thing}体检", "{thing} check-up"],
        [
            "由專人檢查{thing}的使用狀況，並說明可以怎麼調整。",
            "由专人检查{thing}的使用情况，并说明可以怎么调整。",
            "A colleague checks your {thing} and explains what could be adjusted.",
        ],
        NEITHER,
    ),
    wording(
        ["優先支援", "优先支持", "Priority support"],
        [
            "{months} 個月內，您的來電優先處理。",
            "{months} 个月内，您的来电优先处理。",
            "For {months} months your calls are answered first.",
        ],
        MONTHS,
    ),
    wording(
        ["一對一諮詢", "一对一咨询", "One-to-one advice"],
        [
            "由專人一對一說明{thing}怎麼用得更順手。",
            "由专人一对一说明{thing}怎么用得更顺手。",
            "A colleague explains in person how to get more out of your {thing}.",
        ],
        NEITHER,
    ),
];

/// What customers liked before.
pub const LIKED: [Words; 12] = [
    ["週末電影", "周末电影", "weekend films"],
    ["瑜伽課", "瑜伽课", "yoga classes"],
    ["推理小說", "推理小说", "crime novels"],
    ["兒童節目", "儿童节目", "children's programmes"],
    ["手沖咖啡", "手冲咖啡", "filter coffee"],
    ["游泳", "游泳", "swimming"],
    ["旅遊節目", "旅游节目", "travel programmes"],
    ["有機蔬菜", "有机蔬菜", "organic vegetables"],
    ["日語會話", "日语会话", "conversational Japanese"],
    ["古典音樂", "古典音乐", "classical music"],
    ["晨間慢跑", "晨跑", "morning runs"],
    ["家常料理", "家常菜", "home cooking"],
];
