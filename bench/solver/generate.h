#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Seeded instances for measuring solvers: whole specs as a user would write them, self-contained,
/// so that no file of specs/ matters to their answer.
namespace flexos::bench {

enum class Family {
  unikernel,  ///< sparse calls, a few hubs, heavy-tailed frequencies, a few upper-level demands
  clustered,  ///< dense and hot inside planted clusters, cold between them
  random,     ///< Erdos-Renyi 0.3 with uniform frequencies: no structure to exploit
  tight,      ///< many statements, small budgets of keys and VMs, feasible by a planted layout
};

std::optional<Family> family_named(std::string_view name);
std::string_view family_name(Family family);

struct Recipe {
  Family family = Family::unikernel;
  int components = 10;
  std::uint64_t seed = 1;
  bool contradiction = false;  ///< plants three statements that no configuration satisfies at once
  int top = 10;
};

/// The spec's text. The same recipe gives the same bytes on every machine.
std::string generate(const Recipe& recipe);

}  // namespace flexos::bench
