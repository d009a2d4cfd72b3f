alter table clients add column merchant text;
