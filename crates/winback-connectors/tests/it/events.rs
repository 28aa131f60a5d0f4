//! Events become figures; rows at fault are named.
use jiff::civil::date;
use winback_connectors::events::read_events;
use winback_core::behaviour::Behaviour;
use winback_core::defect::Problem;
use winback_core::id::CustomerId;

#[test]
fn events_are_added_up_per_customer_as_of_a_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.csv");
    let text = "Date;Customer_ID;kind;amount\r\n2024-03-30;007;login;\r\n2024-03-01;007;usage;10\r\n2024-03-20;007;usage;4\r\n\
                2024-04-02;007;login;\r\n2024-03-20;008;Complaint;\r\n2024-13-01;008;login;\r\n2024-03-20;;login;\r\n\
                2024-03-20;008;visit;\r\n2024-03-20;008;usage;much\r\n2024-03-20;008\r\n";
    std::fs::write(&path, text).unwrap();
    let found = read_events(&path, date(2024, 3, 31)).unwrap();
    let of = |id: &str| found.customers[&CustomerId::parse(id).unwrap()];
    assert_eq!(of("007"), Behaviour { recent_login_count: 1, complain_count: 0, usage_drop_rate: Some(0.6) });
    assert_eq!(of("008"), Behaviour { recent_login_count: 0, complain_count: 1, usage_drop_rate: None });
    assert_eq!((found.rows, found.outside), (10, 1));
    let defects: Vec<_> = found.defects.iter().map(|d| (d.line, d.column, d.problem)).collect();
    let expected = [
        (7, Some(1), Problem::NotADate),
        (8, Some(2), Problem::BadId),
        (9, Some(3), Problem::NotAFlag),
        (10, Some(4), Problem::NotANumber),
        (11, None, Problem::RaggedRow),
    ];
    assert_eq!(defects, expected);
}

#[test]
fn a_file_without_the_columns_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.csv");
    std::fs::write(&path, "customer_id,date,what,amount\n").unwrap();
    let error = read_events(&path, date(2024, 3, 31)).unwrap_err().to_string();
    assert!(error.contains("missing: kind"), "{error}");
}
