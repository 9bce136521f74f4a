#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "codegen/result.h"
#include "codegen/store.h"
#include "model/spec.h"

/// Component objects: compiled once a (component, variant, hardening), woven many times.
///
/// All sources of a component become one relocatable file in which nothing is left to chance when
/// it meets others (C = the component's name, `-` as `_`):
///
///     what it exports (api, leaf functions, main)   def.C.f      global
///     what it wants from elsewhere                  ref.C.g      undefined
///     all else                                      local
///
/// so the linker script of an image decides, symbol by symbol, what each wish is bound to.
namespace flexos {

struct ComponentObject {
  std::string name;  ///< C of its symbols
  std::filesystem::path path;
  std::vector<std::string> exports;               ///< sorted
  std::vector<std::string> imports;               ///< sorted
  std::vector<std::string> optional;              ///< imports that may stay without a provider
  std::map<std::string, std::uint32_t> type_ids;  ///< kcfi, of imports whose address it takes
  /// For each export the imports that it can get to: what an instance of it alone needs.
  std::map<std::string, std::vector<std::string>> reach;
  std::string hash;  ///< of its content
};

/// Sources with one set of flags. `exports` empty: every global is exported.
struct ObjectRecipe {
  std::string name;  ///< C
  std::vector<std::filesystem::path> sources;
  std::vector<std::string> flags;
  std::vector<std::string> exports;
  bool rename = true;  ///< false: only joined, symbols stay
};

Result<ComponentObject> make_object(const ObjectRecipe& recipe, ObjectStore& store);

/// `hardening`: bits as in Configuration.
Result<ComponentObject> component_object(const Spec& spec, int component, int variant,
                                         std::uint64_t hardening, ObjectStore& store);

/// The runtime (one instance a compartment): every extern "C" function of src/kernel/runtime.
Result<ComponentObject> runtime_object(ObjectStore& store);

/// Redzones around the allocator (one instance a compartment that has an ASan component).
Result<ComponentObject> shadow_heap_object(ObjectStore& store);

/// What carries the component's buffers and callbacks across gates: a source of marshal.h. Its
/// `type_ids` are those of the callbacks' stubs.
Result<ComponentObject> marshaller_object(const Component& component, const std::string& text,
                                          ObjectStore& store);

/// The platform's folder of src/kernel in one file called platform.o, symbols as they are.
Result<ComponentObject> platform_object(const std::string& platform, ObjectStore& store);

/// A compartment's own copy: C becomes C.k.
Result<ComponentObject> instance_of(const ComponentObject& object, int compartment,
                                    ObjectStore& store);

}  // namespace flexos
