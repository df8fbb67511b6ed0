-- A job is held by one node at a time, until it is done or the node was not heard of for a while.
ALTER TABLE jobs ADD COLUMN holder BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
