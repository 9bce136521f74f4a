#include "codegen/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace flexos {

namespace {

/// Lists words behind an indent, broken at `width`.
std::string wrapped(const std::vector<std::string>& words, int indent, int width) {
  std::string text;
  int column = indent;
  for (const std::string& w : words) {
    const int length = static_cast<int>(w.size());
    if (column > indent && column + 1 + length > width) {
      text += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
      column = indent;
    } else if (column > indent) {
      text += ' ';
      ++column;
    }
    text += w;
    column += length;
  }
  return text;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : between) + w;
  return text;
}

std::string mechanism_between(const Manifest& m, int a, int b) {
  for (const auto& boundary : m.boundaries) {
    if (boundary.a == std::min(a, b) && boundary.b == std::max(a, b)) return boundary.mechanism;
  }
  return "?";
}

std::string braces(const Manifest::Compartment& c) { return "{" + joined(c.components, " ") + "}"; }

/// What the rights of a compartment let it do with the memory of another.
std::string may(const Manifest::Compartment& c, int key) {
  const std::uint32_t bits = key > 15 ? 3 : c.pkru >> (2 * key) & 3;
  return (bits & 1) != 0 ? "" : (bits & 2) != 0 ? "read" : "read and write";
}

std::string section_row(const Manifest::Section& s) {
  return fmt::format("    {:<16} {:<9} {}  key {:<2}  {:#11x} .. {:#11x}  {:>10}\n", s.name, s.kind,
                     s.protection, s.key, s.start, s.end, size_text(s.end - s.start));
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < (std::uint64_t{1} << 20))
    return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string draw_compartments(const Manifest& m) {
  std::string text;
  for (std::size_t i = 0; i < m.compartments.size(); ++i) {
    if (i > 0) {
      text += fmt::format(
          " |{}| ", mechanism_between(m, m.compartments[i - 1].number, m.compartments[i].number));
    }
    text += braces(m.compartments[i]);
  }
  return text;
}

std::vector<std::string> compare(const Manifest& m, const Elf& elf) {
  std::vector<std::string> differences;
  std::map<std::string, const ElfSymbol*> symbols;
  for (const ElfSymbol& s : elf.symbols) {
    if (s.defined()) symbols.emplace(s.name, &s);
  }
  if (symbols.empty()) differences.emplace_back("the ELF file has no symbols");
  std::set<std::string> missing;
  for (const auto& g : m.gates) {
    const auto found = symbols.find(g.symbol);
    if (found == symbols.end()) {
      if (!symbols.empty()) missing.insert(g.symbol);
    } else if (found->second->value != g.entry) {
      differences.push_back(fmt::format("gate {} stands at {:#x}, not at {:#x}", g.symbol,
                                        found->second->value, g.entry));
    }
  }
  for (const std::string& name : missing) differences.push_back("there is no gate " + name);
  const auto check = [&](const Manifest::Section& s) {
    // Sections that the ELF file names must stand where image.json says; the rest (stacks, heaps)
    // has no bytes in the file.
    const ElfSection* e = elf.section(s.name);
    if (e != nullptr && e->size > 0 && (e->address < s.start || e->address + e->size > s.end)) {
      differences.push_back(
          fmt::format("section {} reaches out of {:#x} .. {:#x}", s.name, s.start, s.end));
    }
    for (const ElfSegment& segment : elf.segments) {
      if (!segment.loaded() || s.start == s.end) continue;
      if (segment.address >= s.end || segment.address + segment.memory_size <= s.start) continue;
      const bool writes = s.protection.find('w') != std::string::npos;
      if (!writes && segment.writable()) {
        differences.push_back(
            fmt::format("{} is writable in the file and {} in image.json", s.name, s.protection));
      }
    }
  };
  for (const auto& s : m.shared) check(s);
  for (const auto& c : m.compartments) {
    for (const auto& s : c.sections) check(s);
  }
  return differences;
}

std::string inspect_text(const Manifest& m, const Elf& elf, int width) {
  std::string text = fmt::format("{}: configuration {} for {}, sharing {}, {} thread{}\n\n  {}\n",
                                 m.spec, m.id, m.platform, m.sharing, m.threads,
                                 m.threads == 1 ? "" : "s", draw_compartments(m));
  text += fmt::format("  entry {:#x}, {} sections, {} symbols, {}\n", elf.entry,
                      elf.sections.size(), elf.symbols.size(), size_text(elf.file.size()));

  for (const auto& c : m.compartments) {
    text += fmt::format("\ncompartment {} {}\n", c.number, braces(c));
    if (!c.within.empty()) text += fmt::format("  within       {}\n", c.within);
    text += m.uses_protection_keys()
                ? fmt::format("  rights       key {}, PKRU {:#010x}, stack domain {}\n", c.key,
                              c.pkru, c.stack_domain)
                : std::string("  rights       no protection keys\n");
    std::vector<std::string> variants;
    for (const std::string& component : c.components) {
      if (const auto v = m.variants.find(component); v != m.variants.end()) {
        variants.push_back(fmt::format("{}: {}", component, v->second));
      }
      if (const auto h = m.hardening.find(component);
          h != m.hardening.end() && !h->second.empty()) {
        variants.push_back(fmt::format("{}: {}", component, joined(h->second, " ")));
      }
    }
    if (!variants.empty()) {
      text += fmt::format("  with         {}\n", wrapped({joined(variants, ", ")}, 15, width));
    }
    text += fmt::format("  services     {}\n",
                        c.services.empty() ? "none of the platform's" : joined(c.services, ", "));
    std::vector<std::string> others;
    for (const auto& other : m.compartments) {
      if (other.number == c.number) continue;
      bool shares = false;
      for (const auto& s : other.sections) {
        shares |= s.key != 0 && s.kind != "window" && !may(c, s.key).empty();
      }
      if (shares) others.push_back(std::to_string(other.number));
    }
    text += fmt::format(
        "  may touch    its own memory, {}all text (r-x) and constants (r--)\n",
        others.empty() ? "" : "memory shared with compartment " + joined(others, ", ") + ", ");
    if (!c.sections.empty()) text += "  memory\n";
    for (const auto& s : c.sections) text += section_row(s);

    std::map<int, std::set<std::string>> in;
    std::map<int, std::set<std::string>> out;
    for (const auto& g : m.gates) {
      if (g.from == c.number) out[g.to].insert(g.callee_component + "." + g.function);
      if (g.to == c.number) in[g.from].insert(g.callee_component + "." + g.function);
    }
    const auto list = [&](const char* title, const std::map<int, std::set<std::string>>& gates) {
      for (const auto& [number, functions] : gates) {
        text += fmt::format("  {:<12} {:<3}", title, number);
        text += wrapped({functions.begin(), functions.end()}, 18, width) + "\n";
      }
    };
    list("enters", out);
    list("entered from", in);
  }

  if (!m.shared.empty()) text += "\nshared by all\n";
  for (const auto& s : m.shared) text += section_row(s);

  if (!m.gates.empty()) text += "\ngates\n";
  for (const auto& g : m.gates) {
    text += fmt::format("  {:#x}  {} -> {}  {:<9}  {} -> {}.{}({})\n", g.entry, g.from, g.to,
                        g.mechanism, g.caller_component, g.callee_component, g.function,
                        joined(g.arguments, ", "));
    std::vector<std::string> buffers;
    for (const auto& b : g.buffers) {
      buffers.push_back(fmt::format("{} [{}: {}]", b.parameter, b.direction, b.length));
    }
    if (!buffers.empty()) {
      text += fmt::format("             {} {}\n", m.sharing == "copy" ? "copies" : "shares",
                          joined(buffers, ", "));
    }
  }

  std::map<std::string, std::size_t> bound;
  for (const auto& b : m.bindings) ++bound[b.how];
  std::vector<std::string> counts;
  for (const auto& [how, n] : bound) counts.push_back(fmt::format("{} {}", n, how));
  if (!counts.empty()) text += fmt::format("\nbindings    {}\n", joined(counts, ", "));
  std::vector<std::string> sizes;
  for (const auto& [what, bytes] : m.sizes) {
    sizes.push_back(fmt::format("{} {}", what, size_text(bytes)));
  }
  if (!sizes.empty()) text += fmt::format("sizes       {}\n", joined(sizes, ", "));
  text += fmt::format("made from   {} inputs, by {}\n", m.inputs.size(), m.tool);
  return text;
}

nlohmann::ordered_json elf_json(const Elf& elf) {
  nlohmann::ordered_json json;
  json["entry"] = fmt::format("{:#x}", elf.entry);
  json["bytes"] = elf.file.size();
  json["sections"] = nlohmann::ordered_json::array();
  for (const ElfSection& s : elf.sections) {
    if (!s.allocated()) continue;
    json["sections"].push_back({{"name", s.name},
                                {"start", fmt::format("{:#x}", s.address)},
                                {"size", s.size},
                                {"protection", fmt::format("r{}{}", s.writable() ? 'w' : '-',
                                                           s.executable() ? 'x' : '-')}});
  }
  return json;
}

}  // namespace flexos
