//! A folder of its own for each test, and the program run in it as a person would run it.
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use tempfile::TempDir;

/// The public tables, where a test may find them; never part of the repository.
pub const PUBLIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// Returns a public table, or says that the test is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn public(name: &str) -> Option<PathBuf> {
    let path = Path::new(PUBLIC).join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("SKIPPED: ../shared/data/{name} is not here");
    None
}

/// A folder and everything Winback keeps in it.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Returns a folder with a generated table, `sample.csv`.
    pub fn with_sample(rows: u64) -> Self {
        let home = Self::new();
        home.does(&["sample", "--rows", &rows.to_string(), "--out", "sample.csv"]);
        home
    }

    /// Returns a folder where the whole job is done on a generated table.
    pub fn with_run(rows: u64) -> Self {
        let home = Self::with_sample(rows);
        home.does(&["run", "--data", "sample.csv"]);
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub fn keep(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Returns the program, ready to start in this folder.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WINBACK_")) {
            command.env_remove(name);
        }
        command.current_dir(self.0.path()).args(["--home", "."]).args(args).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn say<S: AsRef<OsStr>>(&self, args: &[S]) -> Said {
        Said::from(self.command(args).output().unwrap())
    }

    /// Runs the program, which must succeed, and returns what it printed.
    pub fn does<S: AsRef<OsStr> + std::fmt::Debug>(&self, args: &[S]) -> String {
        let said = self.say(args);
        assert_eq!(said.code, Some(0), "{args:?}: {said}");
        said.out
    }

    /// Runs the program with `--json`, which must succeed and print JSON and nothing else.
    pub fn json<S: AsRef<OsStr> + std::fmt::Debug>(&self, args: &[S]) -> Value {
        let args: Vec<&OsStr> = args.iter().map(AsRef::as_ref).chain([OsStr::new("--json")]).collect();
        let out = self.does(&args);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}\n{out}"))
    }

    /// Returns the ids of a table, in order.
    pub fn ids(&self, file: &str) -> Vec<String> {
        self.text(file).lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    }

    /// Starts a command that serves, and waits until it tells its address.
    pub fn serves(&self, args: &[&str]) -> Served {
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let start = said.len();
            if out.read_line(&mut said).unwrap() == 0 {
                let mut err = String::new();
                child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
                panic!("{args:?} ended before it served: {said}{err}");
            }
            if let Some((_, rest)) = said[start..].split_once(": http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        Served { child, address }
    }
}

/// What a command said, and its exit code.
pub struct Said {
    pub code: Option<i32>,
    status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.map_or_else(|| self.status.to_string(), |code| format!("exit {code}"));
        write!(f, "{code}\n{}{}", self.out, self.err)
    }
}

/// A dashboard that is being served; it ends with the value.
pub struct Served {
    child: Child,
    pub address: String,
}

impl Served {
    /// Returns the answer to a GET: the status line, the headers and the body.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Interrupts the server as Ctrl-C does.
    pub fn interrupt(&self) {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Returns its exit code once it has ended, `None` when it has not within some seconds.
    pub fn ended_within(&mut self, seconds: u64) -> Option<Option<i32>> {
        (0..seconds * 20).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            self.child.try_wait().unwrap().map(|status| status.code())
        })
    }

    /// Ends the server and returns what it said on standard error.
    pub fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        err
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
