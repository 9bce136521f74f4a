#pragma once

#include <stddef.h>
#include <stdint.h>

/// Functions that call back, one for each thing that a callback has to carry; `walk-app` calls
/// them.
#ifdef __cplusplus
extern "C" {
#endif

/// visit(mine, i, "item I") for each i below n; the sum of what it returns. Null: -1.
int64_t walk_items(int64_t (*visit)(void* mine, int64_t i, const char* text), void* mine,
                   int64_t n);

/// Has a buffer of n bytes filled; their sum, or what `fill` returned if that is not 0.
int64_t walk_fill(int (*fill)(void* mine, unsigned char* buffer, size_t n), void* mine, size_t n);

/// Rows of three columns, as SQLite hands them over: text, or null. Stops where `row` is not 0.
int walk_rows(int (*row)(void* mine, int n, char** values, char** names), void* mine, int rows);

double walk_through(double (*f)(double a, double b), double a);

/// Keeps a function, to be called by walk_again.
void walk_keep(int64_t (*kept)(int64_t a));
int64_t walk_again(int64_t a);

#ifdef __cplusplus
}
#endif
