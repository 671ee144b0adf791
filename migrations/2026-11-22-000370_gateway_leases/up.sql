-- Which replica of the bot holds the gateway session of a chat account. It names no retailer: one account serves them all.
CREATE TABLE directory_gateway_leases (
    account text PRIMARY KEY CHECK (length(account) BETWEEN 1 AND 64),
    holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 64),
    -- Grows whenever the lease passes to another holder, or was over: a late word of an earlier one is known by it.
    fence bigint NOT NULL,
    -- By the database's clock, as everything that is compared with it.
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_gateway_leases IS 'citus:local Which replica of the bot holds an account''s gateway session.';
GRANT SELECT, INSERT, UPDATE ON directory_gateway_leases TO tillwatch_system;
