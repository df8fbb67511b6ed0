/* SPDX-License-Identifier: Apache-2.0
 *
 * base/utf8.h -- is it UTF-8, and how many code points; the next one. RFC 3629: no surrogates, no
 * overlong forms, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

#include <stdint.h>

/* Whether all of `s` is well-formed UTF-8 without U+0000. */
bool utf8_valid(slice s);

/* Code points in well-formed `s`. */
size_t utf8_length(slice s);

/* The code point at *at (a byte offset below s.n), and *at moved behind it; U+FFFD and one byte
 * further where the bytes are not well-formed. */
uint32_t utf8_next(slice s, size_t *at);

/* `c` as 1 to 4 bytes into `to`; returns how many. */
size_t utf8_put(char to[4], uint32_t c);

#endif
