-- oldest binary: 0.1.0
-- HighLevel: call logs, and its users' tables api_keys and sync_status as views.
select;
