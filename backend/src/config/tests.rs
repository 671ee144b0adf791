//! What is read, refused and shown.

use super::*;

fn load(pairs: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
    let pairs: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    Config::load(None, |name| pairs.get(name).cloned())
}

#[test]
fn the_defaults_are_valid() {
    let config = load(&[]).unwrap();
    assert_eq!((config.port, config.demo, config.database_url), (8080, true, None));
}

#[test]
fn every_wrong_value_is_named_at_once_and_secrets_stay_hidden() {
    let errors = load(&[("PORT", "eighty"), ("DEMO", "yes"), ("SECRET_KEY", "hunter2")]).unwrap_err();
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for name in ["PORT", "DEMO", "SECRET_KEY"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn what_belongs_together_is_asked_for() {
    let errors = load(&[("DATABASE_URL", "postgres://x"), ("REPLICAS", "2")]).unwrap_err();
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for name in ["DATABASE_SYSTEM_URL", "REDIS_URL", "SECRET_KEY"] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn the_table_names_every_setting_and_no_secret() {
    let key = "ab".repeat(32);
    let table = load(&[("SECRET_KEY", &key)]).unwrap().table();
    assert!(SETTINGS.iter().all(|s| table.contains(s.name)));
    assert!(!table.contains(&key));
}

#[test]
fn a_wrong_log_filter_is_refused_by_its_name() {
    let errors = load(&[("LOG", "debgu")]).unwrap_err();
    assert!(errors[0].to_string().starts_with("LOG: "), "{errors:?}");
}

#[test]
fn limits_and_origins_are_read_and_a_wrong_one_is_named() {
    let config = load(&[("REQUESTS_PER_MINUTE", "60"), ("CORS_ORIGINS", "https://console.example")]).unwrap();
    assert_eq!((config.limits.of_tenant, config.limits.of_address, config.limits.concurrent), (60, 300, 10));
    let wider = load(&[("HTTP_WORKERS", "4"), ("DATABASE_POOL", "6")]).unwrap();
    assert_eq!(wider.limits.concurrent, 12, "half of the connections");
    assert_eq!(load(&[("HTTP_WORKERS", "1"), ("DATABASE_POOL", "1")]).unwrap().limits.concurrent, 1);
    assert_eq!(load(&[("CONCURRENT_REQUESTS", "40")]).unwrap().limits.concurrent, 40);
    assert_eq!(config.cors, Cors::parse("https://console.example").unwrap());
    let wrong =
        [("REQUESTS_PER_MINUTE", "0"), ("CONCURRENT_REQUESTS", "many"), ("CORS_ORIGINS", "https://a.example, *")];
    let errors = load(&wrong).unwrap_err();
    for (error, (name, value)) in errors.iter().zip(wrong) {
        let text = error.to_string();
        assert!(text.starts_with(name) && text.contains(value), "{text}");
    }
    assert_eq!(errors.len(), 3);
}

#[test]
fn mail_is_refused_by_the_name_of_its_setting_and_without_its_password() {
    let wrong = [("SMTP_URL", "http://me:hunter2@mail"), ("MAIL_FROM", "nobody"), ("PUBLIC_URL", "till.example")];
    let errors = load(&wrong).unwrap_err();
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for (name, _) in wrong {
        assert!(text.contains(&format!("{name}: ")), "{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    let errors = load(&[("SMTP_URL", "smtp://mail.example")]).unwrap_err();
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("MAIL_FROM: ") && text.contains("PUBLIC_URL: "), "{text}");
}

#[test]
fn links_in_mails_go_over_https_unless_they_stay_on_this_machine() {
    for fine in [
        "https://till.example",
        "https://till.example/app/",
        "http://localhost:5173",
        "http://127.0.0.1",
        "http://[::1]:80",
    ] {
        load(&[("PUBLIC_URL", fine)]).unwrap();
    }
    for wrong in [
        "http://till.example",
        "http://localhost.evil.example",
        "ftp://till.example",
        "https://till.example/?a",
        "https://till.example/#a",
        "https://me@till.example",
    ] {
        let errors = load(&[("PUBLIC_URL", wrong)]).unwrap_err();
        assert!(errors[0].to_string().starts_with("PUBLIC_URL: "), "{wrong}: {errors:?}");
    }
}
