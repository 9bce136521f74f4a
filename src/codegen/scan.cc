#include "codegen/scan.h"

#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace flexos {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLongest = ZYDIS_MAX_INSTRUCTION_LENGTH;

std::uint64_t page_floor(std::uint64_t a) { return a & ~(kPage - 1); }
std::uint64_t page_ceil(std::uint64_t a) { return page_floor(a + kPage - 1); }

bool is_prefix(std::uint8_t byte) {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
      return true;
    default:
      return byte >= 0x40 && byte <= 0x4f;  // REX
  }
}

/// Executable memory as the processor sees it: whole pages, neighbouring ones joined, because an
/// instruction may lie across their border. Behind the last byte stand zeros to decode into.
struct Region {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::vector<std::uint8_t> memory;  ///< size + kLongest bytes
};

class Decoder {
 public:
  Decoder() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

  struct Instruction {
    std::uint64_t length = 0;
    std::uint64_t core = 0;  ///< bytes of prefix before the opcode
    std::optional<Sequence> sequence;
  };

  /// nullopt: no instruction. `p` is followed by at least kLongest bytes.
  std::optional<Instruction> at(const std::uint8_t* p) {
    ZydisDecodedInstruction raw;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, &context_, p, kLongest, &raw))) {
      return std::nullopt;
    }
    Instruction result;
    result.length = raw.length;
    while (result.core < raw.length && is_prefix(p[result.core])) ++result.core;
    result.sequence = classify(raw);
    return result;
  }

  std::string text(const std::uint8_t* p, std::uint64_t address) {
    ZydisDisassembledInstruction instruction;
    if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address, p, kLongest,
                                            &instruction))) {
      return "(bad)";
    }
    return instruction.text;
  }

 private:
  static std::optional<Sequence> classify(const ZydisDecodedInstruction& i) {
    switch (i.mnemonic) {
      case ZYDIS_MNEMONIC_WRPKRU:
        return Sequence::wrpkru;
      case ZYDIS_MNEMONIC_XRSTOR:
      case ZYDIS_MNEMONIC_XRSTOR64:
        return Sequence::xrstor;
      case ZYDIS_MNEMONIC_XRSTORS:
      case ZYDIS_MNEMONIC_XRSTORS64:
        return Sequence::xrstors;
      case ZYDIS_MNEMONIC_WRFSBASE:
        return Sequence::wrfsbase;
      case ZYDIS_MNEMONIC_WRGSBASE:
        return Sequence::wrgsbase;
      case ZYDIS_MNEMONIC_SYSCALL:
        return Sequence::syscall;
      case ZYDIS_MNEMONIC_SYSENTER:
        return Sequence::sysenter;
      case ZYDIS_MNEMONIC_INT:
        return i.raw.imm[0].value.u == 0x80 ? Sequence::int80 : Sequence::interrupt;
      default:
        return std::nullopt;
    }
  }

  ZydisDecoder decoder_{};
  ZydisDecoderContext context_{};
};

/// Joins the pages of all executable segments. Whole pages, because that is what is mapped: behind
/// a segment's last byte the file goes on in the same page.
std::vector<Region> executable_regions(const Elf& elf, std::vector<std::string>& problems) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const ElfSegment& s : elf.segments) {
    if (!s.loaded() || !s.executable() || s.memory_size == 0) continue;
    // Memory that the file does not fill has no reason to be executable; a file that claims
    // terabytes of it must not cost terabytes here.
    if (s.memory_size > s.file_size) {
      problems.push_back(fmt::format(
          "the executable segment at {:#x} is larger in memory than in the file", s.address));
    }
    const std::uint64_t end = s.address + s.file_size;
    if (end > ~std::uint64_t{0} - 2 * kPage) {
      problems.push_back(
          fmt::format("the executable segment at {:#x} lies where none can be", s.address));
      continue;
    }
    if (s.file_size > 0) ranges.emplace_back(page_floor(s.address), page_ceil(end));
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<Region> regions;
  for (const auto& [start, end] : ranges) {
    if (regions.empty() || start > regions.back().start + regions.back().size) {
      regions.push_back({start, end - start, {}});
    } else {
      Region& last = regions.back();
      last.size = std::max(last.start + last.size, end) - last.start;
    }
  }
  for (Region& r : regions) r.memory.resize(r.size + kLongest);
  // First what the file holds around each segment, then the segments themselves over it.
  const auto copy = [&](std::uint64_t address, std::span<const std::uint8_t> bytes) {
    for (Region& r : regions) {
      if (address < r.start || address >= r.start + r.size) continue;
      const std::uint64_t at = address - r.start;
      const std::uint64_t n = std::min<std::uint64_t>(bytes.size(), r.size - at);
      if (n > 0) std::memcpy(r.memory.data() + at, bytes.data(), n);
    }
  };
  const auto each = [&](auto&& visit) {
    for (const ElfSegment& s : elf.segments) {
      if (s.loaded() && s.executable() && s.file_size > 0) {
        visit(s);
      }
    }
  };
  each([&](const ElfSegment& s) {
    const std::uint64_t before = std::min(s.address - page_floor(s.address), s.offset);
    const std::uint64_t from = s.offset - before;
    const std::uint64_t end = s.address + s.file_size;
    const std::uint64_t to =
        std::min<std::uint64_t>(elf.file.size(), s.offset + s.file_size + (page_ceil(end) - end));
    copy(s.address - before, std::span(elf.file).subspan(from, to - from));
  });
  each([&](const ElfSegment& s) { copy(s.address, elf.bytes(s)); });
  return regions;
}

/// Marks the opcode of each instruction that the compiler or a hand meant: decoded in order, anew
/// from each section and function.
std::vector<bool> whole_instructions(const Elf& elf, const Region& r, Decoder& decoder) {
  std::vector<std::uint64_t> starts;
  const auto add = [&](std::uint64_t address) {
    if (address >= r.start && address < r.start + r.size) starts.push_back(address - r.start);
  };
  for (const ElfSection& s : elf.sections) {
    if (s.allocated() && s.executable()) add(s.address);
  }
  for (const ElfSymbol& s : elf.symbols) {
    if (s.function() && s.defined()) add(s.value);
  }
  add(r.start);
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<bool> cores(r.size, false);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::uint64_t end = i + 1 < starts.size() ? starts[i + 1] : r.size;
    for (std::uint64_t at = starts[i]; at < end;) {
      const auto instruction = decoder.at(r.memory.data() + at);
      if (!instruction) {
        ++at;
        continue;
      }
      const std::uint64_t core = at + instruction->core;
      if (core < r.size) cores[core] = true;
      at += instruction->length;
    }
  }
  return cores;
}

struct Hit {
  std::uint64_t core = 0;  ///< offset in the region
  Sequence sequence{};
};

std::vector<Hit> decode_everything(const Region& r, Decoder& decoder) {
  std::vector<Hit> hits;
  for (std::uint64_t at = 0; at < r.size; ++at) {
    const auto i = decoder.at(r.memory.data() + at);
    if (i && i->sequence && at + i->core < r.size) hits.push_back({at + i->core, *i->sequence});
  }
  return hits;
}

/// Can the bytes be the core of one of the sequences?
bool candidate(const std::uint8_t* p) {
  if (p[0] == 0xcd) return true;
  if (p[0] != 0x0f) return false;
  const int reg = (p[2] >> 3) & 7;
  const bool memory = p[2] < 0xc0;
  switch (p[1]) {
    case 0x01:
      return p[2] == 0xef;
    case 0x05:
    case 0x34:
      return true;
    case 0xae:
      return memory ? reg == 5 : reg == 2 || reg == 3;
    case 0xc7:
      return memory && reg == 3;
    default:
      return false;
  }
}

std::vector<Hit> decode_candidates(const Region& r, Decoder& decoder) {
  std::vector<Hit> hits;
  const std::uint8_t* const memory = r.memory.data();
  for (std::uint64_t core = 0; core < r.size; ++core) {
    if (!candidate(memory + core)) continue;
    // With any of the prefixes before it that an instruction has room for, or with none.
    for (std::uint64_t back = 0; back < kLongest && back <= core; ++back) {
      if (back > 0 && !is_prefix(memory[core - back])) break;
      const auto i = decoder.at(memory + core - back);
      if (i && i->sequence) hits.push_back({core, *i->sequence});
    }
  }
  return hits;
}

bool is_supervisor(std::string_view section) { return section.starts_with(".nucleus."); }

bool is_kernel_entry(Sequence s) {
  return s == Sequence::syscall || s == Sequence::sysenter || s == Sequence::int80 ||
         s == Sequence::interrupt;
}

Verdict judge(const Finding& f) {
  if (is_supervisor(f.section)) return Verdict::supervisor;
  if (!f.whole) return is_kernel_entry(f.sequence) ? Verdict::fenced : Verdict::forbidden;
  const bool platform = f.section == ".platform.text";
  const bool gate = f.section == ".gate.text";
  if (f.sequence == Sequence::wrpkru && (platform || gate)) return Verdict::allowed;
  if (f.sequence == Sequence::syscall && platform) return Verdict::allowed;
  return Verdict::forbidden;
}

/// The instructions that hide a sequence: from the one that holds its first byte on, until its end.
std::string hiding(const Region& r, const std::vector<bool>& cores, std::uint64_t core,
                   std::uint64_t length, Decoder& decoder) {
  std::uint64_t first = core;
  while (first > 0 && core - first < kLongest && !cores[first]) --first;
  if (!cores[first]) return {};
  // Back over the prefixes of that one.
  std::uint64_t start = first;
  while (start > 0 && is_prefix(r.memory[start - 1]) && first - start < kLongest) {
    const auto longer = decoder.at(r.memory.data() + start - 1);
    if (!longer || start - 1 + longer->core != first) break;
    --start;
  }
  std::string text;
  for (int n = 0; n < 3 && start < core + length && start < r.size; ++n) {
    const auto i = decoder.at(r.memory.data() + start);
    if (!i) break;
    if (!text.empty()) text += "; ";
    text += decoder.text(r.memory.data() + start, r.start + start);
    start += i->length;
  }
  return text;
}

/// What must hold of the file itself, so that what was scanned is what is executed.
void check_structure(const Elf& elf, const Manifest* manifest, std::vector<std::string>& problems) {
  constexpr std::uint32_t kDynamic = 2;
  constexpr std::uint32_t kInterpreter = 3;
  constexpr std::uint32_t kStack = 0x6474e551;
  if (elf.type != Elf::kExecutable) {
    problems.emplace_back("it is no statically linked executable (ET_EXEC)");
  }
  for (const ElfSegment& s : elf.segments) {
    if (s.loaded() && s.writable() && s.executable()) {
      problems.push_back(
          fmt::format("the segment at {:#x} is both writable and executable", s.address));
    }
    if (s.type == kInterpreter) problems.emplace_back("it asks for an interpreter (PT_INTERP)");
    if (s.type == kDynamic) problems.emplace_back("it is dynamically linked (PT_DYNAMIC)");
    if (s.type == kStack && s.executable()) problems.emplace_back("its stack is executable");
    if (!s.loaded() || !s.executable()) continue;
    for (const ElfSegment& other : elf.segments) {
      if (!other.loaded() || !other.writable() || &other == &s || other.memory_size == 0) continue;
      if (page_floor(s.address) < page_ceil(other.address + other.memory_size) &&
          page_floor(other.address) < page_ceil(s.address + s.memory_size)) {
        problems.push_back(
            fmt::format("the executable segment at {:#x} shares a page with the writable one at "
                        "{:#x}",
                        s.address, other.address));
      }
    }
  }
  for (const ElfSection& s : elf.sections) {
    if (s.allocated() && s.writable() && s.executable()) {
      problems.push_back(fmt::format("section {} is both writable and executable", s.name));
    }
  }
  std::uint64_t in_text = 0;
  for (const ElfRelocation& r : elf.relocations) {
    if (r.section < elf.sections.size() && elf.sections[r.section].executable()) ++in_text;
  }
  if (in_text > 0) problems.push_back(fmt::format("{} text relocations are left", in_text));
  std::uint64_t left = 0;
  for (const ElfSection& s : elf.sections) {
    if ((s.type == 4 || s.type == 9) && s.allocated() && s.size > 0) ++left;
  }
  if (left > 0) problems.emplace_back("relocations are left to be done at run time");
  if (manifest == nullptr) return;

  const auto check = [&](const Manifest::Section& m) {
    const bool executable = m.protection.find('x') != std::string::npos;
    if (executable && m.protection.find('w') != std::string::npos) {
      problems.push_back(fmt::format("image.json maps {} both writable and executable", m.name));
    }
    if (m.kind == "nucleus") return;
    // What is executable must be among what was scanned, and ring 0's text must not be.
    for (const ElfSection& s : elf.sections) {
      if (!s.allocated() || !is_supervisor(s.name) || s.size == 0) continue;
      if (m.start < s.address + s.size && s.address < m.end) {
        problems.push_back(fmt::format("image.json maps {} for ring 3, over {}", m.name, s.name));
      }
    }
    if (!executable || m.start == m.end) return;
    const bool scanned =
        std::any_of(elf.segments.begin(), elf.segments.end(), [&](const ElfSegment& s) {
          return s.loaded() && s.executable() && page_floor(s.address) <= m.start &&
                 m.end <= page_ceil(s.address + s.memory_size);
        });
    if (!scanned) {
      problems.push_back(fmt::format(
          "image.json maps {} executable, which is no executable part of the file", m.name));
    }
  };
  for (const auto& s : manifest->shared) check(s);
  for (const auto& c : manifest->compartments) {
    for (const auto& s : c.sections) check(s);
  }
}

}  // namespace

std::string_view name(Sequence sequence) {
  switch (sequence) {
    case Sequence::wrpkru:
      return "wrpkru";
    case Sequence::xrstor:
      return "xrstor";
    case Sequence::xrstors:
      return "xrstors";
    case Sequence::wrfsbase:
      return "wrfsbase";
    case Sequence::wrgsbase:
      return "wrgsbase";
    case Sequence::syscall:
      return "syscall";
    case Sequence::sysenter:
      return "sysenter";
    case Sequence::int80:
      return "int 0x80";
    case Sequence::interrupt:
      return "int n";
  }
  return "?";
}

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed:
      return "allowed";
    case Verdict::supervisor:
      return "supervisor";
    case Verdict::fenced:
      return "fenced";
    case Verdict::forbidden:
      return "forbidden";
  }
  return "?";
}

bool Scan::clean() const {
  return problems.empty() && std::none_of(findings.begin(), findings.end(), [](const Finding& f) {
           return f.verdict == Verdict::forbidden;
         });
}

bool Scan::strictly_clean() const {
  return clean() && std::none_of(findings.begin(), findings.end(),
                                 [](const Finding& f) { return f.verdict == Verdict::fenced; });
}

Scan scan_image(const Elf& elf, const Manifest* manifest, Method method) {
  Scan scan;
  check_structure(elf, manifest, scan.problems);
  const SymbolIndex symbols(elf);
  Decoder decoder;
  for (const Region& r : executable_regions(elf, scan.problems)) {
    scan.bytes += r.size;
    std::vector<Hit> hits = method == Method::everything ? decode_everything(r, decoder)
                                                         : decode_candidates(r, decoder);
    const auto key = [](const Hit& h) { return std::tuple(h.core, h.sequence); };
    std::sort(hits.begin(), hits.end(),
              [&](const Hit& a, const Hit& b) { return key(a) < key(b); });
    hits.erase(std::unique(hits.begin(), hits.end(),
                           [&](const Hit& a, const Hit& b) { return key(a) == key(b); }),
               hits.end());
    if (hits.empty()) continue;
    const std::vector<bool> cores = whole_instructions(elf, r, decoder);
    for (const Hit& hit : hits) {
      Finding f;
      f.address = r.start + hit.core;
      f.sequence = hit.sequence;
      f.whole = cores[hit.core];
      const bool refused_to_ring3 =
          hit.sequence == Sequence::interrupt || hit.sequence == Sequence::xrstors;
      if (refused_to_ring3 && !f.whole) continue;
      if (const ElfSection* s = elf.section_at(f.address)) f.section = s->name;
      f.verdict = judge(f);
      f.symbol = symbol_text(symbols, f.address);
      const Owner owner = owner_of(manifest, symbols, f.address);
      f.component = owner.component;
      f.compartment = owner.compartment;
      const std::uint64_t length =
          hit.sequence == Sequence::syscall || hit.sequence == Sequence::sysenter ||
                  hit.sequence == Sequence::int80 || hit.sequence == Sequence::interrupt
              ? 2
              : 3;
      const auto from = r.memory.begin() + static_cast<std::ptrdiff_t>(hit.core);
      f.bytes.assign(from, from + static_cast<std::ptrdiff_t>(length));
      if (!f.whole) f.inside = hiding(r, cores, hit.core, length, decoder);
      scan.findings.push_back(std::move(f));
    }
  }
  return scan;
}

Owner owner_of(const Manifest* manifest, const SymbolIndex& symbols, std::uint64_t address) {
  if (manifest != nullptr) {
    for (const auto& p : manifest->placements) {
      if (address >= p.start && address < p.end) return {p.component, p.compartment};
    }
  }
  const auto place = symbols.at(address);
  if (!place) return {};
  // def.NAME.function, or def.NAME.COMPARTMENT.function of a replicated component.
  std::string_view rest = place->symbol->name;
  if (!rest.starts_with("def.")) return {};
  rest.remove_prefix(4);
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return {};
  Owner owner;
  owner.component = rest.substr(0, dot);
  // Names stand in symbols with '_' where they have '-'.
  if (manifest == nullptr) return owner;
  for (const auto& c : manifest->compartments) {
    for (const std::string& component : c.components) {
      std::string in_symbols = component;
      std::replace(in_symbols.begin(), in_symbols.end(), '-', '_');
      if (in_symbols == owner.component) return {component, c.number};
    }
  }
  return owner;
}

}  // namespace flexos
