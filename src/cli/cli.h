/* SPDX-License-Identifier: Apache-2.0
 *
 * cli/cli.h -- what the commands share: their row, the arguments they were given, the way into the
 * store, and the one line that says what went wrong. Known to cli/ and main.c only. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/slice.h"
#include "db/db.h"
#include "settings.h"

/* What the process answers. Beside 0. */
enum {
    CLI_WRONG = 1, /* the work failed, or found something wrong */
    CLI_USAGE = 2, /* the arguments, the settings or the surroundings forbid it; nothing was done */
};

typedef struct cli cli;

/* A flag of one command, beside the settings. */
typedef struct cli_flag {
    const char *name;
    const char *value; /* its value's word in the help; NULL: a switch */
    size_t offset;     /* into cli: a slice, or a bool for a switch */
    const char *about;
} cli_flag;

typedef struct cli_command {
    const char *name;      /* "keys create" */
    const char *arguments; /* "NAME" */
    const char *about;     /* one sentence */
    const cli_flag *flags;
    size_t flags_n;
    size_t words;      /* how many arguments it must have */
    bool store;        /* takes the settings that name the store */
    bool all_settings; /* takes every setting */
    int (*run)(cli *c);
} cli_command;

extern const cli_command cli_commands[];
extern const size_t cli_commands_n;

enum { CLI_WORDS = 2 };

struct cli {
    const cli_command *command;
    int argc;
    char **argv;
    arena arena; /* the command's memory */
    settings settings;
    slice words[CLI_WORDS];
    size_t words_n;
    /* the commands' own flags */
    slice project;
    bool print_config, print_example_config, reindex;
};

/* "recalld: ..." and a line's end to standard error; answers `code`. */
int cli_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a failed call on the store: `why`, or what `e` means; answers CLI_WRONG. */
int cli_fail_err(const char *what, err e, slice why);

/* Find the command, read settings and arguments. False: *code is the process's answer, and all is
 * said (help was asked for, or something is wrong). */
bool cli_read(cli *c, int argc, char **argv, int *code);

/* The settings once more, as they would be read now; for a running server. */
MUST_CHECK err cli_read_settings(cli *c, arena *a, settings *to, slice *why);

/* The help of all commands, and of one. */
void cli_help(FILE *to);
void cli_help_command(const cli_command *command, FILE *to);

/* Make the directory of the store, mode 0700, if there is none and the store has one. False: said.
 */
bool cli_make_directory(cli *c);

/* The store as a command sees it, beside a server or without one; made if `create`. Answers 0, or
 * what the process is to answer, said. */
MUST_CHECK int cli_open(cli *c, bool create, db **out);

/* A name that a project may have: 1 to 100 characters of UTF-8, none of them a control character.
 * False: said. */
bool cli_project_name_fits(slice name);

/* The commands, each in its file. */
int cli_serve(cli *c);           /* serve.c */
int cli_keys_create(cli *c);     /* projects.c */
int cli_keys_list(cli *c);       /* projects.c */
int cli_keys_revoke(cli *c);     /* projects.c */
int cli_projects_create(cli *c); /* projects.c */
int cli_projects_list(cli *c);   /* projects.c */
int cli_projects_delete(cli *c); /* projects.c */
int cli_backup(cli *c);          /* upkeep.c */
int cli_check(cli *c);           /* upkeep.c */

#endif
