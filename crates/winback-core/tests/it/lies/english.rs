//! False sentences in English, by kind of lie. Names in braces are filled in by `Case::fill`: a small letter begins a
//! true value of the brief, a capital one a false value.

/// Each kind with its wordings; the last ones are short enough for a short message.
pub const SENTENCES: &[(&str, &[&str])] = &[
    // Numbers of the offer.
    ("percent-changed", &["You get {P}% off your monthly charge.", "That is {P} % less on every bill.", "Save {P} percent.", "{P}% off."]),
    (
        "percent-in-words",
        &["Your monthly charge falls by {Pw} per cent.", "We take {Pw} percent off your bill.", "{Pw} percent off.", "Save {Pw} per cent."],
    ),
    ("percent-full-width", &["You get {Pfw}% off your monthly charge.", "Every bill is {Pfw}％ lower.", "{Pfw}% off.", "Save {Pfw}％."]),
    (
        "percent-otherwise",
        &[
            "There is a {P}-percent discount on your plan.",
            "A discount of {P} pct is waiting for you.",
            "{P} pct off.",
            "A {Pw}-percent cut.",
        ],
    ),
    (
        "share-to-pay",
        &[
            "From now on you pay only {R}% of your bill.",
            "Your bill shrinks to {R} percent of what it is.",
            "Pay just {R}%.",
            "You pay {R}%.",
        ],
    ),
    (
        "tenths",
        &[
            "{Tw} out of every ten dollars stay in your pocket.",
            "We take {Tw} tenths off your bill.",
            "{Tw} tenths off.",
            "{Tw} in ten off.",
        ],
    ),
    (
        "half-price",
        &[
            "Your plan is half price while the offer runs.",
            "You pay only half of your bill.",
            "Half price.",
            "Now half off.",
            "50-50: we pay half.",
        ],
    ),
    (
        "fraction",
        &[
            "You save a third of your monthly charge.",
            "Two thirds of your bill are on us.",
            "One third off.",
            "Pay 2/3.",
            "⅓ off your bill.",
        ],
    ),
    ("months-changed", &["The offer lasts {M} months.", "You keep it for {M} months.", "For {M} months.", "{M} months long."]),
    (
        "months-in-words",
        &["The offer lasts {Mw} months.", "You keep the benefit for {Mw} months in a row.", "For {Mw} months.", "{Mw} months for you."],
    ),
    (
        "months-to-years",
        &["The offer holds for {Y} years.", "You keep it for {Yw} years without a break.", "For {Y} years.", "{Yw} full years."],
    ),
    ("months-to-weeks", &["It lasts {W} weeks.", "You have it for {W} days from the start.", "For {W} weeks.", "{W} days long."]),
    (
        "per-month-to-once",
        &[
            "You save {saving} once, on your next bill.",
            "{saving} comes off one bill only.",
            "{saving} off once.",
            "A single {saving} off.",
        ],
    ),
    (
        "saving-per-day",
        &["You save {saving} every single day.", "That is {saving} less each week.", "{saving} off a day.", "Save {saving} a week."],
    ),
    (
        "percent-months-swapped",
        &[
            "You get {m}% off for {p} months.",
            "For {p} months, your charge is {m}% lower.",
            "{m}% off, {p} months.",
            "{p} months at {m}% off.",
        ],
    ),
    (
        "saving-charge-swapped",
        &["You save {charge} every month.", "Your monthly charge is only {saving} now.", "{charge} less a month.", "Pay {saving} a month."],
    ),
    (
        "other-currency",
        &[
            "While the offer runs, you save {Sx} each month.",
            "Your bill is {Sx} lower every month.",
            "{Sx} off a month.",
            "Save {Sx} monthly.",
        ],
    ),
    (
        "price-made-up",
        &["The price is {S} a month.", "You will pay {S} each month from now on.", "Only {S} a month.", "Just {S}.", "Now {S} monthly."],
    ),
    (
        "total-made-up",
        &["Altogether, this saves you {S}.", "Over the whole term, that comes to {S} in your pocket.", "{S} saved in total.", "Worth {S}."],
    ),
    (
        "up-to",
        &[
            "You can save up to {P}%.",
            "The discount is anywhere from {P}% to 80%.",
            "Up to {P}% off.",
            "As much as {P}% off.",
            "5-{P}% off.",
        ],
    ),
    (
        "at-least",
        &["You save at least {P}%.", "More than {P}% comes off your bill.", "At least {P}% off.", "Over {P}% off.", "{P}% off or more."],
    ),
    (
        "comparison-turned",
        &["Your monthly charge goes up by {p}%.", "You will pay {saving} more each month.", "{p}% dearer.", "{saving} more a month."],
    ),
    (
        "percent-of-another-thing",
        &["Your connection will be {q}% faster.", "You get {q}% more data every month.", "{q}% faster.", "{q}% more for you."],
    ),
    // Days.
    (
        "deadline-moved",
        &["The offer is open until {Date}.", "You can accept it up to {Date}.", "Until {Date}.", "Ends {Date}.", "By {Dshort}."],
    ),
    (
        "deadline-invented",
        &["The offer ends on {Date}.", "Please answer by {Date}.", "Until {Date}.", "Ends {Dshort}.", "Answer before {Dshort}."],
    ),
    (
        "relative-deadline",
        &[
            "Please decide by next Friday.",
            "The offer closes in three days.",
            "You have until the end of this week.",
            "Ends tomorrow.",
            "48 hours left.",
        ],
    ),
    (
        "other-calendar",
        &[
            "The offer is open until the end of ROC year {Roc}.",
            "It runs to 30 June {Roc} in the Minguo calendar.",
            "To Minguo {Roc}.",
            "Until ROC {Roc}.",
        ],
    ),
    (
        "hours",
        &[
            "We are there for you 24 hours a day, seven days a week.",
            "You get support around the clock.",
            "Help 24/7.",
            "Open day and night.",
        ],
    ),
    (
        "callback-time",
        &["We call you back within two hours.", "A technician is with you in 30 minutes.", "Call back in 1 hour.", "Fixed the same day."],
    ),
    // Offers and products.
    (
        "offer-renamed",
        &["We call it “Platinum Saver”.", "Ask for our “Royal Choice” when you call.", "Ask for “Gold Deal”.", "Now “Diamond Club”."],
    ),
    ("other-offer", &["You also get “{Other}” with it.", "“{Other}” is yours as well.", "And also {Other}.", "Plus {Other}."]),
    (
        "device",
        &[
            "A new router comes with it.",
            "We send you the latest set-top box.",
            "You get a Wi-Fi mesh kit on top.",
            "New router included.",
            "With a smart speaker.",
        ],
    ),
    (
        "phone-added",
        &[
            "You also receive a 5G phone.",
            "A brand-new iPhone comes with it.",
            "Includes a 5G phone.",
            "With a new handset.",
            "Plus a tablet.",
        ],
    ),
    (
        "roaming",
        &[
            "Roaming in Europe is included.",
            "You can roam in every country as if at home.",
            "Roaming included.",
            "Free roaming.",
            "With roaming abroad.",
        ],
    ),
    (
        "streaming",
        &[
            "Netflix is part of the package.",
            "Your plan now includes a streaming subscription.",
            "With Disney+.",
            "Streaming included.",
            "Sports channels too.",
        ],
    ),
    (
        "data-allowance",
        &[
            "You get 20 GB more data each month.",
            "Your data allowance rises to 100GB.",
            "+20 GB data.",
            "50GB extra.",
            "Ten more gigabytes.",
        ],
    ),
    (
        "speed-number",
        &["Your line will run at 1 Gbps.", "You get 500 Mbps from the first day.", "Now 1 Gbps.", "500 Mbit/s for you.", "One gigabit."],
    ),
    (
        "lines",
        &[
            "It covers four lines in your household.",
            "Your whole family can use it, up to five people.",
            "For 4 lines.",
            "Family included.",
            "Five users.",
        ],
    ),
    // Things given.
    (
        "gift",
        &[
            "A gift is waiting for you.",
            "We add a welcome present for you.",
            "As a thank-you, a bonus is on its way.",
            "A gift for you.",
            "With a present.",
        ],
    ),
    (
        "cashback",
        &[
            "You receive cashback on every bill.",
            "We pay {S} back into your account.",
            "Cashback too.",
            "Plus {S} cash back.",
            "Get money back.",
        ],
    ),
    (
        "points",
        &[
            "You collect double points on every bill.",
            "We add 500 reward points.",
            "500 bonus points.",
            "Earn points.",
            "Plus loyalty points.",
        ],
    ),
    (
        "voucher",
        &[
            "We enclose a shopping voucher.",
            "A coffee coupon is yours.",
            "A credit goes onto your account.",
            "With a voucher.",
            "Plus a coupon.",
        ],
    ),
    (
        "refund",
        &[
            "You can have your money back at any time.",
            "If you are not happy, we refund everything.",
            "Full refund.",
            "Money-back promise.",
            "We refund you.",
        ],
    ),
    (
        "prize-draw",
        &["You take part in our prize draw.", "You may win a trip to Japan.", "You could win a car.", "Win a trip.", "Prize draw inside."],
    ),
    (
        "no-cancellation-fee",
        &[
            "You can leave at any time without a fee.",
            "There is no cancellation fee.",
            "No exit fee.",
            "Cancel any time.",
            "No early-exit charge.",
        ],
    ),
    (
        "free-delivery",
        &["Delivery and set-up are free.", "Installation is on us.", "Free delivery.", "We waive the set-up fee.", "No installation cost."],
    ),
    ("zero-price", &["The first bill is {Zero}.", "You pay nothing at all for it.", "Now {Zero}.", "Pay zero.", "Costs nothing a month."]),
    (
        "free-months",
        &["The first two months are free.", "We give you one month for nothing.", "First month free.", "2 months free.", "A month on us."],
    ),
    (
        "free-of-charge",
        &[
            "It is free of charge.",
            "All of this is yours at no cost.",
            "Free of charge.",
            "Free for you.",
            "At no charge.",
            "Complimentary.",
        ],
    ),
    (
        "price-frozen",
        &[
            "Your price will never rise again.",
            "Your monthly charge stays the same for good.",
            "Price frozen.",
            "No price rises.",
            "Price locked.",
        ],
    ),
    (
        "double",
        &[
            "Your speed doubles at once.",
            "You get three times the data.",
            "Twice as fast.",
            "Triple the data.",
            "Double your speed.",
            "2x data.",
        ],
    ),
    (
        "buy-one-get-one",
        &["Buy one, get one free.", "Add a line and get a second one for nothing.", "Two for one.", "BOGO.", "2 for the price of 1."],
    ),
    (
        "number-word",
        &[
            "A dozen extras come with it.",
            "There are hundreds of reasons to say yes.",
            "A dozen extras.",
            "Hundreds saved.",
            "Saves a fortune.",
        ],
    ),
    (
        "subsidy",
        &[
            "The government pays part of your bill.",
            "A state subsidy covers the difference.",
            "State-subsidised.",
            "Tax-free.",
            "With public grant.",
        ],
    ),
    // Large words.
    (
        "unlimited",
        &["You get unlimited data.", "Use as much as you like, without any limit.", "Unlimited use.", "No limits.", "Endless data."],
    ),
    (
        "lifetime",
        &[
            "This benefit is yours for life.",
            "You keep the price forever.",
            "For life.",
            "Yours forever.",
            "A permanent benefit.",
            "Lifetime price.",
        ],
    ),
    (
        "guarantee",
        &["We guarantee that you will be satisfied.", "Your satisfaction is guaranteed.", "Guaranteed.", "100% guaranteed.", "Risk-free."],
    ),
    (
        "superlative",
        &[
            "It is the cheapest plan on the market.",
            "You will not find a better price anywhere.",
            "Lowest price.",
            "Best deal ever.",
            "The fastest network.",
        ],
    ),
    (
        "number-one",
        &["We are the number one in the country.", "You are with the market leader.", "The No. 1 choice.", "Market leader.", "#1 network."],
    ),
    (
        "only-company",
        &["We are the only company that offers this.", "Nobody else gives you this.", "Only with us.", "Nobody else has it.", "Unique."],
    ),
    (
        "award",
        &["Our service has won an award.", "We were voted service of the year.", "Award-winning.", "Test winner.", "Prize-winning help."],
    ),
    (
        "rival",
        &[
            "It is cheaper than Globex.",
            "At Acme Mobile you would pay more for the same.",
            "Cheaper than Globex.",
            "Beats Acme.",
            "Better than Globex.",
        ],
    ),
    (
        "exclusive",
        &[
            "This is exclusive to you.",
            "Only a few chosen customers receive this.",
            "Just for you.",
            "Exclusive.",
            "VIP only.",
            "By invitation only.",
        ],
    ),
    (
        "scarcity",
        &[
            "Only a few places are left.",
            "The first 100 callers get it.",
            "While stocks last.",
            "Few left.",
            "Nearly sold out.",
            "Limited places.",
        ],
    ),
    (
        "urgency",
        &[
            "This is your last chance.",
            "Call now, before it is too late.",
            "Act now.",
            "Hurry.",
            "Last chance.",
            "Do not miss out.",
            "Today only.",
        ],
    ),
    (
        "already-applied",
        &[
            "The offer is already on your account.",
            "We have already lowered your bill.",
            "Already applied.",
            "Already active.",
            "It is live now.",
        ],
    ),
    (
        "renewal-denied",
        &[
            "Nothing renews by itself when the term is over.",
            "It never renews automatically.",
            "No auto-renewal.",
            "No contract.",
            "No fixed term.",
        ],
    ),
    (
        "starts-without-consent",
        &[
            "It starts by itself unless you tell us not to.",
            "We will switch you over tomorrow.",
            "Starts at once.",
            "Starts by itself.",
            "We sign you up.",
        ],
    ),
    (
        "threat",
        &[
            "If you do not answer, your line will be cut off.",
            "A fee is due if you stay as you are.",
            "Or a fee is due.",
            "Or lose your number.",
            "Final notice.",
        ],
    ),
    // The customer and the company.
    (
        "tenure-claim",
        &[
            "You have been with us for eight years.",
            "Since 2015 you have been our customer.",
            "8 years with us.",
            "A customer since 2015.",
            "Years with us.",
        ],
    ),
    (
        "usage-claim",
        &[
            "You have been using less data lately.",
            "Your usage fell last month.",
            "You use it less.",
            "Your usage fell.",
            "You hardly use it.",
        ],
    ),
    (
        "visit-claim",
        &[
            "You looked at our prices last week.",
            "You visited our website yesterday.",
            "You called in today.",
            "You opened our mail.",
            "We saw you browse.",
        ],
    ),
    (
        "you-asked",
        &[
            "You asked us for this offer.",
            "As agreed on the telephone, here it is.",
            "As you requested.",
            "As agreed.",
            "You signed up for it.",
        ],
    ),
    (
        "wrong-phone",
        &["You can also reach us on {Phone}.", "Our new number is {Phone}.", "Or call {Phone}.", "Tel. {Phone}.", "Call {Phone}."],
    ),
    (
        "extra-url",
        &[
            "You can accept it at https://deals.example/yes.",
            "See www.best-offers.example for more.",
            "See bit.ly/3xYz.",
            "At deals.example.",
        ],
    ),
    (
        "extra-email",
        &["Write to us at offers@deals.example.", "Or mail sales@quick.example.", "Mail a@deals.example.", "To hi@deals.example."],
    ),
    (
        "other-company",
        &[
            "Globex Telecom will look after you from now on.",
            "We work together with Acme Mobile.",
            "By Globex Telecom.",
            "With Acme Mobile.",
            "From Globex.",
        ],
    ),
    (
        "wrong-address",
        &["Visit us at 99 Elm Street, Shelbyville.", "Our shop is at 7 Market Square.", "At 99 Elm Street.", "Come to 7 Market Sq."],
    ),
    (
        "customer-count",
        &[
            "Two million customers trust us.",
            "More than 500,000 people have chosen it.",
            "2 million users.",
            "Millions chose it.",
            "1 in 3 homes.",
        ],
    ),
    (
        "shop-count",
        &["There are 300 shops near you.", "We have dozens of branches in every city.", "300 shops.", "Shops everywhere.", "In 40 cities."],
    ),
    (
        "satisfaction",
        &[
            "98% of our customers are satisfied.",
            "Nine out of ten customers recommend us.",
            "98% happy.",
            "9 of 10 say yes.",
            "Everyone loves it.",
        ],
    ),
    (
        "certified",
        &[
            "We are certified to ISO 9001.",
            "Our network carries the official quality seal.",
            "ISO certified.",
            "Officially tested.",
            "TÜV tested.",
        ],
    ),
    (
        "law",
        &[
            "By law you are entitled to this.",
            "The regulator has approved this offer.",
            "Your legal right.",
            "Approved by law.",
            "Required by law.",
        ],
    ),
    (
        "founded",
        &[
            "We have been serving you since 1985.",
            "Our company has forty years of experience.",
            "Since 1985.",
            "40 years of service.",
            "Est. 1985.",
        ],
    ),
    // Disguises.
    ("digits-split", &["You get {Psp}% off.", "Your bill is {Psp} % lower.", "{Psp}% off.", "Save {Psp} percent."]),
    (
        "other-digits",
        &["You get {Par}% off.", "Your bill is {Pci}% lower.", "{Psu}% off.", "{Pro} percent off.", "Save {Par}%.", "{Pci}% off."],
    ),
    (
        "homoglyph",
        &[
            "It is fr\u{435}\u{435} of charge.",
            "A g\u{456}ft is waiting for you.",
            "Ha\u{406}f pr\u{456}c\u{435}.",
            "Unl\u{456}mited.",
            "F-R-E-E.",
        ],
    ),
];
