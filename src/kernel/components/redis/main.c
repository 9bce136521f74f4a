// Starts Redis: the image's arguments are redis-server's, behind what an image needs in place of
// redis.conf. Redis reads options in order, so what the image is started with has the last word.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flexos/words.h"

int main(int argc, char** argv);

enum { TEXT = 4096, WORDS = 128 };

// Redis writes its title over its arguments, and takes them to lie one behind the other.
static char text[TEXT];
static char* words[WORDS + 1];
static char* no_environment[] = {0};

/// No snapshots by themselves, for those are a second process's work; and clients are never on this
/// machine, so whoever reaches the port is served.
static const char defaults[] =
    "redis-server --bind 0.0.0.0 --protected-mode no --save '' --daemonize no --dir / ";

int redis_main(void) {
  const int before = sizeof defaults - 1;
  memcpy(text, defaults, before);
  const int own = flexos_words(text, words, WORDS);
  const int count = flexos_arguments(text + before, TEXT - before, words + own, WORDS - own);
  if (count < 0) {
    puts("redis: more arguments than an image takes");
    return 2;
  }
  environ = no_environment;
  return main(own + count, words);
}
