-- oldest binary: 0.1.0
-- Amazon: orders, inventory, financial events and claims, and its users' sync_progress.
select;
