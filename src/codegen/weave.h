#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codegen/gates.h"
#include "codegen/manifest.h"
#include "codegen/object.h"
#include "codegen/result.h"

namespace flexos {

/// An image on disk: DIR/image (ELF), DIR/image.json, and what explains them (gates.S, script.ld).
struct Woven {
  std::string id;
  std::filesystem::path folder;
  std::filesystem::path elf;
  Manifest manifest;
};

struct WeaveOptions {
  std::string platform;           ///< qemu, linux
  std::filesystem::path project;  ///< where src/kernel stands
  std::filesystem::path out;      ///< the image goes to OUT/ID
  Sizes sizes;
  std::string tool;                 ///< for image.json
  bool probes = false;              ///< to be attacked: probes.h
  bool counting = false;            ///< counts its calls: counting.h. Goes to OUT/ID-counting
  Defence without = Defence::none;  ///< for tests: weaken.h
};

/// Makes images of one spec: objects are compiled (or taken from the store) once and woven for each
/// configuration. Not for use by two threads at a time.
class Weaver {
 public:
  Weaver(const Spec& spec, ObjectStore& store, WeaveOptions options);
  ~Weaver();
  Weaver(const Weaver&) = delete;
  Weaver& operator=(const Weaver&) = delete;

  /// Compiles what these configurations need, so that `weave` only links.
  Result<Done> prepare(const std::vector<Configuration>& configurations);

  /// Nothing is left half-done: the folder appears when it is complete.
  Result<Woven> weave(const Configuration& configuration);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flexos
