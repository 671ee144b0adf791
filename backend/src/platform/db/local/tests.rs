//! One real server: made, shared, left behind, adopted, stopped, reset. The rest needs none.

use super::*;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Options for a kept database in a new temporary folder; made without fsync, since a test keeps nothing.
fn kept() -> (LocalOptions, PathBuf) {
    let dir = temporary_root().expect("temp dir").join("with space");
    let settings = [("fsync", "off"), ("shared_buffers", "16MB")].map(|(name, value)| (name.into(), value.into()));
    // Where there is no PostgreSQL it is fetched into the usual place, once, and not for each run.
    let usual = default_data_dir().expect("data folder");
    let user = RunAs::choose(&dir).expect("user");
    let found = binaries::find(&LocalOptions::default(), &dir, None, &user, &usual).expect("PostgreSQL");
    let opts = LocalOptions {
        data_dir: Some(dir.clone()),
        bin_dir: found.postgres.parent().map(Path::to_owned),
        settings: settings.to_vec(),
        ..LocalOptions::default()
    };
    (opts, dir)
}

/// How long a process or a folder may take to go on a machine that is busy with other things.
const IN_TIME: Duration = Duration::from_mins(1);

fn gone(pid: u32) -> bool {
    let end = Instant::now() + IN_TIME;
    while process::name_of(pid).is_some() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(process::POLL);
    }
    true
}

#[test]
fn a_kept_server_is_shared_adopted_and_stopped_by_the_last_and_reset_deletes_it() {
    let (mut opts, dir) = kept();
    // Guards the machine against a test that is killed.
    opts.watchdog = true;
    // Two first starts at once: one makes the data, the other waits and adopts.
    let other_opts = opts.clone();
    let other = std::thread::spawn(move || LocalPostgres::start(&other_opts));
    let first = LocalPostgres::start(&opts).expect("start");
    let second = other.join().expect("thread").expect("second start");
    assert_eq!((first.pid(), first.port()), (second.pid(), second.port()));
    assert_ne!(first.adopted(), second.adopted());
    assert_eq!(first.superuser_url("a b"), second.superuser_url("a b"));
    assert!(first.superuser_url("a b").ends_with("/a%20b"));
    let (pid, port) = (first.pid(), first.port());

    let refused = LocalPostgres::reset(&opts).expect_err("in use");
    assert!(matches!(refused, LocalError::InUse { .. }), "{refused}");
    first.stop().expect("leave");
    assert!(process::name_of(pid).is_some(), "the first to leave must not stop the other's server");
    second.stop().expect("stop");
    assert!(gone(pid));

    // The port is kept, and data is not made anew.
    let made = fs::metadata(dir.join("postgres/data/PG_VERSION")).and_then(|meta| meta.modified()).expect("data");
    let again = LocalPostgres::start(&opts).expect("start again");
    assert_eq!((again.port(), again.adopted()), (port, false));
    let kept = fs::metadata(dir.join("postgres/data/PG_VERSION")).and_then(|meta| meta.modified()).expect("data");
    assert_eq!(made, kept);
    let pid = again.pid();
    drop(again);
    assert!(gone(pid), "dropping stops the server");

    let neighbour = dir.join("postgres-is-not-all-there-is");
    fs::write(&neighbour, "mine").expect("write");
    LocalPostgres::reset(&opts).expect("reset");
    assert!(!dir.join("postgres/data").exists() && !dir.join("postgres/password").exists());
    assert!(neighbour.exists());
    fs::remove_dir_all(dir.parent().expect("parent")).expect("clean up");
}

#[test]
fn an_ephemeral_server_and_its_folder_are_gone_afterwards() {
    let opts =
        LocalOptions { ephemeral: true, settings: vec![("fsync".into(), "off".into())], ..LocalOptions::default() };
    let server = LocalPostgres::start(&opts).expect("start");
    let (pid, root) = (server.pid(), server.folder.root.clone());
    assert!(root.join("data/PG_VERSION").exists());
    server.stop().expect("stop");
    assert!(gone(pid) && !root.exists());
}

#[test]
fn the_watchdog_ends_the_process_and_deletes_the_folder_when_its_owner_dies() {
    let dir = temporary_root().expect("temp dir");
    let mut watchdog = Watchdog::start("TERM", Some(&dir)).expect("watchdog");
    let mut server = Command::new("sleep").arg("600").spawn().expect("sleep");
    watchdog.guard(server.id());
    // What the kernel does to the pipe when a process dies.
    drop(watchdog);
    assert!(process::wait(&mut server, IN_TIME).is_some_and(|status| !status.success()));
    let end = Instant::now() + IN_TIME;
    while dir.exists() && Instant::now() < end {
        std::thread::sleep(process::POLL);
    }
    assert!(!dir.exists());
}

#[test]
fn a_released_watchdog_leaves_everything_alone() {
    let dir = temporary_root().expect("temp dir");
    let mut watchdog = Watchdog::start("TERM", Some(&dir)).expect("watchdog");
    let mut server = Command::new("sleep").arg("60").spawn().expect("sleep");
    watchdog.guard(server.id());
    watchdog.release();
    assert!(server.try_wait().expect("try_wait").is_none() && dir.exists());
    server.kill().and_then(|()| server.wait()).expect("end");
    fs::remove_dir_all(dir).expect("clean up");
}

#[test]
fn a_pid_file_that_names_a_bystander_is_cleared_and_a_foreign_folder_is_not_touched() {
    let dir = temporary_root().expect("temp dir");
    let folder = Folder::open(dir.join("ours")).expect("ours");
    fs::create_dir(folder.data()).expect("mkdir");
    let pid_file = folder.data().join("postmaster.pid");
    fs::write(&pid_file, format!("{}\n/data\n1\n5432\n\n127.0.0.1\n1 1\nready\n", std::process::id())).expect("write");
    assert!(server::running(&folder).expect("judged").is_none());
    assert!(!pid_file.exists());

    let opts = LocalOptions { data_dir: Some(dir.clone()), ..LocalOptions::default() };
    fs::create_dir(dir.join("postgres")).expect("mkdir");
    fs::write(dir.join("postgres/thesis.txt"), "years of work").expect("write");
    for refused in [LocalPostgres::reset(&opts), LocalPostgres::start(&opts).map(drop)] {
        assert!(matches!(refused, Err(LocalError::NotOurs { .. })), "{refused:?}");
    }
    assert!(dir.join("postgres/thesis.txt").exists());
    fs::remove_dir_all(dir).expect("clean up");
}

#[test]
fn a_failing_program_is_reported_with_its_last_lines_and_a_slow_one_is_ended() {
    let dir = temporary_root().expect("temp dir");
    let log = dir.join("log");
    let shell = |script: &str| {
        let mut command = process::detached(Path::new("/bin/sh"));
        command.args(["-c", script]);
        command
    };
    let limit = IN_TIME;
    let failed = process::run(shell("echo out of disk >&2; exit 3"), "initdb", &log, limit, |_| {}).expect_err("3");
    let text = failed.to_string();
    assert!(text.contains("initdb failed") && text.contains("out of disk") && text.contains('3'), "{text}");
    let slow = process::run(shell("exec sleep 600"), "initdb", &log, Duration::from_millis(50), |_| {});
    assert!(slow.expect_err("slow").to_string().contains("not done after"));
    // Our environment, which holds secrets, is not theirs; PATH is.
    let check = shell("test -n \"$PATH\" && test -z \"$CARGO_MANIFEST_DIR$HOME$USER\"");
    process::run(check, "env", &log, limit, |_| {}).expect("clean environment");
    fs::remove_dir_all(dir).expect("clean up");
}
