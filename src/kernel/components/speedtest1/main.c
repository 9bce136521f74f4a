// SQLite's own speedtest1, from SQLite's sources. Its command line is the image's arguments;
// `--verify` adds a hash over all results, which must be that of the same program anywhere else.
// It tells its times to the millisecond; the last line tells the whole of it to the nanosecond.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "flexos/words.h"

#define main speedtest1_program
#include "speedtest1.c"
#undef main

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int speedtest1_main(void) {
  enum { kMostWords = 32 };
  static char text[512];
  static char* words[kMostWords + 2] = {(char*)"speedtest1"};
  int count = 1 + flexos_arguments(text, sizeof text, words + 1, kMostWords);
  if (count == 0) {
    puts("speedtest1: more arguments than an image takes");
    return 2;
  }
  if (count == 1) words[count++] = (char*)":memory:";
  const long long start = nanoseconds();
  const int code = speedtest1_program(count, words);
  const long long taken = nanoseconds() - start;
  printf("seconds %lld.%09lld\n", taken / 1000000000, taken % 1000000000);
  fflush(stdout);
  return code;
}
