#include "codegen/elf.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <tuple>

namespace flexos {

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::uint32_t kSymbolTable = 2;
constexpr std::uint32_t kRela = 4;
constexpr std::uint32_t kNoBits = 8;
constexpr std::uint64_t kHeaderSize = 64;
constexpr std::uint64_t kSectionHeaderSize = 64;
constexpr std::uint64_t kProgramHeaderSize = 56;
constexpr std::uint64_t kSymbolSize = 24;
constexpr std::uint64_t kRelaSize = 24;

/// Little-endian values out of a file; every read stands behind a check by `fits`.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> data) : data_(data) {}

  bool fits(std::uint64_t offset, std::uint64_t size) const {
    return offset <= data_.size() && size <= data_.size() - offset;
  }
  /// `count` entries of `size` bytes from `offset`, without overflow.
  bool fits(std::uint64_t offset, std::uint64_t count, std::uint64_t size) const {
    return count <= data_.size() / size && fits(offset, count * size);
  }

  template <typename T>
  T at(std::uint64_t offset) const {
    T value{};
    std::memcpy(&value, data_.data() + offset, sizeof value);
    return value;
  }

 private:
  std::span<const std::uint8_t> data_;
};

Error bad(std::string what) { return {.message = "not a usable ELF file: " + std::move(what)}; }

/// A string of a string table; nullopt where it does not end inside.
std::optional<std::string> string_at(std::span<const std::uint8_t> table, std::uint64_t offset) {
  if (offset >= table.size()) return std::nullopt;
  const auto rest = table.subspan(offset);
  const auto end = std::find(rest.begin(), rest.end(), std::uint8_t{0});
  if (end == rest.end()) return std::nullopt;
  return std::string(rest.begin(), end);
}

std::optional<Error> read_segments(Elf& elf, const Bytes& in) {
  const auto offset = in.at<std::uint64_t>(32);
  const auto entry_size = in.at<std::uint16_t>(54);
  const auto count = in.at<std::uint16_t>(56);
  if (count == 0) return std::nullopt;
  if (entry_size != kProgramHeaderSize) return bad("program headers of an unknown size");
  if (!in.fits(offset, count, kProgramHeaderSize)) return bad("program headers outside the file");
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t h = offset + i * kProgramHeaderSize;
    ElfSegment s;
    s.type = in.at<std::uint32_t>(h);
    s.flags = in.at<std::uint32_t>(h + 4);
    s.offset = in.at<std::uint64_t>(h + 8);
    s.address = in.at<std::uint64_t>(h + 16);
    s.file_size = in.at<std::uint64_t>(h + 32);
    s.memory_size = in.at<std::uint64_t>(h + 40);
    if (!in.fits(s.offset, s.file_size)) {
      return bad(fmt::format("segment {} reaches outside the file", i));
    }
    if (s.loaded() && (s.file_size > s.memory_size || s.address + s.memory_size < s.address)) {
      return bad(fmt::format("segment {} has an impossible size", i));
    }
    elf.segments.push_back(s);
  }
  return std::nullopt;
}

std::optional<Error> read_sections(Elf& elf, const Bytes& in) {
  const auto offset = in.at<std::uint64_t>(40);
  if (offset == 0) return std::nullopt;
  const auto entry_size = in.at<std::uint16_t>(58);
  std::uint64_t count = in.at<std::uint16_t>(60);
  std::uint64_t names = in.at<std::uint16_t>(62);
  if (entry_size != kSectionHeaderSize) return bad("section headers of an unknown size");
  if (!in.fits(offset, kSectionHeaderSize)) return bad("section headers outside the file");
  // More than 65,279 sections: the counts stand in the null section (-ffunction-sections can).
  if (count == 0) count = in.at<std::uint64_t>(offset + 32);
  if (names == 0xffff) names = in.at<std::uint32_t>(offset + 40);
  if (!in.fits(offset, count, kSectionHeaderSize)) return bad("section headers outside the file");

  std::vector<std::uint32_t> name_offsets;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t h = offset + i * kSectionHeaderSize;
    ElfSection s;
    name_offsets.push_back(in.at<std::uint32_t>(h));
    s.type = in.at<std::uint32_t>(h + 4);
    s.flags = in.at<std::uint64_t>(h + 8);
    s.address = in.at<std::uint64_t>(h + 16);
    s.offset = in.at<std::uint64_t>(h + 24);
    s.size = in.at<std::uint64_t>(h + 32);
    s.link = in.at<std::uint32_t>(h + 40);
    s.info = in.at<std::uint32_t>(h + 44);
    s.alignment = in.at<std::uint64_t>(h + 48);
    s.entry_size = in.at<std::uint64_t>(h + 56);
    if (i == 0) s = {};
    if (i > 0 && s.type != kNoBits && s.type != 0 && !in.fits(s.offset, s.size)) {
      return bad(fmt::format("section {} reaches outside the file", i));
    }
    if (s.allocated() && s.address + s.size < s.address) {
      return bad(fmt::format("section {} has an impossible size", i));
    }
    elf.sections.push_back(std::move(s));
  }
  if (names == 0) return std::nullopt;
  if (names >= count) return bad("the table of section names does not exist");
  const auto table = elf.bytes(elf.sections[names]);
  for (std::uint64_t i = 1; i < count; ++i) {
    auto name = string_at(table, name_offsets[i]);
    if (!name) return bad(fmt::format("section {} has no readable name", i));
    elf.sections[i].name = std::move(*name);
  }
  return std::nullopt;
}

std::optional<Error> read_symbols(Elf& elf, const Bytes& in) {
  for (const ElfSection& table : elf.sections) {
    if (table.type != kSymbolTable) continue;
    if (!elf.symbols.empty()) return bad("two symbol tables");
    if (table.entry_size != kSymbolSize || table.size % kSymbolSize != 0) {
      return bad("symbols of an unknown size");
    }
    if (table.link >= elf.sections.size()) return bad("the table of symbol names does not exist");
    const auto names = elf.bytes(elf.sections[table.link]);
    const std::uint64_t count = table.size / kSymbolSize;
    elf.symbols.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t h = table.offset + i * kSymbolSize;
      ElfSymbol s;
      auto name = string_at(names, in.at<std::uint32_t>(h));
      if (!name) return bad(fmt::format("symbol {} has no readable name", i));
      s.name = std::move(*name);
      const auto info = in.at<std::uint8_t>(h + 4);
      s.type = static_cast<std::uint8_t>(info & 15);
      s.binding = static_cast<std::uint8_t>(info >> 4);
      s.visibility = static_cast<std::uint8_t>(in.at<std::uint8_t>(h + 5) & 3);
      s.section = in.at<std::uint16_t>(h + 6);
      s.value = in.at<std::uint64_t>(h + 8);
      s.size = in.at<std::uint64_t>(h + 16);
      elf.symbols.push_back(std::move(s));
    }
  }
  return std::nullopt;
}

std::optional<Error> read_relocations(Elf& elf, const Bytes& in) {
  for (const ElfSection& table : elf.sections) {
    if (table.type != kRela) continue;
    if (table.entry_size != kRelaSize || table.size % kRelaSize != 0) {
      return bad("relocations of an unknown size");
    }
    if (table.info >= elf.sections.size()) return bad("relocations of a section that is not there");
    // Those of a linked image's .dynsym name other symbols; their count is what matters there.
    const bool ours =
        table.link < elf.sections.size() && elf.sections[table.link].type == kSymbolTable;
    for (std::uint64_t i = 0; i < table.size / kRelaSize; ++i) {
      const std::uint64_t h = table.offset + i * kRelaSize;
      ElfRelocation r;
      r.section = table.info;
      r.offset = in.at<std::uint64_t>(h);
      const auto info = in.at<std::uint64_t>(h + 8);
      r.type = static_cast<std::uint32_t>(info);
      r.symbol = ours ? static_cast<std::uint32_t>(info >> 32) : 0;
      r.addend = in.at<std::int64_t>(h + 16);
      if (ours && r.symbol >= elf.symbols.size()) {
        return bad(fmt::format("a relocation names symbol {}, which is not there", r.symbol));
      }
      elf.relocations.push_back(r);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Elf> Elf::parse(std::vector<std::uint8_t> bytes) {
  Elf elf;
  elf.file = std::move(bytes);
  const Bytes in(elf.file);
  if (!in.fits(0, kHeaderSize)) return bad("it is shorter than a header");
  if (std::memcmp(elf.file.data(), "\177ELF", 4) != 0) return bad("it does not start as one");
  if (elf.file[4] != 2 || elf.file[5] != 1) return bad("it is not 64-bit little-endian");
  if (in.at<std::uint16_t>(18) != 62) return bad("it is not for x86-64");
  elf.type = in.at<std::uint16_t>(16);
  elf.entry = in.at<std::uint64_t>(24);
  if (auto error = read_segments(elf, in)) return *error;
  if (auto error = read_sections(elf, in)) return *error;
  if (auto error = read_symbols(elf, in)) return *error;
  if (auto error = read_relocations(elf, in)) return *error;
  return elf;
}

Result<Elf> Elf::read(const std::filesystem::path& path) {
  const auto unreadable = [&](const std::string& reason) {
    return Error{.message = "cannot read " + path.string() + ": " + reason};
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return unreadable("there is no such file");
  if (!std::filesystem::is_regular_file(status)) return unreadable("it is no plain file");
  const auto size = std::filesystem::file_size(path, error);
  if (error) return unreadable(error.message());
  if (size > kMostBytes) return unreadable("it is larger than 1 GiB");
  std::ifstream in(path, std::ios::binary);
  std::vector<std::uint8_t> bytes(size);
  if (!in || (size > 0 && !in.read(reinterpret_cast<char*>(bytes.data()),
                                   static_cast<std::streamsize>(size)))) {
    return unreadable(std::strerror(errno));
  }
  auto elf = parse(std::move(bytes));
  if (!elf) return Error{.message = path.string() + ": " + elf.error().message};
  return elf;
}

std::span<const std::uint8_t> Elf::bytes(const ElfSection& section) const {
  if (section.type == kNoBits || section.type == 0) return {};
  return std::span(file).subspan(section.offset, section.size);
}

std::span<const std::uint8_t> Elf::bytes(const ElfSegment& segment) const {
  return std::span(file).subspan(segment.offset, segment.file_size);
}

std::span<const std::uint8_t> Elf::memory(std::uint64_t address, std::uint64_t size) const {
  for (const ElfSegment& s : segments) {
    if (!s.loaded() || !s.holds(address)) continue;
    const std::uint64_t skip = address - s.address;
    if (skip > s.file_size || size > s.file_size - skip) return {};
    return bytes(s).subspan(skip, size);
  }
  return {};
}

const ElfSection* Elf::section(std::string_view name) const {
  for (const ElfSection& s : sections) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

const ElfSection* Elf::section_at(std::uint64_t address) const {
  for (const ElfSection& s : sections) {
    if (s.allocated() && s.holds(address)) return &s;
  }
  return nullptr;
}

const ElfSymbol* Elf::symbol(std::string_view name) const {
  for (const ElfSymbol& s : symbols) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

SymbolIndex::SymbolIndex(const Elf& elf) : elf_(&elf) {
  for (const ElfSymbol& s : elf.symbols) {
    // Sections, files and absolute values (sizes, constants) are no places.
    if (s.type > 2 || s.name.empty() || s.section == 0 || s.section >= 0xff00) continue;
    sorted_.push_back(&s);
  }
  // Among those at one address, `at` takes the last: a function or object before a bare label, a
  // longer one before a shorter one, a global before a local.
  std::stable_sort(sorted_.begin(), sorted_.end(), [](const ElfSymbol* a, const ElfSymbol* b) {
    const auto key = [](const ElfSymbol* s) {
      return std::tuple(s->value, s->type != 0, s->size, s->global());
    };
    return key(a) < key(b);
  });
}

std::optional<SymbolIndex::Place> SymbolIndex::at(std::uint64_t address) const {
  auto next = std::upper_bound(sorted_.begin(), sorted_.end(), address,
                               [](std::uint64_t a, const ElfSymbol* s) { return a < s->value; });
  const ElfSection* section = elf_->section_at(address);
  std::optional<Place> nearest;
  // The innermost that holds the address; a few steps back, since labels stand inside functions.
  for (int steps = 0; next != sorted_.begin() && steps < 64; ++steps) {
    const ElfSymbol* s = *--next;
    const std::uint64_t offset = address - s->value;
    if (section != nullptr && !section->holds(s->value)) break;
    if (offset < s->size || (offset == 0 && s->size == 0)) return Place{s, offset, true};
    if (!nearest) nearest = Place{s, offset, false};
  }
  return nearest;
}

std::string readable(const std::string& symbol) {
  constexpr std::size_t kLongest = 400;  // the demangler recurses, and the name is a stranger's
  if (!symbol.starts_with("_Z") || symbol.size() > kLongest) return symbol;
  int status = 0;
  char* name = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  std::string result = status == 0 && name != nullptr ? name : symbol;
  std::free(name);
  // Who has no name says nothing about where.
  constexpr std::string_view kNobody = "(anonymous namespace)::";
  for (std::size_t at = result.find(kNobody); at != std::string::npos; at = result.find(kNobody)) {
    result.erase(at, kNobody.size());
  }
  return result;
}

std::string symbol_text(const SymbolIndex& symbols, std::uint64_t address) {
  const auto place = symbols.at(address);
  if (!place) return fmt::format("{:#x}", address);
  std::string name = readable(place->symbol->name);
  if (place->offset == 0) return name;
  return fmt::format("{}+{:#x}", name, place->offset);
}

}  // namespace flexos
