/* SPDX-License-Identifier: Apache-2.0
 *
 * base/banned.h -- functions that cannot be used safely become compile errors; the build includes
 * this before every file. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof gets
#pragma GCC poison gmtime localtime ctime asctime strncpy strncat

#endif
