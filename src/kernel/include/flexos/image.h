#pragma once

#include <stdint.h>

/// What the weaver tells the platform about the image it stands in: a table in constant memory
/// (symbol `flexos_image`), written by src/codegen, read by the nucleus and by the linux platform.
/// All addresses are absolute and below 2 GiB.
#ifdef __cplusplus
extern "C" {
#endif

enum { FLEXOS_READ = 1, FLEXOS_WRITE = 2, FLEXOS_EXECUTE = 4 };

/// Services of the platform, as bits of FlexosCompartment::services. Exit and fault are
/// everybody's.
enum {
  FLEXOS_SERVICE_CONSOLE = 1,
  FLEXOS_SERVICE_CLOCK = 2,
  FLEXOS_SERVICE_RANDOM = 4,
  FLEXOS_SERVICE_THREADS = 8,
  FLEXOS_SERVICE_NETWORK = 16,
};

/// Page-aligned; no two overlap. Nothing outside the regions is mapped for ring 3.
struct FlexosRegion {
  uint64_t start;
  uint64_t end;
  uint32_t key;         ///< protection key, 0..15
  uint32_t protection;  ///< FLEXOS_READ | ...; never both WRITE and EXECUTE
};

struct FlexosCompartment {
  uint32_t pkru;      ///< the rights its components run with
  uint32_t services;  ///< FLEXOS_SERVICE_*
  uint64_t* slot;     ///< in its own memory, two words a thread has of its own: the stack pointer
                      ///< that a gate enters it with, and the gate that it waits to return through.
                      ///< Compartments that share a stack have the same slot
  uint64_t stacks;    ///< lowest address of its stacks, one for each thread, of `stack_size` bytes
};

struct FlexosImage {
  uint64_t magic;  ///< FLEXOS_MAGIC
  uint32_t version;
  uint32_t compartments;  ///< numbers 1 .. compartments; entry 0 of the table is unused
  uint32_t regions;
  uint32_t threads;  ///< the most threads there can be; thread 0 is the first
  uint64_t stack_size;
  uint32_t start_compartment;
  uint32_t protection_keys;  ///< 0: the image uses none (PKRU stays 0, no wrpkru anywhere)
  void (*start)(void);       ///< first code in ring 3, on thread 0's stack of start_compartment
  const struct FlexosRegion* region;
  const struct FlexosCompartment* compartment;
};

#define FLEXOS_MAGIC 0x00736f78656c66ULL /* "flexos" */
#define FLEXOS_VERSION 1

extern const struct FlexosImage flexos_image;

#ifdef __cplusplus
}
#endif
