//! Fictional names and addresses that can reach nobody.
use super::random::Random;
use std::io::{self, Write};

/// Common given names with their spelling in an address.
const TAIWAN: [(&str, &str); 12] = [
    ("怡君", "yichun"),
    ("志豪", "chihhao"),
    ("雅婷", "yating"),
    ("家豪", "chiahao"),
    ("淑芬", "shufen"),
    ("冠宇", "kuanyu"),
    ("佳穎", "chiaying"),
    ("俊傑", "chunchieh"),
    ("詩涵", "shihhan"),
    ("承恩", "chengen"),
    ("美玲", "meiling"),
    ("柏翰", "pohan"),
];
const MAINLAND: [(&str, &str); 12] = [
    ("建国", "jianguo"),
    ("丽娜", "lina"),
    ("浩然", "haoran"),
    ("思雨", "siyu"),
    ("晓明", "xiaoming"),
    ("雪梅", "xuemei"),
    ("子涵", "zihan"),
    ("国强", "guoqiang"),
    ("婷婷", "tingting"),
    ("志远", "zhiyuan"),
    ("欣怡", "xinyi"),
    ("海燕", "haiyan"),
];
const ENGLISH: [(&str, &str); 12] = [
    ("Julia", "julia"),
    ("Owen", "owen"),
    ("Grace", "grace"),
    ("Marcus", "marcus"),
    ("Nora", "nora"),
    ("Felix", "felix"),
    ("Hannah", "hannah"),
    ("Victor", "victor"),
    ("Ruth", "ruth"),
    ("Simon", "simon"),
    ("Alice", "alice"),
    ("Peter", "peter"),
];
const AREAS: [u64; 6] = [202, 303, 415, 512, 617, 808];

/// Writes the cells FirstName, Email, Phone, Language and ContractEnd, each after a comma. Addresses
/// are of example.com (RFC 2606); numbers are 555-0100 to 555-0199, kept for fiction.
pub fn write_contacts(random: &mut Random, id: &str, contract_end: jiff::civil::Date, out: &mut impl Write) -> io::Result<()> {
    let (language, name, spelling) = draw(random);
    let (area, number) = (random.pick(&AREAS), random.below(100));
    let id = id.to_ascii_lowercase();
    write!(out, ",{name},{spelling}.{id}@example.com,+1-{area}-555-01{number:02},{language},{contract_end}")
}

/// Writes the cells First_Name and Language, each after a comma.
pub fn write_name_and_language(random: &mut Random, out: &mut impl Write) -> io::Result<()> {
    let (language, name, _) = draw(random);
    write!(out, ",{name},{language}")
}

/// Draws a language, and a name in it with its spelling in an address.
fn draw(random: &mut Random) -> (&'static str, &'static str, &'static str) {
    let (language, names) = [("zh-TW", &TAIWAN), ("zh-CN", &MAINLAND), ("en", &ENGLISH)][random.weighted(&[0.4, 0.3, 0.3])];
    let (name, spelling) = random.pick(names);
    (language, name, spelling)
}
