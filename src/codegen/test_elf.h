#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

/// Writes small ELF files for tests. What a field holds can be overwritten afterwards to make a
/// hostile one.
namespace flexos {

class ElfWriter {
 public:
  using Bytes = std::vector<std::uint8_t>;

  /// A section in a segment of its own, at a multiple of a page in the file.
  ElfWriter& section(const std::string& name, std::uint64_t address, Bytes bytes,
                     std::uint32_t segment_flags = 5) {
    sections_.push_back({name, 1, address, std::move(bytes), segment_flags, 0, 0, 0});
    return *this;
  }
  ElfWriter& symbol(const std::string& name, std::uint64_t value, std::uint64_t size,
                    std::uint8_t type = 2) {
    symbols_.push_back({name, value, size, type});
    return *this;
  }
  /// A program header without contents: PT_INTERP, PT_DYNAMIC, PT_GNU_STACK.
  ElfWriter& header(std::uint32_t type, std::uint32_t flags) {
    headers_.push_back({type, flags});
    return *this;
  }
  /// `count` relocations of the section added last.
  ElfWriter& relocations(std::size_t count) {
    relocations_ = count;
    return *this;
  }
  ElfWriter& type(std::uint16_t value) {
    type_ = value;
    return *this;
  }

  Bytes write() const {
    std::vector<Section> all = sections_;
    const std::size_t loaded = all.size();
    Bytes symbols(24, 0);
    Bytes names(1, 0);
    for (const Symbol& s : symbols_) {
      put(symbols, static_cast<std::uint32_t>(names.size()));
      append(names, s.name);
      put(symbols, static_cast<std::uint8_t>(0x10 | s.type));
      put(symbols, std::uint8_t{0});
      std::uint16_t index = 0xfff1;
      for (std::size_t i = 0; i < loaded; ++i) {
        if (s.value >= all[i].address && s.value - all[i].address <= all[i].bytes.size()) {
          index = static_cast<std::uint16_t>(i + 1);
        }
      }
      put(symbols, index);
      put(symbols, s.value);
      put(symbols, s.size);
    }
    const auto base = static_cast<std::uint32_t>(loaded + 1);
    all.push_back({".symtab", 2, 0, symbols, 0, base + 1, 1, 24});
    all.push_back({".strtab", 3, 0, names, 0, 0, 0, 0});
    if (relocations_ > 0) {
      all.push_back({".rela.text", 4, 0, Bytes(24 * relocations_, 0), 0, base,
                     static_cast<std::uint32_t>(loaded), 24});
    }
    Bytes section_names(1, 0);
    for (const Section& s : all) append(section_names, s.name);
    append(section_names, ".shstrtab");
    all.push_back({".shstrtab", 3, 0, section_names, 0, 0, 0, 0});

    Bytes file = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    put(file, type_);
    put(file, std::uint16_t{62});
    put(file, std::uint32_t{1});
    put(file, loaded > 0 ? all[0].address : std::uint64_t{0});
    put(file, std::uint64_t{64});
    put(file, std::uint64_t{0});  // section headers, below
    put(file, std::uint32_t{0});
    put(file, std::uint16_t{64});
    put(file, std::uint16_t{56});
    put(file, static_cast<std::uint16_t>(loaded + headers_.size()));
    put(file, std::uint16_t{64});
    put(file, static_cast<std::uint16_t>(all.size() + 1));
    put(file, static_cast<std::uint16_t>(all.size()));
    const std::size_t program_headers = file.size();
    file.resize(file.size() + 56 * (loaded + headers_.size()));

    std::vector<std::uint64_t> offsets;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i < loaded) file.resize((file.size() + 4095) / 4096 * 4096 + all[i].address % 4096);
      offsets.push_back(file.size());
      file.insert(file.end(), all[i].bytes.begin(), all[i].bytes.end());
    }
    Bytes programs;
    for (std::size_t i = 0; i < loaded; ++i) {
      put(programs, std::uint32_t{1});
      put(programs, all[i].segment_flags);
      put(programs, offsets[i]);
      put(programs, all[i].address);
      put(programs, all[i].address);
      put(programs, static_cast<std::uint64_t>(all[i].bytes.size()));
      put(programs, static_cast<std::uint64_t>(all[i].bytes.size()));
      put(programs, std::uint64_t{4096});
    }
    for (const auto& [kind, flags] : headers_) {
      put(programs, kind);
      put(programs, flags);
      for (int i = 0; i < 6; ++i) put(programs, std::uint64_t{0});
    }
    std::memcpy(file.data() + program_headers, programs.data(), programs.size());

    const auto headers = static_cast<std::uint64_t>(file.size());
    std::memcpy(file.data() + 40, &headers, sizeof headers);
    file.resize(file.size() + 64);
    std::uint32_t name = 1;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Section& s = all[i];
      std::uint64_t flags = 0;
      if (i < loaded) flags = 2 | (s.segment_flags & 1) * 4 | (s.segment_flags & 2) / 2;
      put(file, name);
      name += static_cast<std::uint32_t>(s.name.size() + 1);
      put(file, s.type);
      put(file, flags);
      put(file, s.address);
      put(file, offsets[i]);
      put(file, static_cast<std::uint64_t>(s.bytes.size()));
      put(file, s.link);
      put(file, s.info);
      put(file, std::uint64_t{1});
      put(file, s.entry_size);
    }
    return file;
  }

 private:
  struct Section {
    std::string name;
    std::uint32_t type = 0;
    std::uint64_t address = 0;
    Bytes bytes;
    std::uint32_t segment_flags = 0;
    std::uint32_t link = 0;
    std::uint32_t info = 0;
    std::uint64_t entry_size = 0;
  };
  struct Symbol {
    std::string name;
    std::uint64_t value = 0;
    std::uint64_t size = 0;
    std::uint8_t type = 0;
  };

  template <typename T>
  static void put(Bytes& out, T value) {
    const std::size_t at = out.size();
    out.resize(at + sizeof value);
    std::memcpy(out.data() + at, &value, sizeof value);
  }
  static void append(Bytes& out, const std::string& text) {
    out.insert(out.end(), text.begin(), text.end());
    out.push_back(0);
  }

  std::vector<Section> sections_;
  std::vector<Symbol> symbols_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> headers_;
  std::size_t relocations_ = 0;
  std::uint16_t type_ = 2;
};

}  // namespace flexos
