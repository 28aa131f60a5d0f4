//! What no message says, in whatever language: threats, and the company's own working words.
use super::Group;
use crate::manners::Reason;

/// The phrases, by reason.
pub(super) static GROUPS: [Group; 3] = [
    Group {
        reason: Reason::Blame,
        instead: "do not threaten; say what stays as it is until the customer agrees",
        phrases: &[
            "or else you will lose",
            "you will regret",
            "you'll regret",
            "you won't forgive yourself",
            "否則您將失去",
            "否则您将失去",
            "您將會後悔",
            "您會後悔",
            "您将会后悔",
            "您会后悔",
            "後果自負",
            "后果自负",
        ],
    },
    Group {
        reason: Reason::Spying,
        instead: "leave out scores and groups; they are the company's own working words",
        phrases: &[
            "at risk of leaving",
            "risk of churn",
            "churn risk",
            "churn score",
            "risk score",
            "high-value customer",
            "high value customer",
            "low-value customer",
            "高價值客戶",
            "高价值客户",
            "低價值客戶",
            "低价值客户",
            "流失客戶",
            "流失客户",
            "沉睡客戶",
            "沉睡客户",
            "沉睡用户",
            "dormant customer",
            "dormant customers",
        ],
    },
    Group {
        reason: Reason::Urgency,
        instead: "do not threaten with an account that closes: say what stays as it is",
        phrases: &[
            "your account will be closed",
            "your account will be suspended",
            "your account will be deactivated",
            "to avoid losing access",
            "您的帳戶將被",
            "您的帳號將被",
            "您的账户将被",
            "您的账号将被",
            "以免影響您的權益",
            "以免影响您的权益",
        ],
    },
];
