/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h -- every setting of recalld: one row each, four places to set it.
 *
 * A setting is a flag `--name-of-it VALUE`, a variable RECALLD_NAME_OF_IT, a line
 * `name-of-it = value` of the config file, or its default; the first of these that speaks wins.
 * The help, the example config file and `serve --print-config` are made from the same rows. Names
 * end in their unit: -ms, -bytes (a size: 5242880, 5120 KiB, 5 MiB). */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

typedef enum setting_kind {
    SETTING_TEXT,   /* printable bytes; min..max of them */
    SETTING_SECRET, /* visible ASCII, never shown */
    SETTING_NUMBER,
    SETTING_SIZE,   /* bytes, with or without KiB, MiB, GiB */
    SETTING_CHOICE, /* one of `names`, the value is its index */
} setting_kind;

typedef struct setting {
    const char *name;
    const char *value; /* what stands for it in the help; NULL: made from the kind */
    setting_kind kind;
    size_t offset;         /* into settings: a slice for texts, else an int64_t */
    const char *text;      /* the default as it would be written; NULL: `otherwise` says */
    const char *otherwise; /* a default that is known at start only, in words */
    int64_t min, max;
    const char *const *names; /* SETTING_CHOICE: NULL-terminated */
    bool everywhere;          /* a flag of every command that opens the store, not of serve alone */
    const char *about;        /* one sentence */
} setting;

enum { SETTINGS = 29 };

extern const setting setting_rows[SETTINGS];

typedef enum setting_source { FROM_DEFAULT, FROM_FILE, FROM_VARIABLE, FROM_FLAG } setting_source;

enum database_pooler { POOLER_NONE, POOLER_TRANSACTION };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What is in force. Texts are NUL-terminated, in the arena, empty or absent where nothing is set.
 */
typedef struct settings {
    slice listen, data, database, metrics_listen;
    slice tls_cert_file, tls_key_file;
    slice api_key;
    int64_t loops, workers;
    int64_t max_connections, max_connections_per_address;
    int64_t max_body_bytes, max_header_bytes, request_memory_bytes, reply_memory_bytes,
        memory_bytes;
    int64_t header_timeout_ms, request_timeout_ms, idle_timeout_ms, stop_timeout_ms;
    int64_t max_queue, cache_bytes, busy_timeout_ms;
    int64_t message_characters, messages, context_tokens;
    int64_t log_level, log_format; /* enum log_level, enum log_format */
    int64_t database_pooler;       /* enum database_pooler */

    setting_source source[SETTINGS];
    int line[SETTINGS]; /* of the config file, FROM_FILE only */
    slice file;         /* the config file's name; absent: none was read */
} settings;

/* The row of that name; NULL when there is none. */
const setting *setting_find(slice name);

/* Every setting at its default, as far as it is known. ERR_NO_MEMORY. */
MUST_CHECK err settings_init(settings *s, arena *a);

/* Set one. ERR_BAD_REQUEST: the value does not fit; *why names the setting and what is asked for.
 * ERR_NO_MEMORY. */
MUST_CHECK err setting_set(settings *s, const setting *row, slice value, setting_source from,
                           arena *a, slice *why);

/* Set what a config file says: lines `name = value`, empty lines, and comments: a `#` at the start
 * of a line or behind white space, to the line's end. A name without a value counts as not set.
 * `file` names it in *why ("FILE:LINE: ..."). A pure function of its arguments, for any bytes.
 *
 * ERR_BAD_REQUEST  an unknown name, a value that does not fit, a name twice, a line of another
 *                  form; some settings may have been set before it was found
 * ERR_NO_MEMORY */
MUST_CHECK err settings_parse_file_text(settings *s, slice file, slice text, arena *a, slice *why);

/* The same from a file on disk. ERR_BAD_REQUEST also when it cannot be read. */
MUST_CHECK err settings_read_file(settings *s, slice path, arena *a, slice *why);

/* Set what the process's variables say; an empty one counts as not set. As setting_set. */
MUST_CHECK err settings_read_environment(settings *s, arena *a, slice *why);

/* RECALLD_NAME_OF_IT into `to`; returns its length. */
enum { SETTING_VARIABLE = 64 };
size_t setting_variable(const char *name, char to[SETTING_VARIABLE]);

/* After the last source: the defaults that depend on the machine and on other settings, and what
 * must hold between settings. ERR_BAD_REQUEST with *why; ERR_NO_MEMORY. */
MUST_CHECK err settings_finish(settings *s, arena *a, slice *why);

/* What is in force and where each came from, in the form of a config file. */
void settings_print(const settings *s, buf *b);

/* The URL of a database without the passwords in it. */
void settings_put_url(buf *b, slice url);

/* A config file with every setting, commented out, at its default. */
void settings_example(buf *b);

/* The flags with their meanings, defaults and bounds; `all`, or those of every command. */
void settings_help(buf *b, bool all);

#endif
