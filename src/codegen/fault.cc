#include "codegen/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

#include "codegen/scan.h"

namespace flexos {

namespace {

/// Takes "name=value" and the blank before it off the front; nullopt where it does not stand there.
std::optional<std::string_view> take(std::string_view& rest, std::string_view name) {
  if (!rest.starts_with(' ')) return std::nullopt;
  std::string_view at = rest.substr(1);
  if (!at.starts_with(name) || at.size() <= name.size() || at[name.size()] != '=') {
    return std::nullopt;
  }
  at.remove_prefix(name.size() + 1);
  const std::size_t end = std::min(at.find(' '), at.size());
  const std::string_view value = at.substr(0, end);
  if (value.empty()) return std::nullopt;
  rest = at.substr(end);
  return value;
}

std::optional<std::uint64_t> number(std::optional<std::string_view> text) {
  if (!text || !text->starts_with("0x") || text->size() > 18 || text->size() < 3) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data() + 2, end, value, 16);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

/// What a kind means, for one that does not access memory.
std::string_view meaning(std::string_view kind) {
  static const std::map<std::string_view, std::string_view> kMeanings = {
      {"gp", "executed an instruction that is not allowed there (general protection)"},
      {"ud", "executed an undefined instruction"},
      {"div", "divided by zero"},
      {"breakpoint", "ran into a breakpoint"},
      {"debug", "set the trap flag"},
      {"trap", "caused a trap that nobody expects"},
      {"align", "accessed memory at an odd address with alignment checked"},
      {"simd", "caused a floating-point exception"},
      {"fpu", "caused a floating-point exception"},
      {"float", "caused a floating-point exception"},
      {"stack", "used a stack pointer that points nowhere"},
      {"canary", "overwrote the end of a stack frame (stack-protector)"},
      {"ubsan", "did what C leaves undefined (ubsan)"},
      {"asan", "touched memory outside its objects (asan)"},
      {"cfi", "called a function through a pointer of another type (cfi)"},
      {"gate", "did not get through a gate's checks"},
      {"callback", "did not get a callback through: not bound, not its own code, or no room"},
      {"window", "handed over more than a window holds"},
      {"panic", "gave up (panic)"},
      {"syscall", "made a system call from outside the platform"},
      {"service", "asked for a service of the platform that its compartment has no right to"},
      {"pkru", "ran with rights that no compartment has"},
      {"nucleus", "made the nucleus itself fault: a defect of the platform"},
  };
  const auto found = kMeanings.find(kind);
  return found == kMeanings.end() ? std::string_view{} : found->second;
}

std::string braces(const Manifest::Compartment& c) {
  std::string text = "{";
  for (const std::string& name : c.components) text += (text.size() > 1 ? " " : "") + name;
  return text + "}";
}

std::string compartment_text(const Manifest& m, int number) {
  const auto* c = m.compartment(number);
  return fmt::format("compartment {}{}", number, c == nullptr ? "" : " " + braces(*c));
}

struct Target {
  const Manifest::Section* section = nullptr;
  int compartment = 0;
};

/// Below a thread's stack, where nothing is mapped.
bool is_guard(const Manifest& m, const Manifest::Section& s, std::uint64_t address) {
  return s.kind == "stack" && m.stack_size > 0 && address >= s.start && address < s.end &&
         (address - s.start) % m.stack_size < kStackGuard;
}

/// The smallest range that holds an address: ranges of `shared` may lie in one another.
Target target_of(const Manifest& m, std::uint64_t address) {
  Target best;
  const auto look = [&](const Manifest::Section& s, int compartment) {
    if (address < s.start || address >= s.end || is_guard(m, s, address)) return;
    if (best.section != nullptr && best.section->end - best.section->start <= s.end - s.start) {
      return;
    }
    best = {&s, compartment};
  };
  for (const auto& c : m.compartments) {
    for (const auto& s : c.sections) look(s, c.number);
  }
  for (const auto& s : m.shared) look(s, 0);
  return best;
}

/// "the heap of compartment 2 {vfs ramfs} (heap.2+0x10)".
std::string target_text(const Manifest* m, const Elf& elf, const SymbolIndex& symbols,
                        std::uint64_t address, const Target& target) {
  const auto place = symbols.at(address);
  std::string symbol;
  if (place && place->inside) symbol = symbol_text(symbols, address);
  if (target.section != nullptr) {
    const Manifest::Section& s = *target.section;
    const std::string where =
        symbol.empty() ? fmt::format("{}+{:#x}", s.name, address - s.start) : symbol;
    std::string whose =
        target.compartment == 0
            ? fmt::format("the image's {}", s.kind)
            : fmt::format("the {} of {}", s.kind, compartment_text(*m, target.compartment));
    if (s.kind == "stack" && m->stack_size > 0) {
      whose += fmt::format(", thread {}", (address - s.start) / m->stack_size);
    }
    const Owner owner = owner_of(m, symbols, address);
    if (!owner.component.empty() && target.compartment != 0) {
      whose += fmt::format(", of {}", owner.component);
    }
    return fmt::format("{}, {}, {}, key {}", where, whose, s.protection, s.key);
  }
  if (const ElfSection* s = elf.section_at(address)) {
    const bool nucleus = s->name.starts_with(".nucleus.");
    return fmt::format("{}{}", symbol.empty() ? s->name : symbol + " in " + s->name,
                       nucleus ? ", the nucleus's own (ring 0)" : "");
  }
  if (address < 4096) return "nothing: a null pointer";
  if (m != nullptr) {
    // A guard page is also just behind what stands below it, which has nothing to do with it.
    for (const auto& c : m->compartments) {
      for (const auto& s : c.sections) {
        if (is_guard(*m, s, address)) {
          return fmt::format("nothing: just below the stack of {}, thread {}",
                             compartment_text(*m, c.number), (address - s.start) / m->stack_size);
        }
      }
    }
    // A stack or heap that was outgrown ends right there.
    for (const auto& c : m->compartments) {
      for (const auto& s : c.sections) {
        if (address < s.start && s.start - address <= 4096) {
          return fmt::format("nothing: just below the {} of {}", s.kind,
                             compartment_text(*m, c.number));
        }
        if (address >= s.end && address - s.end < 4096) {
          return fmt::format("nothing: just behind the {} of {}", s.kind,
                             compartment_text(*m, c.number));
        }
      }
    }
  }
  return "nothing: no memory is mapped there";
}

std::string rights_text(const Manifest& m, std::uint32_t pkru) {
  std::string text;
  for (int key = 0; key < 16; ++key) {
    const std::uint32_t bits = pkru >> (2 * key) & 3;
    if ((bits & 1) != 0) continue;
    // Keys that nobody uses say nothing.
    bool used = key == 0;
    for (const auto& c : m.compartments) {
      used |= c.key == key;
      for (const auto& s : c.sections) used |= s.key == key;
    }
    if (!used) continue;
    text += fmt::format("{}{} of key {}", text.empty() ? "" : ", ",
                        (bits & 2) != 0 ? "reads" : "reads and writes", key);
  }
  return text.empty() ? "nothing at all" : text;
}

std::string_view verb(char access) {
  switch (access) {
    case 'r':
      return "read";
    case 'w':
      return "write";
    case 'x':
      return "execute";
    default:
      return "touch";
  }
}

}  // namespace

std::optional<Fault> parse_fault(std::string_view line) {
  constexpr std::string_view kStart = "FLEXOS FAULT";
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (!line.starts_with(kStart) || line.size() > 400) return std::nullopt;
  line.remove_prefix(kStart.size());
  Fault f;
  const auto kind = take(line, "kind");
  if (!kind || !std::all_of(kind->begin(), kind->end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      })) {
    return std::nullopt;
  }
  f.kind = *kind;
  const auto rip = number(take(line, "rip"));
  const auto address = number(take(line, "address"));
  const auto access = take(line, "access");
  const auto pkru = number(take(line, "pkru"));
  const auto rsp = number(take(line, "rsp"));
  if (!rip || !address || !access || !pkru || !rsp || !line.empty()) return std::nullopt;
  if (access->size() != 1 ||
      std::string_view("rwx-").find((*access)[0]) == std::string_view::npos || *pkru > 0xffffffff) {
    return std::nullopt;
  }
  f.rip = *rip;
  f.address = *address;
  f.access = (*access)[0];
  f.pkru = static_cast<std::uint32_t>(*pkru);
  f.rsp = *rsp;
  return f;
}

CfiTraps cfi_traps(const Elf& elf) {
  CfiTraps traps;
  const ElfSection* table = elf.section(".kcfi_traps");
  if (table == nullptr) return traps;
  const auto bytes = elf.bytes(*table);
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    // A number for each trap, relative to itself.
    std::int32_t distance = 0;
    std::memcpy(&distance, bytes.data() + i, sizeof distance);
    traps.push_back(table->address + i + static_cast<std::uint64_t>(std::int64_t{distance}));
  }
  std::sort(traps.begin(), traps.end());
  return traps;
}

bool is_cfi_trap(const CfiTraps& traps, const Fault& fault) {
  return fault.kind == "ud" && std::binary_search(traps.begin(), traps.end(), fault.rip);
}

std::optional<FaultReport> explain_fault(std::string_view line, const Manifest* m, const Elf& elf,
                                         const SourceLines& lines) {
  const auto parsed = parse_fault(line);
  if (!parsed) return std::nullopt;
  FaultReport r;
  r.fault = *parsed;
  if (is_cfi_trap(cfi_traps(elf), r.fault)) r.fault.kind = "cfi";
  const Fault& f = r.fault;
  const SymbolIndex symbols(elf);

  // Who: the component by its code, the rights by PKRU. A leaf function runs with its caller's.
  const Owner owner = owner_of(m, symbols, f.rip);
  r.component = owner.component;
  if (f.rip != 0) r.function = symbol_text(symbols, f.rip);
  if (lines && f.rip != 0) r.source = lines(f.rip);
  const bool keys = m != nullptr && m->uses_protection_keys();
  if (keys) {
    for (const auto& c : m->compartments) {
      if (c.pkru == f.pkru) r.compartment = c.number;
    }
    r.rights = rights_text(*m, f.pkru);
  } else {
    r.compartment = owner.compartment;
  }
  std::string who = r.component.empty() ? std::string("code of no known component") : r.component;
  if (r.compartment != 0) {
    who += fmt::format(" (compartment {})", r.compartment);
    if (owner.compartment != 0 && owner.compartment != r.compartment) {
      who += fmt::format(", which belongs to compartment {},", owner.compartment);
    }
  } else if (keys && f.rip != 0) {
    who += ", with the rights of no compartment,";
  }

  if (f.access == '-') {
    const std::string_view what = meaning(f.kind);
    r.headline = what.empty() ? fmt::format("{} was stopped: {}", who, f.kind)
                              : fmt::format("{} {}", who, what);
    if (f.kind == "service" && r.compartment != 0) {
      std::string services;
      for (const std::string& s : m->compartment(r.compartment)->services) {
        services += (services.empty() ? "" : ", ") + s;
      }
      r.edge = fmt::format("compartment {} may ask for: {}", r.compartment,
                           services.empty() ? "nothing" : services);
    }
    if ((f.kind == "asan" || f.kind == "ubsan") && f.address != 0) {
      const Target target = m == nullptr ? Target{} : target_of(*m, f.address);
      r.target = target_text(m, elf, symbols, f.address, target);
      r.target_compartment = target.compartment;
    }
    return r;
  }

  const Target target = m == nullptr ? Target{} : target_of(*m, f.address);
  r.target = target_text(m, elf, symbols, f.address, target);
  r.target_compartment = target.compartment;
  const bool foreign = r.target_compartment != 0 && r.target_compartment != r.compartment;
  std::string what = r.target;
  if (foreign) {
    what = fmt::format("the {} of {}", target.section->kind,
                       compartment_text(*m, r.target_compartment));
  } else if (target.section != nullptr) {
    what = fmt::format("{} {} ({})", r.target_compartment == 0 ? "the image's" : "its own",
                       target.section->kind, target.section->protection);
  } else if (what.starts_with("nothing: ")) {
    what = fmt::format("{:#x}, where there is {}", f.address, what);
  }
  r.headline = fmt::format("{} tried to {} {}", who, verb(f.access), what);
  if (!foreign || m == nullptr) return r;

  std::string mechanism = "no boundary";
  for (const auto& b : m->boundaries) {
    if (b.a == std::min(r.compartment, r.target_compartment) &&
        b.b == std::max(r.compartment, r.target_compartment)) {
      mechanism = b.mechanism;
    }
  }
  if (r.compartment != 0) {
    r.edge = fmt::format("{} -> {}: {}", compartment_text(*m, r.compartment),
                         compartment_text(*m, r.target_compartment), mechanism);
  } else {
    r.edge = fmt::format("into {}", compartment_text(*m, r.target_compartment));
  }
  for (const auto& g : m->gates) {
    if (g.from == r.compartment && g.to == r.target_compartment) {
      r.gates.push_back(g.callee_component + "." + g.function);
    }
  }
  std::sort(r.gates.begin(), r.gates.end());
  r.gates.erase(std::unique(r.gates.begin(), r.gates.end()), r.gates.end());
  r.advice =
      "if both sides mean it, declare the buffer in the entry's signature (`in`, `out`, `inout`), "
      "or "
      "have the components share a compartment (`together`); if not, the isolation just worked";
  return r;
}

std::string to_text(const FaultReport& r) {
  std::string text = fmt::format("fault ({}): {}\n", r.fault.kind, r.headline);
  const auto row = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<8} {}\n", name, value);
  };
  std::string where = r.function;
  if (r.fault.rip != 0) where += fmt::format(" ({:#x})", r.fault.rip);
  if (!r.source.empty()) where += " at " + r.source;
  row("where", where);
  if (r.fault.access != '-' || !r.target.empty()) {
    row("address", fmt::format("{:#x}: {}", r.fault.address, r.target));
  }
  row("edge", r.edge);
  if (!r.edge.empty() && r.target_compartment != 0) {
    std::string gates;
    for (std::size_t i = 0; i < r.gates.size() && i < 8; ++i)
      gates += (i > 0 ? ", " : "") + r.gates[i];
    if (r.gates.size() > 8) gates += fmt::format(" and {} more", r.gates.size() - 8);
    row("gates", gates.empty() ? "none leads that way" : gates);
  }
  row("rights", r.rights);
  row("hint", r.advice);
  return text;
}

nlohmann::ordered_json to_json(const FaultReport& r) {
  const auto hex = [](std::uint64_t value) { return fmt::format("{:#x}", value); };
  nlohmann::ordered_json json;
  json["kind"] = r.fault.kind;
  json["headline"] = r.headline;
  json["rip"] = hex(r.fault.rip);
  json["address"] = hex(r.fault.address);
  json["access"] = std::string(1, r.fault.access);
  json["pkru"] = hex(r.fault.pkru);
  json["rsp"] = hex(r.fault.rsp);
  json["component"] = r.component;
  json["compartment"] = r.compartment;
  json["function"] = r.function;
  json["source"] = r.source;
  json["target"] = r.target;
  json["target_compartment"] = r.target_compartment;
  json["edge"] = r.edge;
  json["gates"] = r.gates;
  json["rights"] = r.rights;
  return json;
}

}  // namespace flexos
