-- oldest binary: 0.1.0
-- Connecting accounts: consents under way, and what became of a connection.
select;
