#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/result.h"

/// image.json: what stands beside every image and says what it is made of (docs/image.md). The
/// weaver writes it; scan, inspect, run and attack read it. Keys keep their order and nothing
/// depends on the time or the machine, so that the same configuration has the same bytes.
namespace flexos {

/// Bytes of a thread's stack that are not mapped, at its lower end.
inline constexpr std::uint64_t kStackGuard = 4096;

struct Manifest {
  static constexpr int kVersion = 1;

  /// A range of memory [start, end) with one protection.
  struct Section {
    std::string
        name;  ///< as in the ELF file, or a name of the weaver's where the file holds nothing
    std::string kind;  ///< text, rodata, data, stack, heap, window, private, gate, ...
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::string protection;  ///< "r-x", "r--", "rw-"
    int key = 0;
    bool operator==(const Section&) const = default;
  };

  struct Compartment {
    int number = 0;  ///< from 1
    std::vector<std::string> components;
    int key = 0;
    std::uint32_t pkru = 0;  ///< the rights its components run with
    int stack_domain = 0;    ///< compartments that share stacks (light gates) have the same one
    std::string within;      ///< "vm1/pt2", outermost first; empty where nothing nests
    std::vector<Section> sections;
    std::vector<std::string> services;  ///< of the platform: console, clock, ...
    bool operator==(const Compartment&) const = default;
  };

  /// The coarsest boundary between two compartments.
  struct Boundary {
    int a = 0;
    int b = 0;
    std::string mechanism;
    bool operator==(const Boundary&) const = default;
  };

  struct Buffer {
    std::string parameter;
    std::string direction;  ///< in, out, inout
    std::string length;     ///< expression over the other parameters
    bool operator==(const Buffer&) const = default;
  };

  struct Gate {
    int from = 0;
    int to = 0;
    std::string caller_component;
    std::string callee_component;
    std::string function;
    std::string mechanism;
    std::uint64_t entry = 0;             ///< address of the stub that the caller is bound to
    std::string symbol;                  ///< its name in the ELF file
    std::vector<std::string> arguments;  ///< "int fd", in order
    std::vector<Buffer> buffers;
    bool operator==(const Gate&) const = default;
  };

  /// What an undefined symbol of a component was bound to.
  struct Binding {
    std::string component;
    std::string symbol;
    std::string to;
    std::string how;  ///< call, gate, leaf, replica, runtime, platform, memory
    bool operator==(const Binding&) const = default;
  };

  /// Where a part of a component stands in memory. Also "rt", "gate", "platform", "nucleus".
  struct Placement {
    std::string component;
    int compartment = 0;  ///< 0: nobody's (gates, platform)
    std::string section;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    bool operator==(const Placement&) const = default;
  };

  std::string id;        ///< the configuration's
  std::string spec;      ///< its name
  std::string file;      ///< the ELF file's name, in the same folder
  std::string platform;  ///< qemu, linux
  std::string sharing;   ///< copy, dss
  int threads = 1;
  std::uint64_t stack_size = 0;  ///< bytes for one thread in one stack domain, kStackGuard included
  std::vector<Compartment> compartments;
  std::vector<Boundary> boundaries;  ///< every pair, a < b
  std::vector<Section> shared;       ///< what is no compartment's own: text, constants, tables
  std::vector<Gate> gates;
  std::vector<Binding> bindings;
  std::vector<Placement> placements;
  std::map<std::string, std::vector<std::string>> hardening;  ///< by component
  std::map<std::string, std::string> variants;                ///< where it is not `default`
  std::map<std::string, std::uint64_t> sizes;                 ///< bytes: text, data, image, ...
  std::map<std::string, std::string> inputs;                  ///< SHA-256 by name
  std::string tool;                                           ///< "flexos-explore 0.1.0"
  bool counting = false;  ///< counts its calls (counting.h): no image to compare others with

  bool operator==(const Manifest&) const = default;

  const Compartment* compartment(int number) const;
  /// Does running it need protection keys? (They are what any PKRU other than 0 stands for.)
  bool uses_protection_keys() const;
};

nlohmann::ordered_json to_json(const Manifest& manifest);
/// What image.json holds, a line break at its end.
std::string to_text(const Manifest& manifest);

/// Nothing in the text is believed: what is missing, of another type, unknown or impossible is an
/// error that says where it stands.
Result<Manifest> manifest_from_json(std::string_view text);
Result<Manifest> read_manifest(const std::filesystem::path& file);

/// What a user named: the ELF file, its folder, or image.json.
struct ImagePath {
  std::filesystem::path elf;
  std::filesystem::path manifest;  ///< empty: there is none beside it
};
Result<ImagePath> find_image(const std::filesystem::path& named);

}  // namespace flexos
