-- oldest binary: 0.1.0
-- Google: mail and calendars, and its users' workspaces, integrations and sync_jobs.
select;
