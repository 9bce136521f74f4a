#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/elf.h"
#include "codegen/manifest.h"

/// A fault line of the platform, made readable: who did it, where, to what, and which boundary of
/// the configuration stood in the way.
namespace flexos {

/// FLEXOS FAULT kind=pkey rip=0x.. address=0x.. access=w pkru=0x.. rsp=0x..
struct Fault {
  std::string kind;
  std::uint64_t rip = 0;
  std::uint64_t address = 0;  ///< where access is '-': a number that belongs to the kind
  char access = '-';          ///< r, w, x; '-': no access to memory
  std::uint32_t pkru = 0;
  std::uint64_t rsp = 0;
};
/// nullopt: not such a line, to the letter.
std::optional<Fault> parse_fault(std::string_view line);

/// Where kcfi stops a call: its traps are undefined instructions like any other, and the section
/// `.kcfi_traps` knows which. Sorted.
using CfiTraps = std::vector<std::uint64_t>;
CfiTraps cfi_traps(const Elf& elf);
/// Is it an undefined instruction to the platform, and a call of the wrong type in truth?
bool is_cfi_trap(const CfiTraps& traps, const Fault& fault);

/// "file.c:12" of an address of code; empty where nobody knows. What run puts in asks a symbolizer.
using SourceLines = std::function<std::string(std::uint64_t)>;

struct FaultReport {
  Fault fault;
  std::string headline;  ///< one sentence
  std::string component;
  int compartment = 0;             ///< whose rights it ran with; 0: nobody's
  std::string function;            ///< "vfs_write+0x12"
  std::string source;              ///< "vfs.cc:80"
  std::string target;              ///< what the address belongs to
  int target_compartment = 0;      ///< 0: nobody's
  std::string edge;                ///< the boundary that was violated; empty: none
  std::vector<std::string> gates;  ///< the legal ways across it
  std::string rights;              ///< PKRU in words
  std::string advice;
};

/// `line` must be one that parse_fault takes; nullopt otherwise. A pure function: `lines` is the
/// only thing it asks.
std::optional<FaultReport> explain_fault(std::string_view line, const Manifest* manifest,
                                         const Elf& elf, const SourceLines& lines = {});

std::string to_text(const FaultReport& report);
nlohmann::ordered_json to_json(const FaultReport& report);

}  // namespace flexos
