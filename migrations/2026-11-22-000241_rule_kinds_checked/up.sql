-- The constraints of the step before hold for the rows that were there, too.

ALTER TABLE rules VALIDATE CONSTRAINT rules_kind;
ALTER TABLE rules VALIDATE CONSTRAINT rules_message;
ALTER TABLE rules VALIDATE CONSTRAINT rules_action;
