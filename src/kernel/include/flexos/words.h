#pragma once

#include <string.h>

#include "flexos/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The image's arguments, cut into words in one place: at blanks, but for those in quotes ('...' or
/// "..."; a quote of one kind in those of the other). An empty pair of quotes is an empty word.
/// `flexos-explore run` writes them so that its own words arrive as they are.

/// Cuts the next word out of *at, in place, and moves *at behind it; 0: there is none.
static inline int flexos_word(char** at, char** word) {
  char* from = *at + strspn(*at, " ");
  if (*from == 0) return 0;
  *word = from;
  char* to = from;  // never ahead of `from`: quotes are left out
  char quote = 0;
  for (; *from != 0 && (quote != 0 || *from != ' '); from++) {
    if (quote == 0 && (*from == '\'' || *from == '"')) {
      quote = *from;
    } else if (quote != 0 && *from == quote) {
      quote = 0;
    } else {
      *to++ = *from;
    }
  }
  *at = *from == 0 ? from : from + 1;
  *to = 0;
  return 1;
}

static inline int flexos_is_network(const char* word) { return strncmp(word, "net=", 4) == 0; }

/// The words of `text` as a program's main takes them, without `net=...`, which is the network
/// stack's. How many; -1: more than `most`.
static inline int flexos_words(char* text, char** words, int most) {
  int count = 0;
  char* word = text;
  while (flexos_word(&text, &word) != 0) {
    if (flexos_is_network(word) != 0) continue;
    if (count == most) return -1;
    words[count++] = word;
  }
  return count;
}

/// The image's arguments through a buffer of `size` bytes, which must outlive the words. -1: they
/// do not fit, and cutting them short would start another program.
static inline int flexos_arguments(char* text, int size, char** words, int most) {
  const int64_t n = platform_arguments(text, (size_t)size - 1);
  if (n < 0 || n > size - 1) return n < 0 ? 0 : -1;
  text[n] = 0;
  return flexos_words(text, words, most);
}

#ifdef __cplusplus
}
#endif
