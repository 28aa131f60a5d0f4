use super::*;

fn reasons(text: &str) -> Vec<Reason> {
    find(text).into_iter().map(|offence| offence.reason).collect()
}

#[test]
fn every_phrase_of_the_list_is_found_for_its_own_reason_and_listed_once() {
    let mut seen = std::collections::HashSet::new();
    for (phrase, reason) in phrases::all() {
        assert!(seen.insert(fold(phrase)), "{phrase} is listed twice");
        let text = format!("好。{phrase}。");
        assert!(reasons(&text).contains(&reason), "{phrase}: {:?}", find(&text));
    }
    assert!(seen.len() > 500, "{}", seen.len());
}

#[test]
fn case_width_and_white_space_do_not_hide_a_phrase() {
    let check = |text: &str, reason| assert_eq!(reasons(text), [reason], "{text}");
    check("ACT   NOW and save", Reason::Urgency);
    check("Ａｃｔ　Ｎｏｗ", Reason::Urgency);
    check("act\nnow", Reason::Urgency);
    check("這是最 後\u{200B}機　會", Reason::Urgency);
    check("你一直沒有回信", Reason::Blame);
    check("We\u{2019}ve missed you, Julia", Reason::Guilt);
    check("We noticed that {{first_name}} was away", Reason::Spying);
    check("我們注意到您最近", Reason::Spying);
    check("Dear Valued Customer", Reason::Empty);
}

#[test]
fn decent_texts_are_left_alone() {
    let texts = [
        "There is no hurry; take your time.",
        "If you have not received the letter, tell us.",
        "If you forgot your password, we will help.",
        "Hello, this is Harbor.",
        "Hello from Northwind,",
        "Hi Julia, thank you for being with us.",
        "Dear {{first_name}},",
        "Nothing changes unless you say yes.",
        "We would like to make sure that it does.",
        "The offer is open until 30 June 2027.",
        "Oh dear, that is not what you should get.",
        "React nowhere near the limit",
        "您好：",
        "　　您好，",
        "{{first_name}} 您好：",
        "尊敬的 {{first_name}}，您好！",
        "如果您忘了密碼，請撥客服專線。",
        "請點擊下方按鈕取消訂閱。",
        "不急，由您決定。",
        "今天不用做任何決定。",
        "這項優惠提供到 2027 年 6 月 30 日為止。",
        "有什么我们能帮上忙的吗？",
        "我們一直都在，歡迎您隨時回來。",
        "",
        "\n\n",
    ];
    for text in texts {
        assert_eq!(find(text), Vec::new(), "{text}");
    }
}

#[test]
fn a_greeting_without_a_name_is_found() {
    for text in [
        "Dear ,",
        "Dear,",
        "DEAR :",
        "Hi ,",
        "Hello  !",
        "尊敬的 ，",
        "尊敬的，您好",
        "親愛的：",
        "亲爱的",
        " 您好：",
        "，您好！",
        "Text\nDear ,\nmore",
    ] {
        assert_eq!(reasons(text), [Reason::Nameless], "{text:?}");
    }
}

#[test]
fn house_rules_hold_for_their_language_and_segment() {
    let vip = crate::segment::SegmentId::parse("VIP").unwrap();
    let mut house = HouseRules::default();
    house.everyone.avoid(&[crate::locale::Locale::En], "cheap", 2);
    let mut own = Rules::default();
    own.avoid(&crate::locale::Locale::ALL, "帳單", 2);
    own.limits = Limits { email_words: Some(3), email_characters: Some(5), ..Limits::default() };
    house.segments.insert(vip.clone(), own);
    let found = |locale, segment, text| house.find(locale, segment, text).len();
    use crate::locale::Locale::{En, ZhTw};
    assert_eq!((found(En, None, "A Cheap plan"), found(ZhTw, None, "a cheap plan"), found(En, None, "cheaper")), (1, 0, 0));
    assert_eq!((found(ZhTw, Some(&vip), "您的帳 單"), found(ZhTw, None, "您的帳單")), (1, 0));
    assert_eq!(house.too_long(En, Some(&vip), "one two three\n--\nfooter"), None);
    assert_eq!(house.too_long(En, Some(&vip), "one two three four"), Some((3, 4)));
    assert_eq!(house.too_long(ZhTw, Some(&vip), "一二三 四五六"), Some((5, 6)));
    assert_eq!(house.too_long(En, None, "one two three four"), None);
}

#[test]
fn a_mail_is_as_hard_to_read_as_its_sentences_are_long() {
    use crate::locale::Locale::{En, ZhCn};
    let mut house = HouseRules::default();
    house.everyone.limits = Limits { sentence_words: Some(4), sentence_characters: Some(6), ..Limits::default() };
    // Neither a greeting, nor a price, nor the footer is a sentence or ends one.
    let mail = "Dear Julia,\n\nIt costs $12.80 today. Call us at n.example anytime.\n\nYours\n--\nA long footer that ends with a point.";
    assert_eq!(house.too_hard(En, None, mail), Some((4, 4.5)));
    assert_eq!(house.too_hard(En, None, "Dear Julia and everybody at home with you,\n\nIt is here. Call us!"), None);
    assert_eq!(house.too_hard(ZhCn, None, "您好：\n\n我们想听听您的想法。请来电？"), Some((6, 7.0)));
    assert_eq!(house.too_hard(ZhCn, None, "没有句子"), None);
    // A sentence goes on over lines, marks and quotes behind it are its own, and one without an end counts between others.
    assert_eq!(house.too_hard(En, None, "Hi,\n\nThis sentence goes\non over lines!\n\nYours"), Some((4, 6.0)));
    assert_eq!(house.too_hard(ZhCn, None, "您好：\n\n她说：“请来电！！”好。\n\n此致"), None);
    assert_eq!(house.too_hard(En, None, "Hi,\n\nno end is seen anywhere here\n\nYours"), Some((4, 6.0)));
    house.everyone.limits = Limits::default();
    assert_eq!(house.too_hard(En, None, mail), None);
}
