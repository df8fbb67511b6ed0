# SPDX-License-Identifier: Apache-2.0
"""Sentences whose words are distributed as in a language: a few dozen function words of English, then words made of
syllables, the rarer the longer, with frequencies after Zipf and Mandelbrot. The same seed gives the same text."""
import itertools
import random

FUNCTION_WORDS = """the to and i a of you it that in is my for was we on have with me but so are this be at not they
    what he she do just about all when if your from had or as there like can an would how then were them out up our
    did been who will""".split()
ONSETS = "b br c d f g h j k l m n p pr r s sh st t v w".split()
VOWELS = "a e i o u a e i o u ea oo".split()
CODAS = ["", "", "", "n", "r", "l", "s", "t", "nd"]
VOCABULARY = 30_000
FLATTENING, EXPONENT = 2.7, 1.1  # Mandelbrot's and Zipf's
POOL = 40_000


class Corpus:
    """`sentence()` gives one of a pool of sentences of 20 words, some 150 bytes; `question()` some eight words."""

    def __init__(self, seed: int = 1):
        self.random = random.Random(seed)
        self.words = self._vocabulary()
        self.weights = list(itertools.accumulate((rank + FLATTENING) ** -EXPONENT for rank in range(1, VOCABULARY + 1)))
        self.pool = [self.text(20) + self.random.choice("....?!") for _ in range(POOL)]

    def text(self, words: int) -> str:
        return " ".join(self.random.choices(self.words, cum_weights=self.weights, k=words)).capitalize()

    def sentence(self) -> str:
        return self.random.choice(self.pool)

    def question(self) -> str:
        return self.text(self.random.randint(6, 10)) + "?"

    def mean_bytes(self) -> float:
        return sum(map(len, self.pool)) / len(self.pool)

    def _vocabulary(self) -> list:
        words = dict.fromkeys(FUNCTION_WORDS)
        while len(words) < VOCABULARY:
            syllables = self.random.choice((2, 3, 3) if len(words) < 2000 else (3, 3, 4))
            words["".join(self._syllable() for _ in range(syllables))] = None
        return list(words)

    def _syllable(self) -> str:
        pick = self.random.choice
        return pick(ONSETS) + pick(VOWELS) + pick(CODAS)
