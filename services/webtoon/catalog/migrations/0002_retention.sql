-- The trail of a title outlives what the row says of it, and is deleted by its own age.
alter table catalog_audit drop constraint catalog_audit_id_fkey;

create index catalog_audit_by_age on catalog_audit (at);
create index catalog_tombstones on catalog (deleted_at) where deleted_at is not null;
