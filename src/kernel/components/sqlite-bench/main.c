// The SQLite benchmark of the FlexOS paper: N INSERTs (5,000 unless the image's arguments say
// otherwise), each a transaction of its own, into a database file. Prints the time and a checksum
// of what the database holds afterwards. With the argument `latency` it also takes the time of each
// INSERT, which costs two readings of the clock and makes the sum a little larger.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flexos/measure.h"
#include "flexos/platform.h"
#include "sqlite3.h"

static const char kFile[] = "/bench.db";

/// Times of single INSERTs; of more than fit, evenly chosen ones.
enum { kMostTimes = 8192 };
static long long times[kMostTimes];

static int fail(const char* what, int code) {
  printf("sqlite-bench: %s: error %d\n", what, code);
  return 1;
}

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/// The first number among the arguments; whether they ask for latencies.
static long inserts(int* latency) {
  char text[256];
  int64_t n = platform_arguments(text, sizeof text - 1);
  if (n > (int64_t)sizeof text - 1) n = (int64_t)sizeof text - 1;
  if (n < 0) n = 0;
  text[n] = 0;
  *latency = strstr(text, "latency") != 0;
  const char* digits = text + strcspn(text, "0123456789");
  const long wanted = strtol(digits, 0, 10);
  return wanted > 0 ? wanted : 5000;
}

/// Values that look random and are the same everywhere.
static unsigned next(unsigned* state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 8;
}

/// `stride`: the time of each so many-th is taken; 0: of none.
static int insert_all(sqlite3* db, long count, long stride) {
  unsigned state = 1;
  for (long i = 1; i <= count; ++i) {
    char sql[160];
    const unsigned value = next(&state);
    snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%ld, %u, 'row %ld of the table, %u')", i, value,
             i, next(&state));
    const int timed = stride != 0 && (i - 1) % stride == 0;
    const long long start = timed ? nanoseconds() : 0;
    const int error = sqlite3_exec(db, sql, 0, 0, 0);
    if (timed) times[(i - 1) / stride] = nanoseconds() - start;
    if (error != SQLITE_OK) return error;
  }
  return SQLITE_OK;
}

typedef struct {
  long long rows, checksum;
  int calls;
} Summary;

static int take_summary(void* argument, int columns, char** values, char** names) {
  Summary* summary = argument;
  if (++summary->calls != 1 || columns != 2 || strcmp(names[0], "n") != 0) return 1;
  summary->rows = strtol(values[0], 0, 10);
  summary->checksum = strtol(values[1], 0, 10);
  return 0;
}

/// Rows, and a sum over all that they hold.
static int read_back(sqlite3* db, Summary* summary) {
  static const char kSql[] =
      "SELECT count(*) AS n, sum(a * 31 + b * 17 + length(c) + unicode(substr(c, -1))) FROM t";
  return sqlite3_exec(db, kSql, take_summary, summary, 0);
}

static int by_size(const void* a, const void* b) {
  const long long x = *(const long long*)a;
  const long long y = *(const long long*)b;
  return (x > y) - (x < y);
}

/// The least time that so many of a thousand do not exceed.
static long long percentile(long taken, long thousandths) {
  const long rank = (taken * thousandths + 999) / 1000;
  return times[rank > 0 ? rank - 1 : 0];
}

static void print_latencies(long taken) {
  qsort(times, (size_t)taken, sizeof *times, by_size);
  printf("latency_p50 %lld\nlatency_p90 %lld\nlatency_p99 %lld\n", percentile(taken, 500),
         percentile(taken, 900), percentile(taken, 990));
  printf("latency_p999 %lld\nlatency_max %lld\n", percentile(taken, 999), times[taken - 1]);
}

static int bench(void) {
  int latency = 0;
  const long count = inserts(&latency);
  const long stride = latency ? (count + kMostTimes - 1) / kMostTimes : 0;
  sqlite3* db = 0;
  int error = sqlite3_open(kFile, &db);
  if (error != SQLITE_OK) return fail("open", error);
  error = sqlite3_exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER, c TEXT)", 0, 0, 0);
  if (error != SQLITE_OK) return fail("create", error);

  FLEXOS_MEASURE(1);
  const long long start = nanoseconds();
  error = insert_all(db, count, stride);
  const long long taken = nanoseconds() - start;
  FLEXOS_MEASURE(0);
  if (error != SQLITE_OK) return fail("insert", error);

  Summary summary = {0, 0, 0};
  error = read_back(db, &summary);
  if (error != SQLITE_OK) return fail("select", error);
  error = sqlite3_close(db);
  if (error != SQLITE_OK) return fail("close", error);
  unlink(kFile);
  printf("inserts %ld\nseconds %lld.%09lld\nrows %lld\nchecksum %lld\n", count, taken / 1000000000,
         taken % 1000000000, summary.rows, summary.checksum);
  if (stride != 0) print_latencies((count + stride - 1) / stride);
  return summary.rows == count ? 0 : 1;
}

int sqlite_bench_main(void) {
  const int code = bench();
  fflush(stdout);
  return code;
}
