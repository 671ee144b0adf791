//! @generated: the tables as diesel sees them, in the order of their names, from the migrated database; a test fails when
//! it differs, and `UPDATE_SCHEMA=1 cargo test schema` writes it again.
#![expect(missing_docs, reason = "generated from the migrations, which carry the comments")]

diesel::table! {
    alert_events (tenant_id, alert_id, version) {
        tenant_id -> Uuid,
        alert_id -> Uuid,
        version -> Int8,
        at -> Timestamptz,
        event -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        via -> Text,
        figures -> Nullable<Jsonb>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    alerts (tenant_id, alert_id) {
        tenant_id -> Uuid,
        alert_id -> Uuid,
        rule_id -> Uuid,
        rule_name -> Text,
        spec -> Jsonb,
        metric -> Text,
        severity -> Text,
        state -> Text,
        channel_id -> Nullable<Uuid>,
        campaign_id -> Nullable<Uuid>,
        figures -> Jsonb,
        window_start -> Timestamptz,
        paused_campaign -> Bool,
        opened_at -> Timestamptz,
        acknowledged_at -> Nullable<Timestamptz>,
        acknowledged_by -> Nullable<Uuid>,
        resolved_at -> Nullable<Timestamptz>,
        version -> Int8,
        breach_key -> Text,
        quiet_why -> Nullable<Text>,
        quiet_by -> Nullable<Uuid>,
        quiet_until -> Nullable<Timestamptz>,
        window_id -> Nullable<Uuid>,
        group_id -> Nullable<Uuid>,
        flaps -> Nullable<Int4>,
        flaps_since -> Nullable<Timestamptz>,
        spoke_at -> Nullable<Timestamptz>,
        told_again -> Int4,
        contribution -> Nullable<Jsonb>,
        rule_then -> Nullable<Jsonb>,
        no_data_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_tokens (tenant_id, api_token_id) {
        tenant_id -> Uuid,
        api_token_id -> Uuid,
        name -> Text,
        starts_with -> Text,
        scopes -> Array<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        channels -> Nullable<Array<Uuid>>,
        requests_per_minute -> Nullable<Int4>,
        secret_hash -> Nullable<Bytea>,
        previous_hash -> Nullable<Bytea>,
        previous_starts_with -> Nullable<Text>,
        previous_ends_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_entries (tenant_id, audit_id) {
        tenant_id -> Uuid,
        audit_id -> Uuid,
        at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        via -> Text,
        action -> Text,
        object -> Nullable<Text>,
        reason -> Nullable<Text>,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
        request_id -> Text,
    }
}

diesel::table! {
    audit_seals (tenant_id, number) {
        tenant_id -> Uuid,
        number -> Int8,
        form -> Int4,
        entries -> Array<Uuid>,
        hashes -> Bytea,
        through -> Uuid,
        previous_hash -> Bytea,
        hash -> Bytea,
        signature -> Bytea,
        key_id -> Text,
        sealed_at -> Timestamptz,
    }
}

diesel::table! {
    benchmarks (tenant_id, benchmark_id) {
        tenant_id -> Uuid,
        benchmark_id -> Uuid,
        retailers -> Text,
        metric -> Text,
        year -> Int4,
        value_e4 -> Int8,
        low_e4 -> Nullable<Int8>,
        high_e4 -> Nullable<Int8>,
        source -> Text,
        source_url -> Nullable<Text>,
        loaded_at -> Timestamptz,
    }
}

diesel::table! {
    campaign_channels (tenant_id, campaign_id, channel_id) {
        tenant_id -> Uuid,
        campaign_id -> Uuid,
        channel_id -> Uuid,
    }
}

diesel::table! {
    campaign_events (tenant_id, campaign_id, version) {
        tenant_id -> Uuid,
        campaign_id -> Uuid,
        version -> Int8,
        at -> Timestamptz,
        from_state -> Nullable<Text>,
        to_state -> Text,
        reason -> Nullable<Text>,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        via -> Text,
    }
}

diesel::table! {
    campaign_totals (tenant_id, campaign_id, metric) {
        tenant_id -> Uuid,
        campaign_id -> Uuid,
        metric -> Text,
        total_e4 -> Int8,
    }
}

diesel::table! {
    campaigns (tenant_id, campaign_id) {
        tenant_id -> Uuid,
        campaign_id -> Uuid,
        name -> Text,
        external_key -> Nullable<Text>,
        objective -> Text,
        state -> Text,
        state_reason -> Nullable<Text>,
        state_since -> Timestamptz,
        stopped_by -> Nullable<Uuid>,
        starts_on -> Nullable<Date>,
        ends_on -> Nullable<Date>,
        budget_minor -> Nullable<Int8>,
        budget_currency -> Nullable<Text>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        resume_asked_by -> Nullable<Uuid>,
        resume_asked_at -> Nullable<Timestamptz>,
        resume_reason -> Nullable<Text>,
    }
}

diesel::table! {
    channels (tenant_id, channel_id) {
        tenant_id -> Uuid,
        channel_id -> Uuid,
        name -> Text,
        external_key -> Nullable<Text>,
        kind -> Text,
        online -> Bool,
        domain -> Text,
        stage -> Text,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    chat_servers (tenant_id, chat_server_id) {
        tenant_id -> Uuid,
        chat_server_id -> Uuid,
        transport -> Text,
        server_ref -> Text,
        channel_ref -> Text,
        created_at -> Timestamptz,
        minimum_severity -> Text,
        robot -> Nullable<Bytea>,
    }
}

diesel::table! {
    chat_users (tenant_id, chat_user_id) {
        tenant_id -> Uuid,
        chat_user_id -> Uuid,
        chat_server_id -> Uuid,
        user_ref -> Text,
        staff_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    daily_usage (tenant_id, day) {
        tenant_id -> Uuid,
        day -> Date,
        samples -> Int8,
    }
}

diesel::table! {
    departments (tenant_id, department_id) {
        tenant_id -> Uuid,
        department_id -> Uuid,
        name -> Text,
        name_key -> Text,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    directory_bot_assertions (assertion_id) {
        assertion_id -> Text,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    directory_chat_servers (transport, server_ref) {
        transport -> Text,
        server_ref -> Text,
        for_tenant -> Uuid,
    }
}

diesel::table! {
    directory_closings (erasure_id) {
        erasure_id -> Uuid,
        for_tenant -> Uuid,
        name_hash -> Bytea,
        state_before -> Text,
        asked_at -> Timestamptz,
        closes_at -> Timestamptz,
        kept_open_at -> Nullable<Timestamptz>,
        counts -> Jsonb,
    }
}

diesel::table! {
    directory_credentials (hash) {
        hash -> Bytea,
        kind -> Text,
        for_tenant -> Uuid,
        subject_id -> Uuid,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    directory_erasures (erasure_id) {
        erasure_id -> Uuid,
        certificate -> Text,
        key -> Jsonb,
        erased_at -> Timestamptz,
    }
}

diesel::table! {
    directory_gateway_leases (account) {
        account -> Text,
        holder -> Text,
        fence -> Int8,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    directory_links (hash) {
        hash -> Bytea,
        kind -> Text,
        for_tenant -> Uuid,
        subject_id -> Uuid,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    directory_logins (login_id) {
        login_id -> Uuid,
        email -> Text,
        password_hash -> Text,
        created_at -> Timestamptz,
        password_changed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    directory_recovery_codes (login_id, code_hash) {
        login_id -> Uuid,
        code_hash -> Bytea,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    directory_resting (for_tenant) {
        for_tenant -> Uuid,
        since -> Timestamptz,
    }
}

diesel::table! {
    directory_second_factors (login_id) {
        login_id -> Uuid,
        sealed -> Bytea,
        sealed_with -> Text,
        last_step -> Int8,
        confirmed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    directory_sign_in_attempts (key_hash) {
        key_hash -> Bytea,
        failures -> Int4,
        locked_until -> Nullable<Timestamptz>,
        tried_at -> Timestamptz,
    }
}

diesel::table! {
    directory_staff (login_id, for_tenant) {
        login_id -> Uuid,
        for_tenant -> Uuid,
        staff_id -> Uuid,
    }
}

diesel::table! {
    directory_tenants (for_tenant) {
        for_tenant -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    evaluations (tenant_id, evaluation_id) {
        tenant_id -> Uuid,
        evaluation_id -> Uuid,
        rule_id -> Uuid,
        channel_id -> Uuid,
        window_start -> Timestamptz,
        at -> Timestamptz,
        outcome -> Text,
        reason -> Nullable<Text>,
        figures -> Nullable<Jsonb>,
        alert_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    events (tenant_id, event_id) {
        tenant_id -> Uuid,
        event_id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        schema_version -> Int4,
        data -> Jsonb,
    }
}

diesel::table! {
    feed_runs (tenant_id, run_id) {
        tenant_id -> Uuid,
        run_id -> Uuid,
        feed_id -> Uuid,
        begun_at -> Timestamptz,
        ended_at -> Timestamptz,
        outcome -> Text,
        fault -> Nullable<Text>,
        detail -> Nullable<Text>,
        status -> Nullable<Int4>,
        bytes -> Int8,
        accepted -> Int4,
        corrected -> Int4,
        unchanged -> Int4,
        refused -> Int4,
        refusals -> Jsonb,
    }
}

diesel::table! {
    feeds (tenant_id, feed_id) {
        tenant_id -> Uuid,
        feed_id -> Uuid,
        name -> Text,
        kind -> Text,
        url -> Text,
        format -> Text,
        mapping -> Jsonb,
        secrets -> Nullable<Bytea>,
        header_names -> Array<Text>,
        every -> Text,
        minute -> Int4,
        grace_minutes -> Nullable<Int4>,
        life -> Text,
        created_at -> Timestamptz,
        version -> Int8,
        watched_since -> Timestamptz,
        taken_from -> Nullable<Timestamptz>,
        etag -> Nullable<Text>,
        last_modified -> Nullable<Text>,
        digest -> Nullable<Bytea>,
        last_run_at -> Nullable<Timestamptz>,
        last_success_at -> Nullable<Timestamptz>,
        last_new_at -> Nullable<Timestamptz>,
        newest_at -> Nullable<Timestamptz>,
        failures -> Int4,
        recent -> Int4,
        recent_runs -> Int4,
        last_fault -> Nullable<Text>,
        unwell_since -> Nullable<Timestamptz>,
        trouble -> Nullable<Text>,
        told_fault -> Nullable<Text>,
        episode -> Int4,
    }
}

diesel::table! {
    goal_periods (tenant_id, goal_id, starts_on) {
        tenant_id -> Uuid,
        goal_id -> Uuid,
        starts_on -> Date,
        ends_on -> Date,
        target_e4 -> Int8,
    }
}

diesel::table! {
    goal_proposals (tenant_id, proposal_id) {
        tenant_id -> Uuid,
        proposal_id -> Uuid,
        goal_id -> Uuid,
        month -> Date,
        state -> Text,
        planned_e4 -> Int8,
        achieved_e4 -> Int8,
        target_before_e4 -> Int8,
        target_after_e4 -> Int8,
        periods -> Jsonb,
        made_at -> Timestamptz,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        decision_reason -> Nullable<Text>,
    }
}

diesel::table! {
    goal_versions (tenant_id, goal_id, version) {
        tenant_id -> Uuid,
        goal_id -> Uuid,
        version -> Int8,
        at -> Timestamptz,
        step -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        via -> Text,
        goal -> Jsonb,
        periods -> Jsonb,
    }
}

diesel::table! {
    goals (tenant_id, goal_id) {
        tenant_id -> Uuid,
        goal_id -> Uuid,
        name -> Text,
        metric -> Nullable<Text>,
        channel_id -> Nullable<Uuid>,
        campaign_id -> Nullable<Uuid>,
        baseline_e4 -> Nullable<Int8>,
        baseline_source -> Nullable<Text>,
        target_e4 -> Nullable<Int8>,
        starts_on -> Nullable<Date>,
        ends_on -> Nullable<Date>,
        owner_id -> Nullable<Uuid>,
        relevance -> Text,
        campaigns -> Array<Uuid>,
        period -> Text,
        spread -> Text,
        state -> Text,
        state_since -> Timestamptz,
        achievable_anyway -> Nullable<Text>,
        activated_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    idempotency_keys (tenant_id, key_hash) {
        tenant_id -> Uuid,
        key_hash -> Bytea,
        request_hash -> Bytea,
        status -> Nullable<Int4>,
        headers -> Nullable<Jsonb>,
        body -> Nullable<Bytea>,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    invitations (tenant_id, invitation_id) {
        tenant_id -> Uuid,
        invitation_id -> Uuid,
        email -> Text,
        name -> Nullable<Text>,
        role -> Text,
        locale -> Text,
        invited_by -> Uuid,
        mail_id -> Uuid,
        mailed_at -> Timestamptz,
        token_hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        staff_id -> Nullable<Uuid>,
        withdrawn_at -> Nullable<Timestamptz>,
        custom_role_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        channels -> Nullable<Array<Uuid>>,
    }
}

diesel::table! {
    job_files (tenant_id, job_id, name, part) {
        tenant_id -> Uuid,
        job_id -> Uuid,
        name -> Text,
        part -> Int4,
        bytes -> Bytea,
    }
}

diesel::table! {
    link_codes (tenant_id, link_code_id) {
        tenant_id -> Uuid,
        link_code_id -> Uuid,
        staff_id -> Uuid,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    long_jobs (tenant_id, job_id) {
        tenant_id -> Uuid,
        job_id -> Uuid,
        kind -> Text,
        state -> Text,
        done -> Int8,
        total -> Nullable<Int8>,
        message -> Nullable<Text>,
        params -> Jsonb,
        checkpoint -> Jsonb,
        counts -> Jsonb,
        slice -> Int8,
        failures -> Int4,
        cancel_asked_at -> Nullable<Timestamptz>,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        authority -> Jsonb,
        request_id -> Text,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        files_removed_at -> Nullable<Timestamptz>,
        rests_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    mails (tenant_id, mail_id) {
        tenant_id -> Uuid,
        mail_id -> Uuid,
        to_address -> Nullable<Text>,
        to_login -> Nullable<Uuid>,
        locale -> Text,
        template -> Text,
        fields -> Jsonb,
        token_hash -> Nullable<Bytea>,
        state -> Text,
        attempts -> Int4,
        claimed_until -> Nullable<Timestamptz>,
        failure -> Nullable<Text>,
        created_at -> Timestamptz,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    notices (tenant_id, notice_id) {
        tenant_id -> Uuid,
        notice_id -> Uuid,
        kind -> Text,
        about -> Uuid,
        step -> Int4,
        at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    own_metrics (tenant_id, metric_id) {
        tenant_id -> Uuid,
        metric_id -> Uuid,
        key -> Text,
        name_en -> Text,
        name_zh -> Text,
        unit -> Text,
        classifier -> Text,
        kind -> Text,
        adds_over_channels -> Bool,
        formula -> Nullable<Text>,
        direction -> Text,
        family -> Text,
        whole -> Bool,
        may_be_negative -> Bool,
        stands_for -> Nullable<Text>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    queue_deliveries (delivery_id) {
        delivery_id -> Uuid,
        for_tenant -> Uuid,
        alert_id -> Uuid,
        transport -> Text,
        server_ref -> Text,
        channel_ref -> Text,
        state -> Text,
        wanted_version -> Int8,
        wanted_at -> Timestamptz,
        posted_version -> Int8,
        message_ref -> Nullable<Text>,
        due_at -> Timestamptz,
        attempt -> Int4,
        failures -> Int4,
        refused -> Bool,
        first_claimed_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        request_id -> Nullable<Text>,
        shows -> Text,
        told_version -> Int8,
    }
}

diesel::table! {
    queue_fetches (feed_id) {
        feed_id -> Uuid,
        for_tenant -> Uuid,
        due_at -> Timestamptz,
        claimed_until -> Nullable<Timestamptz>,
        claim_id -> Nullable<Uuid>,
        lost -> Int4,
    }
}

diesel::table! {
    queue_jobs (job_id) {
        job_id -> Uuid,
        for_tenant -> Uuid,
        kind -> Text,
        payload -> Jsonb,
        request_id -> Text,
        state -> Text,
        run_at -> Timestamptz,
        attempt -> Int4,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    queue_messages (message_id) {
        message_id -> Uuid,
        for_tenant -> Uuid,
        webhook_id -> Uuid,
        event_id -> Uuid,
        kind -> Text,
        state -> Text,
        due_at -> Timestamptz,
        attempt -> Int4,
        failures -> Int4,
        last_status -> Nullable<Int4>,
        last_fault -> Nullable<Text>,
        created_at -> Timestamptz,
        delivered_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    quiet_times (tenant_id, quiet_time_id) {
        tenant_id -> Uuid,
        quiet_time_id -> Uuid,
        kind -> Text,
        reason -> Text,
        rule_id -> Nullable<Uuid>,
        channel_id -> Nullable<Uuid>,
        campaign_id -> Nullable<Uuid>,
        severity -> Text,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        owner_kind -> Text,
        owner_id -> Nullable<Uuid>,
        ended_early_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    report_schedules (tenant_id, kind) {
        tenant_id -> Uuid,
        kind -> Text,
        enabled -> Bool,
        minute -> Int4,
        chat_server_id -> Nullable<Uuid>,
        changed_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    roles (tenant_id, role_id) {
        tenant_id -> Uuid,
        role_id -> Uuid,
        name -> Text,
        name_key -> Text,
        permissions -> Array<Text>,
        archived_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    rollup_bins (tenant_id, series_id, resolution, bucket, bin) {
        tenant_id -> Uuid,
        series_id -> Uuid,
        resolution -> Text,
        bucket -> Timestamptz,
        bin -> Int4,
        count -> Int8,
    }
}

diesel::table! {
    rollups (tenant_id, series_id, resolution, bucket) {
        tenant_id -> Uuid,
        series_id -> Uuid,
        resolution -> Text,
        bucket -> Timestamptz,
        sum_e4 -> Int8,
        samples -> Int8,
        last_key -> Nullable<Text>,
    }
}

diesel::table! {
    rule_progress (tenant_id, rule_id, channel_id) {
        tenant_id -> Uuid,
        rule_id -> Uuid,
        channel_id -> Uuid,
        judged_through -> Date,
        judged_bucket -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    rule_versions (tenant_id, rule_id, version) {
        tenant_id -> Uuid,
        rule_id -> Uuid,
        version -> Int8,
        at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        via -> Text,
        rule -> Jsonb,
    }
}

diesel::table! {
    rules (tenant_id, rule_id) {
        tenant_id -> Uuid,
        rule_id -> Uuid,
        name -> Text,
        kind -> Text,
        metric -> Text,
        spec -> Jsonb,
        channel_id -> Nullable<Uuid>,
        campaign_id -> Nullable<Uuid>,
        per_channel -> Bool,
        severity -> Text,
        enabled -> Bool,
        created_at -> Timestamptz,
        archived_at -> Nullable<Timestamptz>,
        version -> Int8,
        timing -> Nullable<Jsonb>,
        quiet_hours -> Nullable<Jsonb>,
        message -> Nullable<Text>,
        action -> Nullable<Text>,
        backtested_at -> Nullable<Timestamptz>,
        fed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sample_retention (tenant_id) {
        tenant_id -> Uuid,
        months -> Int4,
        kept_from -> Nullable<Timestamptz>,
        marked_at -> Nullable<Timestamptz>,
        version -> Int8,
    }
}

diesel::table! {
    samples (tenant_id, series_id, at, source_key) {
        tenant_id -> Uuid,
        series_id -> Uuid,
        at -> Timestamptz,
        source_key -> Text,
        value_e4 -> Int8,
        previous_e4 -> Nullable<Int8>,
        many -> Nullable<Text>,
        previous_many -> Nullable<Text>,
    }
}

diesel::table! {
    series (tenant_id, series_id) {
        tenant_id -> Uuid,
        series_id -> Uuid,
        metric -> Text,
        channel_id -> Uuid,
        campaign_id -> Uuid,
        created_at -> Timestamptz,
        subject_id -> Uuid,
        period -> Text,
    }
}

diesel::table! {
    sessions (tenant_id, session_id) {
        tenant_id -> Uuid,
        session_id -> Uuid,
        staff_id -> Uuid,
        current_hash -> Bytea,
        previous_hash -> Nullable<Bytea>,
        rotated_at -> Timestamptz,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        ended_because -> Nullable<Text>,
        authenticated_at -> Nullable<Timestamptz>,
        client -> Nullable<Text>,
        network -> Nullable<Text>,
        password_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    staff (tenant_id, staff_id) {
        tenant_id -> Uuid,
        staff_id -> Uuid,
        login_id -> Uuid,
        name -> Text,
        role -> Text,
        disabled_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Int8,
        locale -> Nullable<Text>,
        password_changed_at -> Nullable<Timestamptz>,
        custom_role_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        channels -> Nullable<Array<Uuid>>,
        password_settled -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    subjects (tenant_id, subject_id) {
        tenant_id -> Uuid,
        subject_id -> Uuid,
        kind -> Text,
        key -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    tenants (tenant_id) {
        tenant_id -> Uuid,
        name -> Text,
        locale -> Text,
        time_zone -> Text,
        currency -> Text,
        created_at -> Timestamptz,
        second_factor -> Text,
        version -> Int8,
        fiscal_week_start -> Text,
        quiet_from -> Nullable<Int4>,
        quiet_until -> Nullable<Int4>,
        residency -> Nullable<Text>,
        plan -> Text,
        limit_requests_per_minute -> Nullable<Int8>,
        limit_concurrent_requests -> Nullable<Int8>,
        limit_samples_per_day -> Nullable<Int8>,
        limit_staff -> Nullable<Int8>,
        limit_api_tokens -> Nullable<Int8>,
        state -> Text,
        state_since -> Nullable<Timestamptz>,
        resume_needs_two -> Bool,
    }
}

diesel::table! {
    webhook_attempts (tenant_id, attempt_id) {
        tenant_id -> Uuid,
        attempt_id -> Uuid,
        webhook_id -> Uuid,
        message_id -> Uuid,
        at -> Timestamptz,
        duration_ms -> Int4,
        status -> Nullable<Int4>,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    webhooks (tenant_id, webhook_id) {
        tenant_id -> Uuid,
        webhook_id -> Uuid,
        name -> Text,
        url -> Text,
        kinds -> Array<Text>,
        state -> Text,
        disabled_because -> Nullable<Text>,
        secret -> Nullable<Bytea>,
        previous_secret -> Nullable<Bytea>,
        previous_until -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    alert_events,
    alerts,
    api_tokens,
    audit_entries,
    audit_seals,
    benchmarks,
    campaign_channels,
    campaign_events,
    campaign_totals,
    campaigns,
    channels,
    chat_servers,
    chat_users,
    daily_usage,
    departments,
    directory_bot_assertions,
    directory_chat_servers,
    directory_closings,
    directory_credentials,
    directory_erasures,
    directory_gateway_leases,
    directory_links,
    directory_logins,
    directory_recovery_codes,
    directory_resting,
    directory_second_factors,
    directory_sign_in_attempts,
    directory_staff,
    directory_tenants,
    evaluations,
    events,
    feed_runs,
    feeds,
    goal_periods,
    goal_proposals,
    goal_versions,
    goals,
    idempotency_keys,
    invitations,
    job_files,
    link_codes,
    long_jobs,
    mails,
    notices,
    own_metrics,
    queue_deliveries,
    queue_fetches,
    queue_jobs,
    queue_messages,
    quiet_times,
    report_schedules,
    roles,
    rollup_bins,
    rollups,
    rule_progress,
    rule_versions,
    rules,
    sample_retention,
    samples,
    series,
    sessions,
    staff,
    subjects,
    tenants,
    webhook_attempts,
    webhooks,
);
