/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c -- the table of commands.
 *
 * A row is the whole registration of a command; what it does is in cli/. Every command answers 0,
 * CLI_WRONG or CLI_USAGE. */
#include "base/mem.h"
#include "cli/cli.h"

#include <signal.h>
#include <sys/stat.h>

enum { COMMAND_BYTES = 256 << 20 };

static const cli_flag serve_flags[] = {
    {"print-config", NULL, offsetof(cli, print_config),
     "Print every setting in force and where it came from, and end."},
    {"print-example-config", NULL, offsetof(cli, print_example_config),
     "Print a config file with every setting at its default, and end."},
};

static const cli_flag project_flags[] = {
    {"project", "NAME", offsetof(cli, project), "The project. Default: default."},
};

static const cli_flag list_flags[] = {
    {"project", "NAME", offsetof(cli, project), "Of this project only. Default: of all."},
};

static const cli_flag check_flags[] = {
    {"reindex", NULL, offsetof(cli, reindex),
     "Have the server build the index of every graph anew, instead of checking."},
};

static int version(cli *c)
{
    (void)c;
    printf("recalld %s\n", RECALLD_VERSION);
    return 0;
}

static int help(cli *c)
{
    (void)c;
    cli_help(stdout);
    return 0;
}

#define FLAGS(table) .flags = (table), .flags_n = COUNT(table)

const cli_command cli_commands[] = {
    {"serve", "", "Serve the API until SIGTERM.", FLAGS(serve_flags), .store = true,
     .all_settings = true, .run = cli_serve},
    {"keys create", "", "Make a key of a project, and the project if there is none.",
     FLAGS(project_flags), .store = true, .run = cli_keys_create},
    {"keys list", "", "List the keys by their ids; keys themselves are not kept.",
     FLAGS(list_flags), .store = true, .run = cli_keys_list},
    {"keys revoke", "ID|KEY", "Take a key away.", FLAGS(project_flags), .words = 1, .store = true,
     .run = cli_keys_revoke},
    {"projects create", "NAME", "Make a project.", .words = 1, .store = true,
     .run = cli_projects_create},
    {"projects list", "", "List the projects.", .store = true, .run = cli_projects_list},
    {"projects delete", "NAME", "Delete a project with all that it holds.", .words = 1,
     .store = true, .run = cli_projects_delete},
    {"backup", "FILE", "Copy the store, which may be in use, into a new file.", .words = 1,
     .store = true, .run = cli_backup},
    {"check", "", "Check the store and recount its index.", FLAGS(check_flags), .store = true,
     .run = cli_check},
    {"version", "", "Print the version.", .run = version},
    {"--version", "", "Print the version.", .run = version},
    {"help", "", "Print this.", .run = help},
};
const size_t cli_commands_n = COUNT(cli_commands);

/* What was printed must have arrived: a key that nobody saw is lost. */
static int flushed(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    return code ? code : cli_fail(CLI_WRONG, "standard output cannot be written");
}

int main(int argc, char **argv)
{
    cli c = {0};
    int code = 0;

    mem_init();
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    arena_init(&c.arena, COMMAND_BYTES);
    if (cli_read(&c, argc, argv, &code))
        code = c.command->run(&c);
    code = flushed(code);
    arena_deinit(&c.arena);
    return code;
}
