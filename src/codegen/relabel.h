#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "codegen/elf.h"
#include "codegen/result.h"

namespace flexos {

/// What becomes of a global symbol.
struct Label {
  std::string name;
  bool local = false;  ///< nobody else can be bound to it any more
};

/// A relocatable object with other symbol names. Nothing else in it changes but what refers to
/// symbols by number: locals must stand before globals in a symbol table, so the table is put in
/// another order. Done here and not by objcopy, since it is done once an instance, in each weave.
Result<std::vector<std::uint8_t>> relabel(const Elf& object,
                                          const std::function<Label(const ElfSymbol&)>& rule);

}  // namespace flexos
