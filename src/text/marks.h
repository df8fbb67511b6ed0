/* SPDX-License-Identifier: Apache-2.0
 *
 * text/marks.h -- four bits on a turn that say how likely it is to hold an answer: does somebody
 * speak of themselves, does it only ask, does it say when.
 *
 * Computed at write, of the content alone (not of the speaker's name), and kept in the index. The
 * words are English; of any other language only the question mark is seen. */
#ifndef TEXT_MARKS_H
#define TEXT_MARKS_H

#include "base/slice.h"

#include <stdint.h>

enum {
    TEXT_MARK_FIRST = 0x03, /* how many of i, my, me, we, our it has, at most 3 */
    TEXT_MARK_ASKS = 0x04,  /* ends with a question mark, spaces aside */
    TEXT_MARK_TIME = 0x08,  /* has a word of time: yesterday, last, weekend, June, 2031, ... */
    TEXT_MARKS = 0x0F,      /* no other bit is ever set */
};

uint8_t text_marks(slice content);

#endif
