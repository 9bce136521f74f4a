#include "codegen/relabel.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace flexos {

namespace {

constexpr Elf64_Word kAddressSignificance = 0x6fff4c03;  // SHT_LLVM_ADDRSIG

template <typename T>
T load(const std::vector<std::uint8_t>& file, std::uint64_t at) {
  T value;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

template <typename T>
void store(std::vector<std::uint8_t>& file, std::uint64_t at, const T& value) {
  std::memcpy(file.data() + at, &value, sizeof value);
}

}  // namespace

Result<std::vector<std::uint8_t>> relabel(const Elf& object,
                                          const std::function<Label(const ElfSymbol&)>& rule) {
  if (object.type != Elf::kRelocatable) return Error{"only a relocatable object can be relabelled"};
  std::size_t table = 0;
  for (std::size_t i = 1; i < object.sections.size(); ++i) {
    if (object.sections[i].type == SHT_SYMTAB) table = i;
    if (object.sections[i].type == SHT_SYMTAB_SHNDX) {
      return Error{"the object has too many sections (65,280 or more)"};
    }
  }
  if (table == 0) return Error{"the object has no symbols"};
  const ElfSection& symtab = object.sections[table];
  std::vector<std::uint8_t> file = object.file;

  // New names, and who becomes local. A local symbol keeps its name; sections have none.
  std::vector<Elf64_Sym> symbols(object.symbols.size());
  std::string names(1, '\0');
  std::unordered_map<std::string, Elf64_Word> offsets;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    Elf64_Sym& symbol = symbols[i];
    symbol = load<Elf64_Sym>(file, symtab.offset + i * sizeof symbol);
    std::string name = object.symbols[i].name;
    if (object.symbols[i].global()) {
      Label label = rule(object.symbols[i]);
      name = std::move(label.name);
      if (label.local) {
        symbol.st_info = ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(symbol.st_info));
        symbol.st_other = STV_DEFAULT;
      }
    }
    symbol.st_name = 0;
    if (name.empty()) continue;
    const auto [at, fresh] = offsets.emplace(name, static_cast<Elf64_Word>(names.size()));
    if (fresh) names.append(name).push_back('\0');
    symbol.st_name = at->second;
  }

  // Locals first, each group in its old order.
  std::vector<std::uint32_t> order(symbols.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  const auto first_global = std::stable_partition(order.begin(), order.end(), [&](std::uint32_t i) {
    return ELF64_ST_BIND(symbols[i].st_info) == STB_LOCAL;
  });
  std::vector<std::uint32_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<std::uint32_t>(i);
    store(file, symtab.offset + i * sizeof(Elf64_Sym), symbols[order[i]]);
  }

  // Section headers: the name table moves to the end of the file.
  const auto header = load<Elf64_Ehdr>(file, 0);
  const auto patch = [&](std::size_t section, const auto& change) {
    const std::uint64_t at = header.e_shoff + section * sizeof(Elf64_Shdr);
    auto entry = load<Elf64_Shdr>(file, at);
    change(entry);
    store(file, at, entry);
  };
  patch(table,
        [&](Elf64_Shdr& s) { s.sh_info = static_cast<Elf64_Word>(first_global - order.begin()); });
  for (std::size_t i = 1; i < object.sections.size(); ++i) {
    const ElfSection& section = object.sections[i];
    if (section.type == SHT_RELA && section.link == table) {
      for (std::uint64_t at = 0; at + sizeof(Elf64_Rela) <= section.size;
           at += sizeof(Elf64_Rela)) {
        auto relocation = load<Elf64_Rela>(file, section.offset + at);
        const std::uint64_t symbol = ELF64_R_SYM(relocation.r_info);
        if (symbol >= place.size()) return Error{"a relocation refers to no symbol"};
        relocation.r_info = ELF64_R_INFO(static_cast<std::uint64_t>(place[symbol]),
                                         ELF64_R_TYPE(relocation.r_info));
        store(file, section.offset + at, relocation);
      }
    } else if (section.type == kAddressSignificance) {
      // Symbol numbers again, for a linker that merges equal functions, which ours does not.
      patch(i, [](Elf64_Shdr& s) {
        s.sh_type = SHT_PROGBITS;
        s.sh_size = 0;
        s.sh_link = 0;
      });
    } else if (section.type == SHT_REL && section.link == table) {
      return Error{"the object has relocations without addends"};
    } else if (section.type == SHT_GROUP && section.link == table) {
      if (section.info >= place.size()) return Error{"a section group refers to no symbol"};
      patch(i, [&](Elf64_Shdr& s) { s.sh_info = place[section.info]; });
      // What two components have in common is not merged across them.
      if (section.size >= 4) store(file, section.offset, Elf32_Word{0});
    }
  }
  const std::size_t strings = symtab.link;
  if (strings == header.e_shstrndx) return Error{"the object's name tables are not apart"};
  const std::uint64_t end = file.size();
  file.insert(file.end(), names.begin(), names.end());
  patch(strings, [&](Elf64_Shdr& s) {
    s.sh_offset = end;
    s.sh_size = names.size();
  });
  return file;
}

}  // namespace flexos
