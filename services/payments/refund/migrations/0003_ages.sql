-- What is old is found by its age.
alter table refund_request add key if not exists request_completed (completed_at);
alter table refund_audit add key if not exists audit_at (at);
