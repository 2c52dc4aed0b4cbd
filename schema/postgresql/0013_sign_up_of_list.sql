-- The sign-ups of a list's day are counted for each that comes.
CREATE INDEX sign_up_of_list ON sign_up (list_id, at_us);
