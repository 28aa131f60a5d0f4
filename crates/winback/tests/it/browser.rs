//! The main path through the dashboard in a real browser, at the width of a desk and of a telephone.
use crate::home::Home;
use chromiumoxide::cdp::browser_protocol::browser::{PermissionDescriptor, PermissionSetting, SetPermissionParams};
use chromiumoxide::cdp::browser_protocol::emulation::SetDeviceMetricsOverrideParams;
use chromiumoxide::cdp::browser_protocol::emulation::SetTouchEmulationEnabledParams;
use chromiumoxide::cdp::browser_protocol::input::{EmulateTouchFromMouseEventParams, EmulateTouchFromMouseEventType, MouseButton};
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::layout::Point;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{Browser, BrowserConfig, Page};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// The made-up customers of the dashboard's own tests, whose messages rest on facts of every kind.
#[path = "../../../winback-web/tests/it/fakes/mod.rs"]
mod fakes;

const CHROMIUM: [&str; 4] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
const FLAGS: [&str; 7] = [
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    // A mouse, as a desk has one; without it a headless browser has no pointer at all.
    "blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
];
/// The widths every page is looked at in, in CSS pixels; the last one stays.
const WIDTHS: [(i64, bool); 2] = [(390, true), (1280, false)];

/// A browser with one page open, and what went wrong in it.
struct Visitor {
    browser: Browser,
    page: Page,
    address: String,
    faults: Arc<Mutex<Vec<String>>>,
    pictures: PathBuf,
    _profile: TempDir,
}

impl Visitor {
    async fn new(address: &str, chromium: &Path) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let config = BrowserConfig::builder().chrome_executable(chromium).no_sandbox().new_headless_mode().user_data_dir(profile.path());
        let config = config.args(FLAGS).viewport(None).launch_timeout(Duration::from_secs(60)).build().unwrap();
        let (browser, mut handler) = Browser::launch(config).await.unwrap();
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        for name in ["clipboard-read", "clipboard-write"] {
            let allowed = SetPermissionParams::new(PermissionDescriptor::new(name), PermissionSetting::Granted);
            browser.execute(allowed).await.unwrap();
        }
        let page = browser.new_page("about:blank").await.unwrap();
        let faults = Arc::default();
        listen(&page, &faults).await;
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
        std::fs::create_dir_all(&pictures).unwrap();
        Self { browser, page, address: address.to_owned(), faults, pictures, _profile: profile }
    }

    /// Returns what an expression is worth in the page.
    async fn read<T: DeserializeOwned>(&self, expression: &str) -> T {
        let value = self.page.evaluate_expression(expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"));
        value.into_value().unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    async fn text(&self, selector: &str) -> String {
        self.read(&format!("document.querySelector({selector:?})?.innerText ?? `nothing is {selector}`")).await
    }

    /// Opens a page. Waits for the page alone: the mails in it load only when they are looked at.
    async fn go(&self, path: &str) {
        let address = format!("http://{}{path}", self.address);
        self.read::<bool>(&format!("(window.before = true, location.assign({address:?}), true)")).await;
        self.wait("window.before === undefined && document.readyState === 'complete'").await;
    }

    /// Clicks with the mouse, where a person would.
    async fn click(&self, selector: &str) {
        let element = self.page.find_element(selector).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Clicks and waits for the page that follows.
    async fn follow(&self, selector: &str) {
        self.page.evaluate_expression("window.before = true").await.unwrap();
        self.click(selector).await;
        self.wait("window.before === undefined && document.readyState === 'complete'").await;
    }

    /// Waits until an expression is true; a page that is just being replaced answers with an error.
    async fn wait(&self, expression: &str) {
        for _ in 0..400 {
            let answer = self.page.evaluate_expression(expression).await.ok().and_then(|value| value.into_value::<bool>().ok());
            if answer == Some(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{expression} did not come true on {:?}", self.page.url().await);
    }

    /// Takes a picture of the page at each width; nothing may reach over its side.
    async fn look(&self, name: &str) {
        for (width, mobile) in WIDTHS {
            self.page.execute(SetDeviceMetricsOverrideParams::new(width, 900, 1.0, mobile)).await.unwrap();
            let wide: Vec<String> = self.read(OVERFLOWING).await;
            assert_eq!(wide, Vec::<String>::new(), "{name} at {width} pixels: these reach over the side");
            let picture = ScreenshotParams::builder().full_page(true).build();
            self.page.save_screenshot(picture, self.pictures.join(format!("{name}-{width}.png"))).await.unwrap();
        }
    }

    async fn leave(mut self) {
        assert_eq!(*self.faults.lock().unwrap(), Vec::<String>::new(), "the console stays clean");
        self.browser.close().await.unwrap();
        self.browser.wait().await.unwrap();
    }
}

/// Names what makes a page wider than the window.
const OVERFLOWING: &str = "(() => {
    const page = document.documentElement;
    if (page.scrollWidth <= window.innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > window.innerWidth + 0.5);
    return [`${page.scrollWidth} > ${window.innerWidth}`, ...wide.slice(0, 5).map(e => e.tagName + '.' + e.className)];
})()";

/// Returns the explanation that is open, as how far it reaches over the window, how much of it lies over the words
/// it explains, and its text.
const OPEN_TIP: &str = "(() => {
    const open = [...document.querySelectorAll('.tip')].filter(tip => tip.checkVisibility());
    if (open.length !== 1) return [open.length + ' are open'];
    const [tip, claim] = [open[0].getBoundingClientRect(), open[0].previousElementSibling];
    const over = Math.max(0, -tip.left, tip.right - document.documentElement.clientWidth);
    const words = [...claim.getClientRects()];
    const covered = words.some(box => tip.top < box.bottom - 6 && tip.bottom > box.top && tip.left < box.right && tip.right > box.left);
    return [claim.innerText, over > 0.5 ? over + ' px outside' : 'inside', covered ? 'over the claim' : 'beside it', open[0].innerText];
})()";

/// Returns the texts that an open explanation lies on: none where it takes room of its own.
const LAIN_ON: &str = "(() => {
    const tip = [...document.querySelectorAll('.tip')].find(tip => tip.checkVisibility());
    const [box, told] = [tip.getBoundingClientRect(), tip.closest('.told')];
    const walk = document.createTreeWalker(told, NodeFilter.SHOW_TEXT, node => node.parentElement.closest('.tip') ? 2 : 1);
    const lain = [];
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(node);
        const meets = [...range.getClientRects()].some(r => r.width > 0 && r.top + 3 < box.bottom && r.bottom - 6 > box.top);
        if (meets) lain.push(node.textContent);
    }
    return lain;
})()";

/// Collects exceptions, errors of the console and of the browser's log.
async fn listen(page: &Page, faults: &Arc<Mutex<Vec<String>>>) {
    page.enable_log().await.unwrap();
    page.enable_runtime().await.unwrap();
    let mut thrown = page.event_listener::<EventExceptionThrown>().await.unwrap();
    let mut told = page.event_listener::<EventConsoleApiCalled>().await.unwrap();
    let mut logged = page.event_listener::<EventEntryAdded>().await.unwrap();
    let kept = faults.clone();
    tokio::spawn(async move {
        while let Some(event) = thrown.next().await {
            kept.lock().unwrap().push(format!("{:?}", event.exception_details));
        }
    });
    let kept = faults.clone();
    tokio::spawn(async move {
        while let Some(event) = told.next().await {
            if event.r#type == ConsoleApiCalledType::Error {
                kept.lock().unwrap().push(format!("{:?}", event.args));
            }
        }
    });
    let kept = faults.clone();
    tokio::spawn(async move {
        while let Some(event) = logged.next().await {
            if event.entry.level == LogEntryLevel::Error {
                kept.lock().unwrap().push(format!("{} {:?}", event.entry.text, event.entry.url));
            }
        }
    });
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn a_marketer_finds_reads_writes_and_approves() {
    let Some(chromium) = CHROMIUM.map(Path::new).into_iter().find(|path| path.exists()) else {
        return eprintln!("SKIPPED: no Chromium is installed");
    };
    let home = Home::new();
    home.keep("winback-demo/winback.toml", "[write]\ncustomers = 8\n");
    let served = home.serves(&["demo", "--rows", "600", "--port", "0"]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let visitor = Visitor::new(&served.address, chromium).await;
        finds_a_customer(&visitor).await;
        reads_in_her_own_language(&visitor).await;
        draws_a_customer(&visitor).await;
        writes_and_approves(&visitor).await;
        looks_around(&visitor).await;
        visitor.leave().await;
    });
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn what_a_claim_rests_on_is_shown_to_mouse_keyboard_and_finger() {
    let Some(chromium) = CHROMIUM.map(Path::new).into_iter().find(|path| path.exists()) else {
        return eprintln!("SKIPPED: no Chromium is installed");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (store, desk) = fakes::portfolio();
        let clock = Arc::new(|| fakes::at(60));
        let (people, hosts, random_seed) = (Arc::from([]), Arc::from([]), Arc::new(|| 42));
        let state = winback_web::WebState { store, desk, gallery: fakes::gallery::gallery(), people, hosts, clock, random_seed };
        tokio::spawn(winback_web::serve(listener, state, std::future::pending()));
        let visitor = Visitor::new(&address, chromium).await;
        points_at_claims(&visitor).await;
        walks_claims_by_keyboard(&visitor).await;
        sees_the_mail(&visitor).await;
        taps_claims_on_a_telephone(&visitor).await;
        visitor.leave().await;
    });
}

/// Returns the words of a claim and a point on them, the window moved so that they stand in its middle.
async fn find_claim(visitor: &Visitor, place: usize) -> (String, f64, f64) {
    let claim = format!("[...document.querySelectorAll('details[open] .claim')][{place}]");
    let point = format!("(c => (c.scrollIntoView({{block: 'center'}}), [c, c.getClientRects()[0]]))({claim})");
    visitor.read(&format!("(([c, b]) => [c.innerText, b.left + 3, b.top + b.height / 2])({point})")).await
}

async fn points_at_claims(visitor: &Visitor) {
    for lang in ["zh-TW", "zh-CN", "en"] {
        visitor.go(&format!("/customers/7590-VHVEG?lang={lang}")).await;
        visitor.look(&format!("claims-{lang}")).await;
    }
    let count: usize = visitor.read("document.querySelectorAll('details[open] .claim').length").await;
    assert_eq!(count, 23);
    for place in 0..count {
        let (words, x, y) = find_claim(visitor, place).await;
        visitor.page.move_mouse(Point::new(x, y)).await.unwrap();
        visitor.wait("document.querySelector('.claim:hover') !== null").await;
        let open: Vec<String> = visitor.read(OPEN_TIP).await;
        assert_eq!(open.get(..3), Some(&[words, "inside".into(), "beside it".into()][..]), "{open:?}");
        visitor.page.move_mouse(Point::new(1.0, 1.0)).await.unwrap();
        visitor.wait("document.querySelector('.claim:hover') === null").await;
    }
    let copied: String = visitor.text("#sms-en").await;
    assert_eq!(copied, "Northstar: yearly plan, 15% off 6 months, to 31 Dec. 0800 000 123 STOP");
}

async fn walks_claims_by_keyboard(visitor: &Visitor) {
    visitor.go("/customers/7590-VHVEG?lang=en").await;
    let press = async |key: &str| {
        visitor.page.find_element("body").await.unwrap().press_key(key).await.unwrap();
    };
    visitor.read::<bool>("(document.querySelector('#marks').focus(), true)").await;
    press("Tab").await;
    press("Tab").await;
    let open: Vec<String> = visitor.read(OPEN_TIP).await;
    assert_eq!(open, ["15% off", "inside", "beside it", "Read as: 15% off\nFact: offer.percent 15%\nFrom: offer annual-15, percent"]);
    press("Tab").await;
    assert_eq!(visitor.read::<String>("document.activeElement.getAttribute('href')").await, "/strategy#offer-annual-15");
    assert_eq!(visitor.read::<Vec<String>>(OPEN_TIP).await[0], "15% off");
    press("Escape").await;
    assert_eq!(visitor.read::<Vec<String>>(OPEN_TIP).await, ["0 are open"]);
    assert_eq!(visitor.read::<String>("document.activeElement.innerText").await, "15% off");
    press("Tab").await;
    assert_eq!(visitor.read::<Vec<String>>(OPEN_TIP).await[0], "31 December");
}

async fn sees_the_mail(visitor: &Visitor) {
    let shown = "[...document.querySelectorAll('#mail-en, #mail-en + .frame iframe')].filter(e => e.checkVisibility()).map(e => e.tagName + e.clientWidth)";
    for (value, expected) in [("wide", "IFRAME598"), ("phone", "IFRAME373")] {
        visitor.click(&format!("[name=view-en][value={value}]")).await;
        assert_eq!(visitor.read::<Vec<String>>(shown).await, [expected]);
    }
    visitor.look("mail-phone").await;
    visitor.click("[name=view-en][value=text]").await;
    assert!(visitor.read::<Vec<String>>(shown).await[0].starts_with("DIV"));
    visitor.click("#marks").await;
    let line: String = visitor.read("getComputedStyle(document.querySelector('.claim')).backgroundColor").await;
    assert_eq!(line, "rgba(0, 0, 0, 0)", "the marks are hidden");
}

async fn taps_claims_on_a_telephone(visitor: &Visitor) {
    visitor.page.execute(SetDeviceMetricsOverrideParams::new(390, 844, 1.0, true)).await.unwrap();
    visitor.page.execute(SetTouchEmulationEnabledParams::new(true)).await.unwrap();
    visitor.go("/customers/7590-VHVEG?lang=zh-TW").await;
    let count: usize = visitor.read("document.querySelectorAll('details[open] .claim').length").await;
    for place in 0..count {
        let (words, x, y) = find_claim(visitor, place).await;
        for kind in [EmulateTouchFromMouseEventType::MousePressed, EmulateTouchFromMouseEventType::MouseReleased] {
            let touch = EmulateTouchFromMouseEventParams::new(kind, x as i64, y as i64, MouseButton::Left);
            visitor.page.execute(touch).await.unwrap();
        }
        visitor.wait(&format!("document.activeElement === document.querySelectorAll('.claim')[{place}]")).await;
        let open: Vec<String> = visitor.read(OPEN_TIP).await;
        assert_eq!(open.get(..3), Some(&[words, "inside".into(), "beside it".into()][..]), "{open:?}");
        assert_eq!(visitor.read::<Vec<String>>(LAIN_ON).await, Vec::<String>::new(), "no text lies under it");
        let wide: Vec<String> = visitor.read(OVERFLOWING).await;
        assert_eq!(wide, Vec::<String>::new());
    }
}

async fn finds_a_customer(visitor: &Visitor) {
    visitor.go("/").await;
    assert!(visitor.text("#matrix").await.contains("Risk × value"));
    assert!(visitor.text(".figures").await.contains("600"));
    visitor.look("overview").await;
    visitor.follow("table.matrix tbody tr:nth-child(2) td a").await;
    assert!(visitor.text("table.list tbody").await.contains("Medium"));
    visitor.look("list").await;
    let id: String = visitor.text("a.id").await;
    let part = id[2..7].to_lowercase();
    visitor.click("input[type=search]").await;
    visitor.page.find_element("input[type=search]").await.unwrap().type_str(&part).await.unwrap();
    visitor.follow("form.filter button").await;
    assert!(visitor.text("table.list").await.contains(&id), "{part} finds {id}");
    visitor.follow("a.id").await;
    assert!(visitor.text("h1").await.to_lowercase().contains(&part));
    assert!(visitor.text(".verdict").await.contains('%'));
    visitor.look("customer").await;
}

async fn reads_in_her_own_language(visitor: &Visitor) {
    visitor.follow("nav.languages a[lang='zh-TW']").await;
    assert_eq!(visitor.read::<String>("document.documentElement.lang").await, "zh-TW");
    assert!(visitor.text(".verdict").await.contains("流失機率"));
    visitor.follow("nav a[href='/customers']").await;
    visitor.read::<bool>("(document.querySelector('select[name=written]').value = 'yes') === 'yes'").await;
    visitor.follow("form.filter button").await;
    assert!(visitor.text("h1").await.contains('8'), "eight customers have messages");
    visitor.follow("a.id").await;
    visitor.look("customer-zh-TW").await;
    visitor.click("[data-copy='sms-zh-TW']").await;
    visitor.wait("document.querySelector(\"[data-copy='sms-zh-TW']\").innerText === '已複製'").await;
    let sms = visitor.text("#sms-zh-TW").await;
    assert!(sms.chars().count() > 20, "{sms}");
    let copied = visitor.page.evaluate_function("async () => await navigator.clipboard.readText()").await.unwrap();
    assert_eq!(copied.into_value::<String>().unwrap(), sms);
}

async fn draws_a_customer(visitor: &Visitor) {
    visitor.go("/customers").await;
    visitor.follow(".head a.button").await;
    assert!(visitor.text(".head").await.contains("隨機抽出，種子"));
    visitor.look("random").await;
}

async fn writes_and_approves(visitor: &Visitor) {
    visitor.go("/customers?written=no&sort=net_value&order=desc").await;
    visitor.follow("a.id").await;
    assert!(visitor.text("#main").await.contains("尚未為這位客戶撰寫訊息"));
    visitor.follow("form[action='/write'] button").await;
    assert_eq!(visitor.text("[role=status]").await, "訊息已寫好，請見下方。");
    assert!(visitor.text(".messages").await.contains("簡訊"));
    visitor.look("written").await;
    visitor.follow("form[action='/decide'] button[value=approved]").await;
    assert_eq!(visitor.text("[role=status]").await, "已核准 1 筆。");
    assert_eq!(visitor.text(".approval-approved").await, "已核准");
    visitor.look("approved").await;
    visitor.follow("nav a[href='/']").await;
    assert!(visitor.text(".figures").await.contains("已核准行動\n1"), "{}", visitor.text(".figures").await);
}

async fn looks_around(visitor: &Visitor) {
    for (path, name) in
        [("/strategy", "strategy"), ("/model", "model"), ("/thresholds?medium=0.3&high=0.6", "thresholds"), ("/data", "data")]
    {
        visitor.go(path).await;
        assert!(!visitor.text("h1").await.is_empty(), "{path}");
        visitor.look(name).await;
    }
    visitor.go("/customers?lang=en&search=nobody-here").await;
    visitor.look("list-empty").await;
}
