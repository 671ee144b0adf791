//! A retailer's life with the service: its settings, its limits, and its suspension.

#![expect(clippy::expect_used, reason = "tests")]

mod limits;
mod settings;
mod suspension;

use crate::harness::Database;
use crate::harness::program::tillwatch;
use crate::harness::service::SECRET;
use tillwatch_backend::platform::hex::hex;

/// What the operator's command says; fails the test when it does not end well.
async fn operator(database: &Database, args: &[&str]) -> String {
    let (code, said, errors) = try_operator(database, args).await;
    assert_eq!(code, 0, "{args:?}: {said}{errors}");
    said.trim_end().to_owned()
}

/// Exit code, standard output and standard error of the operator's command.
async fn try_operator(database: &Database, args: &[&str]) -> (i32, String, String) {
    let mut command = tillwatch(&[&["tenant"][..], args].concat());
    command.env("DATABASE_URL", &database.app_url);
    command.env("DATABASE_SYSTEM_URL", &database.system_url);
    command.env("SECRET_KEY", hex(&SECRET));
    // It ends by itself, and what it said is whole only when its pipes are at their end.
    let ended =
        tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("its end");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.code().expect("an exit code"), said(&ended.stdout), said(&ended.stderr))
}
