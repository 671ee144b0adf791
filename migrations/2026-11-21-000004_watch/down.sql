DROP TABLE queue_deliveries, chat_users, chat_servers, link_codes, alert_events, alerts, rule_progress, rules;
