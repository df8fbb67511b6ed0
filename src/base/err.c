/* SPDX-License-Identifier: Apache-2.0
 *
 * base/err.c -- the table of errors, read three ways. */
#include "base/err.h"

#include <assert.h>

#define ERR_STATUS(name, status, text) status,
#define ERR_TEXT(name, status, text)   text,
#define ERR_NAME(name, status, text)   #name,

static const int statuses[] = {ERR_MAP(ERR_STATUS)};
static const char *const texts[] = {ERR_MAP(ERR_TEXT)};
static const char *const names[] = {ERR_MAP(ERR_NAME)};

int err_status(err e)
{
    assert(e < ERR_COUNT);
    return statuses[e];
}

const char *err_text(err e)
{
    assert(e < ERR_COUNT);
    return texts[e];
}

const char *err_name(err e)
{
    assert(e < ERR_COUNT);
    return names[e];
}
