//! PostgreSQL's own load generator: the yardstick for reads.
//!
//! It is looked for beside the `postgres` that runs, then on PATH. A machine without it (the fetched programs have
//! none) skips the comparisons that need it, and the report says so.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

/// The program, and a folder for scripts that is deleted at the end.
pub(crate) struct Pgbench {
    program: PathBuf,
    folder: PathBuf,
}

/// What a round of pgbench measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Yardstick {
    /// Transactions a second.
    pub(crate) per_second: f64,
    /// Mean time of one, in milliseconds.
    pub(crate) mean: f64,
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

    /// Runs the scripts, each transaction a random one of them, prepared, on kept connections. Nothing is logged: a
    /// line for each transaction would slow it down and flatter whoever is compared with it. So its times are the mean
    /// alone, as pgbench says it.
    pub(crate) async fn run(&self, login: &Login, scripts: &[PathBuf], clients: usize, time: Duration) -> Yardstick {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(["-M", "prepared", "-n", "-j", "2"]);
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
        let figure = |name: &str| {
            let found = said.lines().find_map(|line| line.strip_prefix(name)?.trim().split(' ').next()?.parse().ok());
            found.unwrap_or_else(|| panic!("pgbench says no {name}: {said}"))
        };
        Yardstick { per_second: figure("tps ="), mean: figure("latency average =") }
    }
}

impl Drop for Pgbench {
    fn drop(&mut self) {
        // What cannot be deleted is a few small files in the folder for temporary ones.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
