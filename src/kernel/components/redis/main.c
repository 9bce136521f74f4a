// Starts Redis: the image's arguments are redis-server's, behind what an image needs in place of
// redis.conf. Redis reads options in order, so what the image is started with has the last word.
#include <string.h>
#include <unistd.h>

#include "flexos/platform.h"
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
  const size_t before = sizeof defaults - 1;
  memcpy(text, defaults, before);
  int64_t n = platform_arguments(text + before, TEXT - before - 1);
  if (n < 0 || n > (int64_t)(TEXT - before - 1)) n = 0;
  text[before + (size_t)n] = 0;
  environ = no_environment;
  return main(flexos_words(text, words, WORDS), words);
}
