//! PostgreSQL's own load generator: the yardstick for reads.
//!
//! It is looked for beside the `postgres` that runs, then on PATH. A machine without it (the fetched programs have
//! none) skips the comparisons that need it, and the report says so.

use super::load::Measured;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// The program, and a folder for scripts and logs that is deleted at the end.
pub(crate) struct Pgbench {
    program: PathBuf,
    folder: PathBuf,
}

/// As whom it connects.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The port on 127.0.0.1.
    pub(crate) port: u16,
    /// The role.
    pub(crate) role: &'static str,
    /// Its password.
    pub(crate) password: String,
    /// The database.
    pub(crate) database: String,
    /// Settings of the session, as `PGOPTIONS` takes them.
    pub(crate) options: String,
}

impl Pgbench {
    /// The program that belongs to the server with this process id.
    pub(crate) fn beside(server: u32) -> Option<Self> {
        let running = std::fs::read_link(format!("/proc/{server}/exe")).ok();
        let beside = running.and_then(|path| Some(path.parent()?.join("pgbench")));
        let path = std::env::var_os("PATH");
        let on_path = path.iter().flat_map(std::env::split_paths).map(|folder| folder.join("pgbench"));
        let program = beside.into_iter().chain(on_path).find(|program| program.is_file())?;
        let folder = std::env::temp_dir().join(format!("tillwatch-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for scripts");
        Some(Self { program, folder })
    }

    /// Keeps scripts as files.
    pub(crate) fn scripts(&self, name: &str, texts: &[String]) -> Vec<PathBuf> {
        let write = |(number, text): (usize, &String)| {
            let path = self.folder.join(format!("{name}-{number}.sql"));
            std::fs::write(&path, text).expect("a script");
            path
        };
        texts.iter().enumerate().map(write).collect()
    }

    /// Runs the scripts, each transaction a random one of them, prepared, on kept connections.
    pub(crate) async fn run(&self, login: &Login, scripts: &[PathBuf], clients: usize, time: Duration) -> Measured {
        let log = self.folder.join("log");
        let mut command = tokio::process::Command::new(&self.program);
        command.args(["-M", "prepared", "-n", "-l", "-j", "2"]).arg("--log-prefix").arg(&log);
        command.args(["-c", &clients.to_string(), "-T", &time.as_secs().to_string()]);
        command.args(["-h", "127.0.0.1", "-p", &login.port.to_string(), "-U", login.role]);
        for script in scripts {
            command.arg("-f").arg(script);
        }
        command.arg(&login.database).env("PGPASSWORD", &login.password).env("PGOPTIONS", &login.options);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.expect("pgbench runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pgbench failed: {complained}");
        let per_second = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        let times = self.take_logs();
        Measured { per_second: per_second.expect("pgbench says its tps"), ..Measured::new(&times, time) }
    }

    /// The milliseconds of each transaction (the third column, in microseconds); the logs are gone afterwards.
    fn take_logs(&self) -> Vec<f64> {
        let mut times = Vec::new();
        for path in files(&self.folder).filter(|path| name(path).starts_with("log.")) {
            let text = std::fs::read_to_string(&path).expect("a log");
            times.extend(text.lines().filter_map(|line| Some(line.split(' ').nth(2)?.parse::<f64>().ok()? / 1000.0)));
            std::fs::remove_file(&path).expect("a log of ours");
        }
        times
    }
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).expect("our folder").filter_map(|entry| Some(entry.ok()?.path()))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Drop for Pgbench {
    fn drop(&mut self) {
        // What cannot be deleted is a few small files in the folder for temporary ones.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
