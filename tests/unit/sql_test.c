/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/sql_test.c -- every statement of the store: it can be prepared, it is of the dialect that
 * SQLite and PostgreSQL share, and on a request's path it never reads a whole table. */
#include "scratch.h"
#include "store/counts.h"
#include "store/episodes.h"
#include "store/graphs.h"
#include "store/groups.h"
#include "store/jobs.h"
#include "store/postings.h"
#include "store/projects.h"
#include "store/sessions.h"
#include "store/users.h"

#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const db_sql_table *const families[] = {
    &counts_sql,   &episodes_sql, &graphs_sql,   &groups_sql, &jobs_sql,
    &postings_sql, &projects_sql, &sessions_sql, &users_sql,
};

/* ---- the list above is whole ---- */

static bool listed(const char *name, size_t n)
{
    for (size_t i = 0; i < COUNT(families); i++)
        if (slice_is((slice){name, n}, families[i]->family))
            return true;
    return false;
}

/* Every `extern const db_sql_table NAME_sql;` of a header. */
static int check_header(const char *path)
{
    static const char mark[] = "extern const db_sql_table ";
    char line[300];
    FILE *f = fopen(path, "r");
    int found = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        const char *at = strstr(line, mark), *end = at ? strstr(at, "_sql;") : NULL;
        if (!end)
            continue;
        at += strlen(mark);
        if (!listed(at, (size_t)(end - at)))
            fail_msg("%s: %.*s_sql is not tested here", path, (int)(end - at), at);
        found++;
    }
    fclose(f);
    return found;
}

static void every_family_is_listed(void **state)
{
    static const char *const dirs[] = {"src/store", "src/memory", "src/search", "src/api"};
    char path[300];
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(dirs); i++) {
        DIR *d = opendir(dirs[i]);
        const struct dirent *one;
        if (!d)
            skip(); /* not run from the project's directory */
        while ((one = readdir(d))) {
            size_t n = strlen(one->d_name);
            if (n < 2 || strcmp(one->d_name + n - 2, ".h") != 0)
                continue;
            snprintf(path, sizeof(path), "%s/%s", dirs[i], one->d_name);
            found += (size_t)check_header(path);
        }
        closedir(d);
    }
    assert_int_equal(found, COUNT(families));
}

/* ---- each of them ---- */

typedef void (*per_statement)(sqlite3 *c, const char *family, size_t at, const char *text);

static void each(void **state, per_statement look)
{
    scratch *s = *state;
    sqlite3 *c = NULL;

    assert_int_equal(sqlite3_open_v2(s->path, &c, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (size_t i = 0; i < COUNT(families); i++) {
        assert_true(families[i]->n > 0);
        for (size_t k = 0; k < families[i]->n; k++) {
            if (!families[i]->sql[k].text)
                fail_msg("%s[%zu] has no text", families[i]->family, k);
            look(c, families[i]->family, k, families[i]->sql[k].text);
        }
    }
    sqlite3_close(c);
}

static void prepare(sqlite3 *c, const char *family, size_t at, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;

    if (sqlite3_prepare_v3(c, text, -1, 0, &stmt, &tail) != SQLITE_OK)
        fail_msg("%s[%zu]: %s: %s", family, at, sqlite3_errmsg(c), text);
    if (!stmt || *tail)
        fail_msg("%s[%zu] is not one statement: %s", family, at, text);
    sqlite3_finalize(stmt);
}

static void every_statement_can_be_prepared(void **state)
{
    each(state, prepare);
}

/* ---- the dialect ---- */

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* `word` in any case, as a word of its own. */
static const char *find_word(const char *text, const char *word)
{
    for (const char *at = strcasestr(text, word); at; at = strcasestr(at + 1, word))
        if ((at == text || !is_name(at[-1])) && !is_name(at[strlen(word)]))
            return at;
    return NULL;
}

/* Whether the call whose '(' is at `open` has a comma of its own. */
static bool has_two_arguments(const char *open)
{
    int depth = 0;

    for (const char *at = open; *at; at++) {
        depth += (*at == '(') - (*at == ')');
        if (depth == 0)
            return false;
        if (depth == 1 && *at == ',')
            return true;
    }
    return false;
}

static const char *two_arguments(const char *text, const char *function)
{
    size_t n = strlen(function);

    for (const char *at = find_word(text, function); at; at = find_word(at + n, function))
        if (at[n] == '(' && has_two_arguments(at + n))
            return at;
    return NULL;
}

/* A parameter that is a whole SELECT column or one side of arithmetic has no type on PostgreSQL. */
static const char *bare_parameter(const char *text)
{
    for (const char *at = strchr(text, '?'); at; at = strchr(at + 1, '?')) {
        const char *before = at;
        while (before > text && before[-1] == ' ')
            before--;
        if (before > text && strchr("+-*/", before[-1]))
            return at;
        if (before - text >= 6 && strncasecmp(before - 6, "SELECT", 6) == 0)
            return at;
    }
    return NULL;
}

/* What SQLite says and PostgreSQL does not, or says otherwise. */
static const char *const foreign_words[] = {
    "LIKE",      "GLOB",       "BOOLEAN",  "TRUE",          "FALSE",
    "REPLACE",   "IFNULL",     "IIF",      "ROWID",         "AUTOINCREMENT",
    "PRAGMA",    "STRFTIME",   "DATETIME", "UNIXEPOCH",     "GROUP_CONCAT",
    "JULIANDAY", "RANDOMBLOB", "ZEROBLOB", "TOTAL_CHANGES", "LAST_INSERT_ROWID",
    "INSTR",     "HEX",        "TYPEOF",   "INDEXED",       "ATTACH",
    "VACUUM",    "ISNULL",     "NOTNULL",  "REGEXP",        "MATCH",
};
static const char *const foreign_signs[] = {
    "||", "==", "`", "\"", "[", "!=", "--", "/*", ":", "@", "$"};

static void check_dialect(sqlite3 *c, const char *family, size_t at, const char *text)
{
    (void)c;
    for (size_t i = 0; i < COUNT(foreign_words); i++)
        if (find_word(text, foreign_words[i]))
            fail_msg("%s[%zu] says %s: %s", family, at, foreign_words[i], text);
    for (size_t i = 0; i < COUNT(foreign_signs); i++)
        if (strstr(text, foreign_signs[i]))
            fail_msg("%s[%zu] says %s: %s", family, at, foreign_signs[i], text);
    if (two_arguments(text, "max") || two_arguments(text, "min"))
        fail_msg("%s[%zu] has a max or min of two: %s", family, at, text);
    if (bare_parameter(text))
        fail_msg("%s[%zu] has a parameter without a type: %s", family, at, text);
    const char *sum = find_word(text, "SUM");
    if (sum && !(sum - text >= 5 && strncmp(sum - 5, "CAST(", 5) == 0) &&
        !(sum - text >= 14 && strncmp(sum - 14, "CAST(COALESCE(", 14) == 0))
        fail_msg("%s[%zu] has a sum that is not cast: %s", family, at, text);
}

static void every_statement_is_of_the_common_dialect(void **state)
{
    each(state, check_dialect);
}

static void parameters_are_numbered_without_holes(sqlite3 *c, const char *family, size_t at,
                                                  const char *text)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v3(c, text, -1, 0, &stmt, NULL), SQLITE_OK);
    for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
        char name[12];
        snprintf(name, sizeof(name), "?%d", i);
        if (!strstr(text, name))
            fail_msg("%s[%zu] has no %s: %s", family, at, name, text);
    }
    for (const char *mark = strchr(text, '?'); mark; mark = strchr(mark + 1, '?'))
        if (!isdigit((unsigned char)mark[1]))
            fail_msg("%s[%zu] has a parameter without a number: %s", family, at, text);
    sqlite3_finalize(stmt);
}

static void every_parameter_has_its_number(void **state)
{
    each(state, parameters_are_numbered_without_holes);
}

/* One SQL: what PostgreSQL is told instead stands beside it, with its reason, and is rare. */
static void exceptions_are_counted(void **state)
{
    enum { EXCEPTIONS = 3 }; /* counters by slots and sequences, up and down; a project's lock */
    int found = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(families); i++)
        for (size_t k = 0; k < families[i]->n; k++)
            found += families[i]->sql[k].postgres != NULL;
    assert_int_equal(found, EXCEPTIONS);
}

/* The checks of this file would find something. */
static void the_checks_can_fail(void **state)
{
    (void)state;
    assert_non_null(two_arguments("SELECT max(a, 1)", "max"));
    assert_null(two_arguments("SELECT MAX(f(a, 1)), b", "max"));
    assert_non_null(find_word("a like b", "LIKE"));
    assert_null(find_word("a unlike b likes", "LIKE"));
    assert_non_null(bare_parameter("SET n = n + ?1"));
    assert_non_null(bare_parameter("SELECT ?1"));
    assert_null(bare_parameter("SET n = n + CAST(?1 AS BIGINT) WHERE a = ?2"));
}

/* ---- the migrations ---- */

static char *read_whole(const char *path)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "r");

    if (!f)
        return NULL;
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* Every column of text that is an id, every number, every key: DESIGN section 4. */
static void the_schema_is_of_the_common_dialect(void **state)
{
    static const char *const foreign[] = {"INTEGER",   "INT",      "BOOLEAN",      "BLOB",
                                          "REAL",      "DATETIME", "VARCHAR",      "SERIAL",
                                          "TIMESTAMP", "ROWID",    "AUTOINCREMENT"};
    char *text = read_whole("src/db/schema/0001_begin.sql");

    (void)state;
    if (!text)
        skip();
    for (char *at = strstr(text, "--"); at; at = strstr(at, "--")) /* comments are English */
        while (*at && *at != '\n')
            *at++ = ' ';
    for (size_t i = 0; i < COUNT(foreign); i++)
        if (find_word(text, foreign[i]))
            fail_msg("the schema says %s", foreign[i]);
    for (char *at = strstr(text, "_id"); at; at = strstr(at + 1, "_id")) {
        const char *end = strchr(at, '\n');
        if (strncmp(at, "_id TEXT", 8) != 0 && strncmp(at, "_id  ", 5) != 0)
            continue; /* in a key, or in a name */
        if (!memmem(at, (size_t)(end - at), "COLLATE \"C\"", 11))
            fail_msg("an id without COLLATE \"C\": %.*s", (int)(end - at), at);
    }
}

/* ---- plans ---- */

/* Statements that may read whole tables, and why. */
static const struct {
    const char *begins;
    const char *why;
} may_scan[] = {
    {"SELECT COUNT(*) FROM (SELECT graph FROM episodes", "a check: rows without a graph"},
    {"SELECT COUNT(*) FROM graphs", "a check: how many there are, for its progress"},
    {"SELECT k.hash, p.name, k.created_at FROM api_keys", "a command: keys list, of all projects"},
    {"SELECT p.project, p.name, p.description, p.created_at, (SELECT COUNT(*)",
     "a command: projects list; and the first start"},
};

static bool excused(const char *text)
{
    for (size_t i = 0; i < COUNT(may_scan); i++)
        if (strncmp(text, may_scan[i].begins, strlen(may_scan[i].begins)) == 0)
            return true;
    return false;
}

/* A page's keys are taken first, from an index alone, and then joined and put in order once more: they
 * are scanned and sorted, and no other rows. */
static bool joins_a_page(const char *text)
{
    return strstr(text, "LIMIT ?2 OFFSET ?3) p CROSS JOIN");
}

static bool fetches_rows(const char *step)
{
    return strncmp(step, "SEARCH", 6) == 0 && !strstr(step, "USING COVERING INDEX") &&
           !strstr(step, "USING PRIMARY KEY");
}

static void check_plan(sqlite3 *c, const char *family, size_t at, const char *text)
{
    char asked[4000];
    sqlite3_stmt *stmt = NULL;
    bool page = joins_a_page(text);
    int sorted = 0;

    snprintf(asked, sizeof(asked), "EXPLAIN QUERY PLAN %s", text);
    assert_int_equal(sqlite3_prepare_v2(c, asked, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);
        bool whole = strncmp(step, "SCAN ", 5) == 0 && !strstr(step, "CONSTANT ROW");
        bool sorts = strstr(step, "USE TEMP B-TREE") != NULL;
        if (page && strcmp(step, "SCAN p") == 0)
            whole = false;
        if (page && fetches_rows(step))
            fail_msg("%s[%zu] fetches what it skips: %s: %s", family, at, step, text);
        if (page && sorts)
            sorts = ++sorted > 1;
        if ((whole || sorts) && !excused(text))
            fail_msg("%s[%zu]: %s: %s", family, at, step, text);
    }
    sqlite3_finalize(stmt);
}

static void no_statement_reads_a_whole_table_or_sorts(void **state)
{
    each(state, check_plan);
}

/* A plan may begin with a column that only one value is asked for of, and yet read all the rest of
 * it: what is skipped is told by which columns the index is asked with. */
static void owners_come_first_in_every_plan(void **state)
{
    static const char *const keys[] = {"graph",   "project", "t.graph",   "hash",
                                       "version", "rowid=",  "(subquery", "name"};
    scratch *s = *state;
    sqlite3 *c = NULL;
    sqlite3_stmt *stmt = NULL;
    char asked[4000];

    assert_int_equal(sqlite3_open_v2(s->path, &c, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (size_t i = 0; i < COUNT(families); i++) {
        for (size_t k = 0; k < families[i]->n; k++) {
            const char *text = families[i]->sql[k].text;
            snprintf(asked, sizeof(asked), "EXPLAIN QUERY PLAN %s", text);
            assert_int_equal(sqlite3_prepare_v2(c, asked, -1, &stmt, NULL), SQLITE_OK);
            while (sqlite3_step(stmt) == SQLITE_ROW) {
                const char *step = (const char *)sqlite3_column_text(stmt, 3);
                const char *by = strstr(step, " (");
                bool owned = !by || strncmp(step, "SEARCH", 6) != 0;
                for (size_t n = 0; !owned && n < COUNT(keys); n++)
                    owned = strncmp(by + 2, keys[n], strlen(keys[n])) == 0;
                if (!owned && !excused(text))
                    fail_msg("%s[%zu]: %s: %s", families[i]->family, k, step, text);
            }
            sqlite3_finalize(stmt);
        }
    }
    sqlite3_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_is_listed),
        cmocka_unit_test(every_statement_can_be_prepared),
        cmocka_unit_test(every_statement_is_of_the_common_dialect),
        cmocka_unit_test(every_parameter_has_its_number),
        cmocka_unit_test(exceptions_are_counted),
        cmocka_unit_test(the_checks_can_fail),
        cmocka_unit_test(the_schema_is_of_the_common_dialect),
        cmocka_unit_test(no_statement_reads_a_whole_table_or_sorts),
        cmocka_unit_test(owners_come_first_in_every_plan),
    };

    return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
