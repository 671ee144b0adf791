DROP TABLE queue_jobs, audit_entries, api_tokens, sessions, staff, tenants, directory_chat_servers, directory_bot_assertions,
    directory_credentials, directory_staff, directory_sign_in_attempts, directory_logins;
DROP FUNCTION tillwatch_isolate(regclass);
REVOKE USAGE ON SCHEMA public FROM tillwatch_app, tillwatch_system;
