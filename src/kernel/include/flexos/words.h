#pragma once

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Cuts `text` at its blanks into at most `most` words, as a program's main takes them; returns how
/// many. Quotes ('...', "...") keep a word together, and an empty pair is an empty word. `net=...`
/// is the network stack's and left out.
static inline int flexos_words(char* text, char** words, int most) {
  int count = 0;
  for (char* at = text + strspn(text, " "); *at != 0 && count < most; at += strspn(at, " ")) {
    char* const word = at;
    char* to = at;  // never ahead of `at`: quotes are taken out
    char quote = 0;
    for (; *at != 0 && (quote != 0 || *at != ' '); at++) {
      if (quote != 0 ? *at == quote : *at == '\'' || *at == '"') {
        quote = quote != 0 ? 0 : *at;
      } else {
        *to++ = *at;
      }
    }
    if (*at != 0) at++;
    *to = 0;
    if (strncmp(word, "net=", 4) != 0) words[count++] = word;
  }
  return count;
}

#ifdef __cplusplus
}
#endif
