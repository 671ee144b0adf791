//! What is taken, what is refused, and in which words.

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
    for right in ["info", "WARN", "off", "warn,tillwatch_backend=debug", "tillwatch_backend::watch=trace, error"] {
        assert_eq!(load(&[("LOG", right)]).map(|config| config.log), Ok(right.to_owned()), "{right}");
    }
    // A bare word that is no level would be a target, and everything else would fall silent.
    for wrong in ["debgu", "tillwatch_backend", "tillwatch_backend=loud", "=debug", "info,,warn", "my target=info"] {
        let errors = load(&[("LOG", wrong)]).unwrap_err();
        assert!(errors[0].to_string().starts_with("LOG: "), "{wrong}: {errors:?}");
    }
}
