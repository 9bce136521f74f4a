#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/result.h"

/// Reads ELF64 files for x86-64: finished images and relocatable objects. A file is hostile until
/// it is read: whatever it says is checked against its size, and what does not hold is an error.
namespace flexos {

struct ElfSection {
  std::string name;
  std::uint32_t type = 0;
  std::uint64_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;
  std::uint32_t info = 0;
  std::uint64_t alignment = 0;
  std::uint64_t entry_size = 0;

  bool allocated() const { return (flags & 2) != 0; }   // SHF_ALLOC
  bool executable() const { return (flags & 4) != 0; }  // SHF_EXECINSTR
  bool writable() const { return (flags & 1) != 0; }    // SHF_WRITE
  bool holds(std::uint64_t a) const { return a >= address && a - address < size; }
};

struct ElfSegment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;  ///< PF_X 1, PF_W 2, PF_R 4
  std::uint64_t offset = 0;
  std::uint64_t address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;

  bool loaded() const { return type == 1; }  // PT_LOAD
  bool executable() const { return (flags & 1) != 0; }
  bool writable() const { return (flags & 2) != 0; }
  bool holds(std::uint64_t a) const { return a >= address && a - address < memory_size; }
};

struct ElfSymbol {
  std::string name;
  std::uint64_t value = 0;  ///< an address; in a relocatable object an offset into its section
  std::uint64_t size = 0;
  std::uint8_t binding = 0;  ///< STB_LOCAL 0, STB_GLOBAL 1, STB_WEAK 2
  std::uint8_t type = 0;     ///< STT_OBJECT 1, STT_FUNC 2, STT_SECTION 3, STT_FILE 4
  std::uint8_t visibility = 0;
  std::uint16_t section = 0;  ///< index; 0 = undefined, 0xfff1 absolute, 0xfff2 common

  bool defined() const { return section != 0; }
  bool global() const { return binding != 0; }
  bool function() const { return type == 2; }
  bool object() const { return type == 1; }
};

struct ElfRelocation {
  std::uint32_t section = 0;  ///< index of the section that is patched
  std::uint64_t offset = 0;
  std::uint32_t type = 0;    ///< R_X86_64_*
  std::uint32_t symbol = 0;  ///< index into `symbols`
  std::int64_t addend = 0;
};

struct Elf {
  static constexpr std::uint16_t kRelocatable = 1;
  static constexpr std::uint16_t kExecutable = 2;
  static constexpr std::uint16_t kShared = 3;

  std::uint16_t type = 0;
  std::uint64_t entry = 0;
  std::vector<ElfSection> sections;  ///< [0] is the null section
  std::vector<ElfSegment> segments;
  std::vector<ElfSymbol> symbols;  ///< of .symtab, in its order; empty where it was stripped
  std::vector<ElfRelocation> relocations;
  std::vector<std::uint8_t> file;

  /// Fails on anything that is no ELF64 for x86-64 or that points outside itself.
  static Result<Elf> parse(std::vector<std::uint8_t> bytes);
  static Result<Elf> read(const std::filesystem::path& path);

  /// What the file holds of a section; empty for .bss.
  std::span<const std::uint8_t> bytes(const ElfSection& section) const;
  std::span<const std::uint8_t> bytes(const ElfSegment& segment) const;
  /// The initial bytes of memory, from a PT_LOAD; empty where the file has none there.
  std::span<const std::uint8_t> memory(std::uint64_t address, std::uint64_t size) const;

  const ElfSection* section(std::string_view name) const;
  /// The allocated section that an address of a linked image belongs to.
  const ElfSection* section_at(std::uint64_t address) const;
  const ElfSymbol* symbol(std::string_view name) const;
};

/// Finds the symbol that an address belongs to; built once, asked often.
class SymbolIndex {
 public:
  explicit SymbolIndex(const Elf& elf);

  struct Place {
    const ElfSymbol* symbol = nullptr;
    std::uint64_t offset = 0;
    bool inside = false;  ///< within the symbol's size; else merely the nearest one before
  };
  /// The innermost symbol at or before `address` in the same section; nullopt where there is none.
  std::optional<Place> at(std::uint64_t address) const;

 private:
  const Elf* elf_;
  std::vector<const ElfSymbol*> sorted_;
};

/// A C++ name as it was written; any other one as it is.
std::string readable(const std::string& symbol);

/// "symbol+0x12", or "0x1000012" where no symbol is near.
std::string symbol_text(const SymbolIndex& symbols, std::uint64_t address);

}  // namespace flexos
