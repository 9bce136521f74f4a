// Starts an iperf server: the image's arguments are iperf's, behind its `-s`. `-P 1` makes it end
// after one client.
#include <stdio.h>
#include <time.h>

#include "flexos/words.h"

// iperf's, in C++: without a hosted environment a function like any other.
int main(int argc, char** argv);

namespace {

constexpr int kText = 1024;
constexpr int kWords = 64;

char text[kText];
char name[] = "iperf";
char server[] = "-s";
char* words[kWords + 1] = {name, server};

/// What the server has worked so far, waiting left out: who measures takes the difference.
void say_processor_time() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  printf("processor-seconds: %lld.%09ld\n", static_cast<long long>(t.tv_sec), t.tv_nsec);
  fflush(stdout);
}

}  // namespace

extern "C" int iperf_main() {
  const int count = flexos_arguments(text, kText, words + 2, kWords - 2);
  if (count < 0) {
    puts("iperf: more arguments than an image takes");
    return 2;
  }
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // reports go out as they come, as on a terminal
  say_processor_time();
  const int code = main(2 + count, words);
  say_processor_time();
  return code;
}
