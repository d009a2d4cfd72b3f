-- What is old is found by its age.
alter table settlement_request add key if not exists request_completed (completed_at);
alter table settlement_audit add key if not exists audit_at (at);
