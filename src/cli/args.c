/* SPDX-License-Identifier: Apache-2.0
 *
 * cli/args.c -- from argv to a command with its settings, flags and words.
 *
 * The words that name the command come first; flags and arguments follow in any order, `--` ends
 * the flags. Nothing outside of the process is touched here but the config file, which is read. */
#include "cli/cli.h"

#include "base/log.h"

#include <stdarg.h>
#include <unistd.h>

#define CONFIG_VARIABLE "RECALLD_CONFIG"

int cli_fail(int code, const char *fmt, ...)
{
    va_list ap;

    fputs("recalld: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return code;
}

int cli_fail_err(const char *what, err e, slice why)
{
    if (!why.p)
        why = slice_of(err_text(e));
    return cli_fail(CLI_WRONG, "%s: %.*s", what, (int)why.n, why.p);
}

/* ---- one argument after the other ---- */

struct reader {
    int argc, at;
    char **argv;
};

/* A flag's name and value: "--name=value", or "--name" with the value still in the next argument.
 */
struct flag {
    slice name;
    slice value; /* absent: none was joined to it */
};

static struct flag split_flag(const char *text)
{
    const char *name = text + 2, *equals = strchr(name, '=');

    if (!equals)
        return (struct flag){slice_of(name), NO_SLICE};
    return (struct flag){{name, (size_t)(equals - name)}, slice_of(equals + 1)};
}

static bool take_value(struct reader *r, struct flag *f)
{
    if (!f->value.p && r->at < r->argc)
        f->value = slice_of(r->argv[r->at++]);
    return f->value.p != NULL;
}

static const cli_flag *own_flag(const cli_command *command, slice name)
{
    for (size_t i = 0; i < command->flags_n; i++)
        if (slice_is(name, command->flags[i].name))
            return &command->flags[i];
    return NULL;
}

/* The setting that this command takes as a flag. */
static const setting *setting_flag(const cli_command *command, slice name)
{
    const setting *row = setting_find(name);

    return row && (command->all_settings || (command->store && row->everywhere)) ? row : NULL;
}

static err wrong(arena *a, slice *why, const char *fmt, slice s)
{
    *why = arena_printf(a, fmt, (int)s.n, s.p);
    return ERR_BAD_REQUEST;
}

static err read_flag(cli *c, struct reader *r, arena *a, settings *to, slice *why)
{
    struct flag f = split_flag(r->argv[r->at++]);
    const cli_flag *own = own_flag(c->command, f.name);
    const setting *row = setting_flag(c->command, f.name);
    bool is_config = c->command->store && slice_is(f.name, "config");

    if (!own && !row && !is_config) {
        *why = arena_printf(a, "unknown flag --%.*s: see recalld %s --help", (int)f.name.n,
                            f.name.p, c->command->name);
        return ERR_BAD_REQUEST;
    }
    if (own && !own->value) {
        if (f.value.p)
            return wrong(a, why, "--%.*s takes no value", f.name);
        *(bool *)(void *)((char *)c + own->offset) = true;
        return OK;
    }
    if (!take_value(r, &f))
        return wrong(a, why, "--%.*s needs a value", f.name);
    if (row)
        return setting_set(to, row, f.value, FROM_FLAG, a, why);
    if (own)
        *(slice *)(void *)((char *)c + own->offset) = f.value;
    return OK;
}

static err read_arguments(cli *c, struct reader r, arena *a, settings *to, slice *why)
{
    bool flags_over = false;

    c->words_n = 0;
    while (r.at < r.argc) {
        const char *text = r.argv[r.at];
        if (!flags_over && strcmp(text, "--") == 0) {
            flags_over = true;
            r.at++;
            continue;
        }
        if (!flags_over && text[0] == '-' && text[1] == '-') {
            err e = read_flag(c, &r, a, to, why);
            if (e)
                return e;
            continue;
        }
        if (!flags_over && text[0] == '-' && text[1])
            return wrong(a, why, "unknown flag %.*s", slice_of(text));
        if (c->words_n == c->command->words)
            return wrong(a, why, "unexpected argument '%.*s'", slice_of(text));
        c->words[c->words_n++] = slice_of(text);
        r.at++;
    }
    return OK;
}

/* ---- settings ---- */

/* The last --config there is, else the variable; absent when there is neither. */
static slice config_file(struct reader r)
{
    const char *variable = getenv(CONFIG_VARIABLE);
    slice found = slice_of(variable && *variable ? variable : NULL);

    while (r.at < r.argc && strcmp(r.argv[r.at], "--") != 0) {
        const char *text = r.argv[r.at++];
        struct flag f = text[0] == '-' && text[1] == '-' ? split_flag(text) : (struct flag){0};
        if (slice_is(f.name, "config") && take_value(&r, &f))
            found = f.value;
    }
    return found;
}

static size_t words_of_name(const cli_command *command)
{
    return strchr(command->name, ' ') ? 2 : 1;
}

static struct reader behind_name(const cli *c)
{
    return (struct reader){c->argc, 1 + (int)words_of_name(c->command), c->argv};
}

err cli_read_settings(cli *c, arena *a, settings *to, slice *why)
{
    struct reader r = behind_name(c);
    slice file = c->command->store ? config_file(r) : NO_SLICE;

    err e = settings_init(to, a);
    if (!e && file.p)
        e = settings_read_file(to, file, a, why);
    if (!e && c->command->store)
        e = settings_read_environment(to, a, why);
    if (!e)
        e = read_arguments(c, r, a, to, why);
    return e ? e : settings_finish(to, a, why);
}

/* ---- the command ---- */

/* "keys" of "keys create"; true when a command of two words begins with it. */
static bool is_group(const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i < cli_commands_n; i++)
        if (strncmp(cli_commands[i].name, word, n) == 0 && cli_commands[i].name[n] == ' ')
            return true;
    return false;
}

static const cli_command *find_command(int argc, char **argv)
{
    for (size_t i = 0; i < cli_commands_n; i++) {
        const char *name = cli_commands[i].name;
        size_t n = strlen(argv[1]);
        if (strncmp(name, argv[1], n) != 0)
            continue;
        if (!name[n] || (name[n] == ' ' && argc > 2 && strcmp(name + n + 1, argv[2]) == 0))
            return &cli_commands[i];
    }
    return NULL;
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static bool help_asked(struct reader r)
{
    for (; r.at < r.argc && strcmp(r.argv[r.at], "--") != 0; r.at++)
        if (is_help(r.argv[r.at]))
            return true;
    return false;
}

/* All commands of a group, or of the program. */
static void help_group(const char *group, FILE *to)
{
    size_t n = group ? strlen(group) : 0;

    for (size_t i = 0; i < cli_commands_n; i++) {
        const cli_command *one = &cli_commands[i];
        if (one->name[0] == '-' ||
            (group && (strncmp(one->name, group, n) != 0 || one->name[n] != ' ')))
            continue;
        char usage[64];
        snprintf(usage, sizeof(usage), "%s %s", one->name, one->arguments);
        fprintf(to, "  recalld %-24s %s\n", usage, one->about);
    }
}

void cli_help(FILE *to)
{
    fputs("recalld, a memory server for agents\n\n", to);
    help_group(NULL, to);
    fputs("\n`recalld COMMAND --help` says more of each; `recalld serve --help` lists all "
          "settings.\n",
          to);
}

void cli_help_command(const cli_command *command, FILE *to)
{
    arena a;
    buf b;
    slice text;

    fprintf(to, "recalld %s%s%s%s\n\n%s\n", command->name,
            command->flags_n || command->store ? " [FLAGS]" : "", *command->arguments ? " " : "",
            command->arguments, command->about);
    if (command->flags_n || command->store)
        fputs("\nFlags, as --name VALUE or --name=VALUE:\n", to);
    for (size_t i = 0; i < command->flags_n; i++) {
        const cli_flag *f = &command->flags[i];
        fprintf(to, "  --%s%s%s\n      %s\n", f->name, f->value ? " " : "",
                f->value ? f->value : "", f->about);
    }
    if (!command->store)
        return;
    arena_init(&a, 1 << 20);
    buf_init(&b, &a, 1 << 18);
    settings_help(&b, command->all_settings);
    if (!buf_done(&b, &text))
        fwrite(text.p, 1, text.n, to);
    arena_deinit(&a);
}

/* No command was found: help that was asked for, or what is wrong. */
static int no_command(int argc, char **argv)
{
    if (argc < 2)
        return cli_fail(CLI_USAGE, "a command is needed: see recalld help");
    if (is_help(argv[1]) || (is_group(argv[1]) && argc > 2 && is_help(argv[2]))) {
        if (is_help(argv[1]))
            cli_help(stdout);
        else
            help_group(argv[1], stdout);
        return 0;
    }
    if (argv[1][0] == '-')
        return cli_fail(CLI_USAGE, "unknown flag %s: see recalld help", argv[1]);
    if (is_group(argv[1]))
        return cli_fail(CLI_USAGE, "unknown command '%s%s%s': see recalld %s --help", argv[1],
                        argc > 2 ? " " : "", argc > 2 ? argv[2] : "", argv[1]);
    return cli_fail(CLI_USAGE, "unknown command '%s': see recalld help", argv[1]);
}

bool cli_read(cli *c, int argc, char **argv, int *code)
{
    slice why = NO_SLICE;

    if (argc > 2 && strcmp(argv[1], "help") == 0) { /* "help serve" is "serve --help" */
        const cli_command *command = find_command(argc - 1, argv + 1);
        *code = 0;
        if (command)
            cli_help_command(command, stdout);
        else if (is_group(argv[2]))
            help_group(argv[2], stdout);
        else
            *code = no_command(argc - 1, argv + 1);
        return false;
    }
    c->argc = argc;
    c->argv = argv;
    c->command = argc > 1 ? find_command(argc, argv) : NULL;
    if (!c->command) {
        *code = no_command(argc, argv);
        return false;
    }
    if (help_asked(behind_name(c))) {
        cli_help_command(c->command, stdout);
        *code = 0;
        return false;
    }
    err e = cli_read_settings(c, &c->arena, &c->settings, &why);
    if (!e && c->words_n < c->command->words) {
        why = arena_printf(&c->arena, "%s needs %s", c->command->name, c->command->arguments);
        e = ERR_BAD_REQUEST;
    }
    if (e) {
        if (!why.p)
            why = slice_of(err_text(e));
        *code = cli_fail(CLI_USAGE, "%.*s", (int)why.n, why.p);
        return false;
    }
    return true;
}
