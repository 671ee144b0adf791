-- What was over 90 days ago is removed: a session's network, an invited person's name and address, a code's staff.
GRANT DELETE ON sessions TO tillwatch_app;
GRANT DELETE ON invitations TO tillwatch_app;
GRANT DELETE ON link_codes TO tillwatch_app;
