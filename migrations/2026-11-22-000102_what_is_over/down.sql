REVOKE DELETE ON sessions FROM tillwatch_app;
REVOKE DELETE ON invitations FROM tillwatch_app;
REVOKE DELETE ON link_codes FROM tillwatch_app;
