#include "store/arg.h"

const struct sql *const *const store_statement_tables[] = {
	list_statements,     subscriber_statements, join_statements,    source_statements,      post_statements,     attachment_statements,
	campaign_statements, edition_statements,    digest_statements,  audience_statements,    lease_statements,    due_statements,
	record_statements,   notice_statements,     event_statements,   meta_statements,        queue_statements,    tally_statements,
	expire_statements,   pace_statements,       db_statements,      alert_statements,       missed_statements,   refusal_statements,
	file_statements,     sign_up_statements,    archive_statements, list_delete_statements, timeline_statements, NULL,
};
