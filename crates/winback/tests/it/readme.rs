//! The commands of the README do what it says.
use crate::home::Home;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../../../README.md");

/// Returns a section of the README, by its heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// Runs a line in a shell that finds the program by its name, as after `cargo install`.
fn shell(home: &Home, line: &str) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_winback")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh").args(["-c", line]).current_dir(home.path("")).env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_commands_for_your_own_customers_work_as_written() {
    let home = Home::with_sample(300);
    std::fs::rename(home.path("sample.csv"), home.path("customers.csv")).unwrap();
    let block = section("Your own customers").split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<&str> = block.lines().map(|line| line.split(" #").next().unwrap().trim()).collect();
    assert!(commands.len() >= 4 && commands.contains(&"winback run --data customers.csv"), "{commands:?}");
    for command in commands {
        match command {
            "cargo install --path crates/winback" => {
                assert!(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/winback/Cargo.toml")).is_file());
            }
            "winback serve" => assert!(home.serves(&["serve"]).get("/").contains("</html>")),
            _ => drop(shell(&home, command)),
        }
    }
    shell(&home, "winback import --infer customers.csv > schema.toml");
    shell(&home, "winback run --data customers.csv");
}

#[test]
fn every_command_of_the_table_is_there() {
    let home = Home::with_sample(300);
    std::fs::rename(home.path("sample.csv"), home.path("customers.csv")).unwrap();
    let id = home.ids("customers.csv")[0].clone();
    let rows = section("Step by step").lines().filter_map(|line| line.strip_prefix("| `")).map(|line| line.split('`').next().unwrap());
    home.keep("orders.csv", "id,date,amount\nA,2026-01-05,10.00\nA,2026-03-01,25.50\nB,2026-02-11,7.00\nC,2025-12-24,99.00\n");
    let command = |command: &str| match command {
        "winback segments rfm --data FILE" => command.replace("FILE", "orders.csv"),
        _ => command.replace("FILE", "customers.csv").replace("ID", &id).replace("COLUMN", "gender").replace("RUN", "1"),
    };
    let commands: Vec<String> = rows.map(command).collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        let said = if command == "winback actions approve" {
            shell(&home, &format!("{command} --top 3 --by Mei"))
        } else {
            shell(&home, &command)
        };
        assert!(!said.is_empty(), "{command} says something");
    }
}
