//! What a complete copy holds: every table with rows of retailers, and every column of it, decided by name. Pure.
//!
//! A test asks the database's catalogue: a table that is not in [`TABLES`], or a column that is named neither as
//! copied nor as withheld, fails it, and the failure says the line to add.

/// A table with rows of retailers.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What is copied of it.
    pub copy: Copied,
}

/// What is copied of a table.
#[derive(Clone, Copy, Debug)]
pub enum Copied {
    /// Its rows.
    Rows {
        /// The column that names the retailer.
        owner: &'static str,
        /// What the rows are ordered by, each as `column:type`: with the owner, a unique key.
        key: &'static str,
        /// The columns that are copied, beside the owner, which is the same in each row.
        columns: &'static str,
        /// The columns that are not, each with its reason.
        withheld: &'static [(&'static str, &'static str)],
    },
    /// Nothing, for this reason.
    Withheld(&'static str),
}

const fn rows(name: &'static str, key: &'static str, columns: &'static str) -> Table {
    rows_but(name, key, columns, &[])
}

const fn rows_but(
    name: &'static str,
    key: &'static str,
    columns: &'static str,
    withheld: &'static [(&'static str, &'static str)],
) -> Table {
    Table { name, copy: Copied::Rows { owner: "tenant_id", key, columns, withheld } }
}

const fn withheld(name: &'static str, reason: &'static str) -> Table {
    Table { name, copy: Copied::Withheld(reason) }
}

const SECRET: &str = "a hash of a credential";

/// Every table with rows of retailers, in the order of their names.
pub const TABLES: &[Table] = &[
    rows(
        "alert_events",
        "alert_id:uuid version:bigint",
        "alert_id version at event actor_kind actor_id via figures reason",
    ),
    rows(
        "alerts",
        "alert_id:uuid",
        "alert_id rule_id rule_name rule_then spec metric severity state channel_id campaign_id figures \
         window_start no_data_since paused_campaign opened_at acknowledged_at acknowledged_by resolved_at version breach_key \
         quiet_why quiet_by quiet_until window_id group_id flaps flaps_since spoke_at told_again contribution",
    ),
    rows_but(
        "api_tokens",
        "api_token_id:uuid",
        "api_token_id name starts_with scopes channels requests_per_minute previous_starts_with previous_ends_at created_at \
         expires_at last_used_at revoked_at",
        &[("secret_hash", SECRET), ("previous_hash", SECRET)],
    ),
    rows(
        "audit_entries",
        "audit_id:uuid",
        "audit_id at actor_kind actor_id via action object reason before after request_id",
    ),
    rows(
        "audit_seals",
        "number:bigint",
        "number form entries hashes through previous_hash hash signature key_id sealed_at",
    ),
    rows(
        "benchmarks",
        "benchmark_id:uuid",
        "benchmark_id retailers metric year value_e4 low_e4 high_e4 source source_url loaded_at",
    ),
    rows("campaign_channels", "campaign_id:uuid channel_id:uuid", "campaign_id channel_id"),
    rows(
        "campaign_events",
        "campaign_id:uuid version:bigint",
        "campaign_id version at from_state to_state reason actor_kind actor_id via",
    ),
    rows("campaign_totals", "campaign_id:uuid metric:text", "campaign_id metric total_e4"),
    rows(
        "campaigns",
        "campaign_id:uuid",
        "campaign_id name external_key objective state state_reason state_since stopped_by starts_on ends_on budget_minor \
         budget_currency archived_at created_at updated_at version resume_asked_by resume_asked_at resume_reason",
    ),
    rows(
        "channels",
        "channel_id:uuid",
        "channel_id name external_key kind online domain stage archived_at created_at updated_at version",
    ),
    rows_but(
        "chat_servers",
        "chat_server_id:uuid",
        "chat_server_id transport server_ref channel_ref created_at minimum_severity",
        &[("robot", "a sealed address and secret")],
    ),
    rows("chat_users", "chat_user_id:uuid", "chat_user_id chat_server_id user_ref staff_id created_at"),
    rows("daily_usage", "day:date", "day samples"),
    rows("departments", "department_id:uuid", "department_id name name_key archived_at created_at version"),
    withheld("directory_chat_servers", "an index of chat_servers, which is copied"),
    withheld("directory_closings", "whether the retailer is being closed; audit_entries tell of it"),
    withheld("directory_credentials", "hashes of credentials"),
    withheld("directory_links", "hashes of the tokens in mailed links"),
    withheld("directory_resting", "whether work rests; tenants.state is copied"),
    withheld("directory_staff", "which logins have a place; logins belong to the people, staff is copied"),
    withheld("directory_tenants", "the list of retailers"),
    rows(
        "evaluations",
        "evaluation_id:uuid",
        "evaluation_id rule_id channel_id window_start at outcome reason figures alert_id",
    ),
    rows("events", "event_id:uuid", "event_id at kind schema_version data"),
    rows(
        "feed_runs",
        "run_id:uuid",
        "run_id feed_id begun_at ended_at outcome fault detail status bytes accepted corrected unchanged refused refusals",
    ),
    rows_but(
        "feeds",
        "feed_id:uuid",
        "feed_id name kind url format mapping header_names every minute grace_minutes life created_at version watched_since taken_from \
         last_run_at last_success_at last_new_at newest_at failures recent recent_runs last_fault unwell_since trouble told_fault episode",
        &[
            ("secrets", "sealed headers, and what stands behind the ? of the url"),
            ("etag", "a mark of the source's own"),
            ("last_modified", "a mark of the source's own"),
            ("digest", "a mark of the service's own"),
        ],
    ),
    rows("goal_periods", "goal_id:uuid starts_on:date", "goal_id starts_on ends_on target_e4"),
    rows(
        "goal_proposals",
        "proposal_id:uuid",
        "proposal_id goal_id month state planned_e4 achieved_e4 target_before_e4 target_after_e4 periods made_at decided_at \
         decided_by decision_reason",
    ),
    rows(
        "goal_versions",
        "goal_id:uuid version:bigint",
        "goal_id version at step actor_kind actor_id via goal periods",
    ),
    rows(
        "goals",
        "goal_id:uuid",
        "goal_id name metric channel_id campaign_id baseline_e4 baseline_source target_e4 starts_on ends_on owner_id relevance \
         campaigns period spread state state_since achievable_anyway activated_at created_at updated_at version",
    ),
    withheld("idempotency_keys", "answers that are kept for a day for whoever asks again"),
    rows_but(
        "invitations",
        "invitation_id:uuid",
        "invitation_id email name role custom_role_id department_id channels locale invited_by mail_id mailed_at created_at \
         expires_at accepted_at staff_id withdrawn_at",
        &[("token_hash", SECRET)],
    ),
    withheld("job_files", "files of jobs, which are kept for a week; this copy is one of them"),
    rows("link_codes", "link_code_id:uuid", "link_code_id staff_id expires_at used_at"),
    rows_but(
        "long_jobs",
        "job_id:uuid",
        "job_id kind state done total message params counts slice failures cancel_asked_at actor_kind actor_id authority \
         request_id created_at started_at finished_at files_removed_at rests_until",
        &[("checkpoint", "a mark of the service's own")],
    ),
    rows_but(
        "mails",
        "mail_id:uuid",
        "mail_id to_address to_login locale template fields state attempts claimed_until failure created_at settled_at",
        &[("token_hash", SECRET)],
    ),
    rows("notices", "notice_id:uuid", "notice_id kind about step at version"),
    rows(
        "own_metrics",
        "metric_id:uuid",
        "metric_id key name_en name_zh unit classifier kind adds_over_channels formula direction family whole \
         may_be_negative stands_for archived_at created_at version",
    ),
    Table {
        name: "queue_deliveries",
        copy: Copied::Rows {
            owner: "for_tenant",
            key: "delivery_id:uuid",
            columns: "delivery_id alert_id transport server_ref channel_ref state wanted_version wanted_at posted_version \
                message_ref due_at attempt failures refused first_claimed_at last_error request_id created_at shows \
                told_version",
            withheld: &[],
        },
    },
    withheld("queue_fetches", "when feeds are fetched next; feeds is copied"),
    withheld("queue_jobs", "work of the service's own that is not done yet"),
    Table {
        name: "queue_messages",
        copy: Copied::Rows {
            owner: "for_tenant",
            key: "message_id:uuid",
            columns: "message_id webhook_id event_id kind state due_at attempt failures last_status last_fault created_at \
                delivered_at",
            withheld: &[],
        },
    },
    rows(
        "quiet_times",
        "quiet_time_id:uuid",
        "quiet_time_id kind reason rule_id channel_id campaign_id severity starts_at ends_at owner_kind owner_id \
         ended_early_by created_at version",
    ),
    rows("report_schedules", "kind:text", "kind enabled minute chat_server_id changed_at version"),
    rows("roles", "role_id:uuid", "role_id name name_key permissions archived_at created_at version"),
    rows(
        "rollup_bins",
        "series_id:uuid resolution:text bucket:timestamptz bin:integer",
        "series_id resolution bucket bin count",
    ),
    rows(
        "rollups",
        "series_id:uuid resolution:text bucket:timestamptz",
        "series_id resolution bucket sum_e4 samples last_key",
    ),
    rows("rule_progress", "rule_id:uuid channel_id:uuid", "rule_id channel_id judged_through judged_bucket"),
    rows("rule_versions", "rule_id:uuid version:bigint", "rule_id version at actor_kind actor_id via rule"),
    rows(
        "rules",
        "rule_id:uuid",
        "rule_id name kind metric spec channel_id campaign_id per_channel severity timing quiet_hours message action \
         backtested_at fed_at enabled created_at archived_at version",
    ),
    rows("sample_retention", "tenant_id:uuid", "months kept_from marked_at version"),
    rows(
        "samples",
        "series_id:uuid at:timestamptz source_key:text",
        "series_id at source_key value_e4 previous_e4 many previous_many",
    ),
    rows("series", "series_id:uuid", "series_id metric channel_id campaign_id subject_id period created_at"),
    rows_but(
        "sessions",
        "session_id:uuid",
        "session_id staff_id rotated_at created_at expires_at ended_at ended_because authenticated_at password_at \
         client network",
        &[("current_hash", SECRET), ("previous_hash", SECRET)],
    ),
    rows(
        "staff",
        "staff_id:uuid",
        "staff_id login_id name role custom_role_id department_id channels locale disabled_at password_changed_at \
         password_settled created_at version",
    ),
    rows("subjects", "subject_id:uuid", "subject_id kind key created_at"),
    rows(
        "tenants",
        "tenant_id:uuid",
        "name locale time_zone currency created_at state state_since second_factor version fiscal_week_start quiet_from \
         quiet_until residency resume_needs_two plan limit_requests_per_minute limit_concurrent_requests limit_samples_per_day limit_staff \
         limit_api_tokens",
    ),
    rows("webhook_attempts", "attempt_id:uuid", "attempt_id webhook_id message_id at duration_ms status fault"),
    rows_but(
        "webhooks",
        "webhook_id:uuid",
        "webhook_id name url kinds state disabled_because previous_until failing_since created_at version",
        &[("secret", "a sealed secret"), ("previous_secret", "a sealed secret")],
    ),
];

/// What is wrong with the list, held against the catalogue's columns (table and column): sentences, empty when all is
/// decided.
pub fn undecided(catalogue: &[(String, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut names: Vec<&str> = catalogue.iter().map(|(table, _)| table.as_str()).collect();
    names.dedup();
    for name in &names {
        let columns = || catalogue.iter().filter(|(table, _)| table == name).map(|(_, column)| column.as_str());
        match TABLES.iter().find(|table| table.name == *name).map(|table| table.copy) {
            None => wrong.push(format!(
                "{name} has no exporter: add rows(\"{name}\", \"KEY:TYPE …\", \"{}\") or withheld(…) to identity/export/tables.rs",
                columns().collect::<Vec<_>>().join(" ")
            )),
            Some(Copied::Withheld(_)) => {}
            Some(Copied::Rows { owner, columns: copied, withheld, .. }) => {
                let named: Vec<&str> =
                    copied.split_whitespace().chain(withheld.iter().map(|(column, _)| *column)).chain([owner]).collect();
                wrong.extend(columns().filter(|column| !named.contains(column)).map(|column| {
                    format!("{name}.{column} is neither copied nor withheld: decide it in identity/export/tables.rs")
                }));
                let gone = named.iter().filter(|named| !columns().any(|column| column == **named));
                wrong.extend(gone.map(|column| format!("{name} has no column {column}")));
            }
        }
    }
    let unknown = TABLES.iter().filter(|table| !names.contains(&table.name));
    wrong.extend(unknown.map(|table| format!("there is no table {} with rows of retailers", table.name)));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_every_key_is_a_column() {
        assert!(TABLES.windows(2).all(|pair| pair[0].name < pair[1].name));
        for table in TABLES {
            let Copied::Rows { owner, key, columns, .. } = table.copy else { continue };
            for part in key.split_whitespace() {
                let (column, kind) = part.split_once(':').unwrap();
                assert!(owner == column || columns.split_whitespace().any(|c| c == column), "{}: {column}", table.name);
                // Under a policy only leakproof comparisons reach an index.
                assert!(["uuid", "bigint", "text", "timestamptz", "integer", "date"].contains(&kind), "{}", table.name);
            }
        }
    }

    #[test]
    fn an_undecided_table_or_column_is_named() {
        let mut catalogue: Vec<(String, String)> = Vec::new();
        for table in TABLES {
            let columns = match table.copy {
                Copied::Withheld(_) => vec!["anything"],
                Copied::Rows { owner, columns, withheld, .. } => {
                    columns.split_whitespace().chain(withheld.iter().map(|(c, _)| *c)).chain([owner]).collect()
                }
            };
            catalogue.extend(columns.into_iter().map(|column| (table.name.to_owned(), column.to_owned())));
        }
        assert_eq!(undecided(&catalogue), Vec::<String>::new());
        catalogue.push(("tenants".into(), "secret".into()));
        catalogue.push(("zebras".into(), "tenant_id".into()));
        // As the catalogue lists them.
        catalogue.sort();
        let wrong = undecided(&catalogue);
        assert!(wrong.len() == 2 && wrong[0].contains("tenants.secret") && wrong[1].contains("zebras"), "{wrong:?}");
    }
}
