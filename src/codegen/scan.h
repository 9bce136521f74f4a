#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/elf.h"
#include "codegen/manifest.h"

/// Proves of a finished image that no component can change its own rights: that none of the few
/// instructions which could stands anywhere but in gates and platform. x86 instructions have no
/// alignment: a jump into the middle of one starts another. So every byte offset of everything that
/// is executable counts, not only the instructions that the compiler meant.
///
/// What is looked for, by its core (opcode without prefixes; whoever has a prefixed one has this):
///
///     wrpkru       0F 01 EF            new rights for the protection keys
///     xrstor       0F AE /5 memory     the same, out of a buffer; 0F AE E8 is lfence
///     xrstors      0F C7 /3 memory     only where somebody meant it: the processor refuses it to
///                                      ring 3, and a lea to an address that ends in C7 0F holds it
///     wrfsbase     F3 0F AE /2 register
///     wrgsbase     F3 0F AE /3 register
///     syscall      0F 05
///     sysenter     0F 34
///     int 0x80     CD 80               Linux's other way in
///     int n        CD xx               only where it is an instruction that somebody meant: the
///                                      processor refuses all of these to ring 3, and every 256th
///                                      byte of any program is a CD
///
/// Privileged instructions are not looked for: ring 3 cannot execute them.
///
/// Nothing but this scan stands between a component and a hidden wrpkru, xrstor or wr*sbase: one is
/// one too many. A hidden way into the kernel is another matter. Every megabyte of compiled code
/// has a few (`or r13d, -128` holds a CD 80, an address may hold a 0F 05), and the platform refuses
/// them by the address of the instruction whatever they ask for: the nucleus takes system calls
/// from
/// `.platform.text` alone and has no gate for `int`, Linux's seccomp filter compares the same
/// addresses. These are *fenced*: reported, and an error where the user wants none (--strict). One
/// that is an instruction of its own was meant, and is forbidden.
namespace flexos {

enum class Sequence : std::uint8_t {
  wrpkru,
  xrstor,
  xrstors,
  wrfsbase,
  wrgsbase,
  syscall,
  sysenter,
  int80,
  interrupt,
};
std::string_view name(Sequence sequence);

enum class Verdict : std::uint8_t {
  allowed,     ///< in its place, as a whole instruction
  supervisor,  ///< in ring 0's own text, which ring 3 cannot reach
  fenced,      ///< a way into the kernel, hidden inside other instructions: see above
  forbidden,
};
std::string_view name(Verdict verdict);

struct Finding {
  std::uint64_t address = 0;  ///< of the core
  Sequence sequence{};
  Verdict verdict = Verdict::forbidden;
  bool whole = false;     ///< an instruction of its own; else hidden inside others
  std::string section;    ///< empty: in no section (padding between segments)
  std::string symbol;     ///< "name+0x12"
  std::string component;  ///< empty: unknown
  int compartment = 0;    ///< 0: nobody's
  std::vector<std::uint8_t> bytes;
  std::string inside;  ///< the instructions that hide it, disassembled
};

struct Scan {
  std::vector<Finding> findings;      ///< by address
  std::vector<std::string> problems;  ///< of the file's structure, each a sentence
  std::uint64_t bytes = 0;            ///< executable ones
  bool clean() const;                 ///< no problem, nothing forbidden
  bool strictly_clean() const;        ///< besides, nothing fenced
};

enum class Method : std::uint8_t {
  filtered,    ///< decodes where the first bytes can be one of the above
  everything,  ///< decodes at every offset: the same answer, slower; tests compare the two
};

/// `manifest` names components; null where there is none.
Scan scan_image(const Elf& elf, const Manifest* manifest, Method method = Method::filtered);

/// The component of an address: as the manifest places it, else as its symbol is named
/// ("def.vfs.read" is of vfs). Empty where neither knows.
struct Owner {
  std::string component;
  int compartment = 0;
};
Owner owner_of(const Manifest* manifest, const SymbolIndex& symbols, std::uint64_t address);

}  // namespace flexos
