/* post - what the commands of the post group share. */
#ifndef CLI_POST_H
#define CLI_POST_H
#include "cli/cli.h"
#include "store/post.h"

/* A campaign that has started keeps the words it started with: says what takes the new ones to its readers. */
void post_say_way(struct cli *cli, const struct stored_post *post);
#endif
