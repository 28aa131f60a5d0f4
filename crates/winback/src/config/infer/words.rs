//! The names and words by which columns give themselves away.
use winback_core::schema::Theme;

/// Names of columns that tell whether the customer left, the surest first.
pub const LABELS: [&str; 14] = [
    "churn",
    "churned",
    "churnlabel",
    "churnvalue",
    "exited",
    "attrition",
    "attritionflag",
    "left",
    "cancelled",
    "canceled",
    "response",
    "target",
    "流失",
    "是否流失",
];

/// Names by role; parts of a name do not count, only the whole.
pub const ROLES: [(&str, &[&str]); 9] = [
    ("monthly_charge", &["monthlycharges", "monthlycharge", "monthlyfee", "monthlyprice", "mrr", "monthlyrevenue", "月費", "月费"]),
    ("total_charge", &["totalcharges", "totalcharge", "totalrevenue", "totalspent", "累計費用", "累计费用"]),
    ("tenure", &["tenure", "tenuremonths", "monthsmember", "monthsonbook", "monthsascustomer", "accountlength"]),
    ("contract", &["contract", "contracttype", "plan", "plantype", "subscription", "subscriptiontype", "合約", "合约"]),
    ("first_name", &["firstname", "givenname", "名字"]),
    ("email", &["email", "mail", "emailaddress", "電子郵件", "电子邮箱", "邮箱"]),
    ("phone", &["phone", "phonenumber", "mobile", "telephone", "電話", "电话", "手机"]),
    ("usage", &["usage", "monthlyusage", "totalusage", "datausage", "visits", "visitslast30d", "monthlyvisits", "用量", "使用量"]),
    ("language", &["language", "locale", "語言", "语言"]),
];

/// Names of columns that tell who the customer is, which no offer changes.
pub const TRAITS: [&str; 17] = [
    "gender",
    "sex",
    "age",
    "yearbirth",
    "birthyear",
    "seniorcitizen",
    "senior",
    "nationality",
    "ethnicity",
    "race",
    "religion",
    "disability",
    "性別",
    "性别",
    "年齡",
    "年龄",
    "國籍",
];

/// Names of columns that hold personal data and have no role.
pub const PERSONAL: [&str; 9] = ["surname", "lastname", "fullname", "name", "customername", "address", "street", "ssn", "姓名"];

/// Pairs of words for yes and no, in lower case.
pub const FLAGS: [(&str, &str); 8] =
    [("yes", "no"), ("y", "n"), ("1", "0"), ("true", "false"), ("t", "f"), ("是", "否"), ("有", "無"), ("有", "无")];

/// Words for a label besides those for any flag.
pub const LABEL_FLAGS: [(&str, &str); 3] = [("attrited customer", "existing customer"), ("churned", "stayed"), ("left", "active")];

/// Parts of a name that tell what a column is about, the surest first.
pub const THEMES: [(&str, Theme); 22] = [
    ("support", Theme::Support),
    ("security", Theme::Support),
    ("protection", Theme::Support),
    ("backup", Theme::Support),
    ("complain", Theme::Support),
    ("ticket", Theme::Support),
    ("trainer", Theme::Support),
    ("payment", Theme::Payment),
    ("billing", Theme::Payment),
    ("contract", Theme::Contract),
    ("charge", Theme::Price),
    ("price", Theme::Price),
    ("fee", Theme::Price),
    ("deals", Theme::Price),
    ("discount", Theme::Price),
    ("tenure", Theme::Loyalty),
    ("accepted", Theme::Loyalty),
    ("service", Theme::Product),
    ("visit", Theme::Usage),
    ("purchase", Theme::Usage),
    ("streaming", Theme::Usage),
    ("usage", Theme::Usage),
];

/// Parts of a name by which a whole number of at least 0 is an amount of money.
pub const AMOUNTS: [&str; 9] = ["income", "charge", "fee", "price", "amount", "revenue", "mnt", "salary", "balance"];

/// Returns a name with only its letters and digits, in lower case: `Monthly_Fee` becomes `monthlyfee`.
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
