#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/configuration.h"

/// The numeric form of a spec that the search works on: level intervals a pair, option classes a
/// component, exact integer costs. Z3 does not read it (it encodes the statements themselves, see
/// encoding.h), nor does the judge.
namespace flexos {

/// Exact cost or risk in the instance's own unit. Sums are checked to stay below 2^120.
using Units = __int128;

/// Index into Instance::levels, the levels in play: 0 is `none`, then the explored ones ascending.
using Rung = std::uint8_t;

/// Bit c = option class c of a component.
using ClassMask = std::uint64_t;

/// A way to build one component: variant and hardening set.
struct Option {
  std::uint8_t variant = 0;
  std::uint64_t hardening = 0;  ///< bit h = Spec::hardening[h]
  Units cost = 0;               ///< work * (factor - 1)
  Units exposure = 0;           ///< 1 - H, in units of Instance::exposure_scale
};

/// Options that every neighbour sees alike: the same answer to "may it share my compartment?".
/// Within a class only cost and exposure tell options apart.
struct OptionClass {
  std::vector<Option> options;  ///< sorted by (cost, exposure)
};

struct Instance {
  int n = 0;
  std::vector<Level> levels;  ///< Rung -> Level
  bool costs_known = false;   ///< there is a profile
  bool infeasible = false;    ///< found while building: an empty domain

  std::vector<Rung> lower;                        ///< by pair_index: lowest rung allowed
  std::vector<Rung> upper;                        ///< by pair_index: highest rung allowed
  std::vector<std::vector<OptionClass>> classes;  ///< by component
  /// With j in its compartment component i must be of class in co_resident[i * n + j].
  std::vector<ClassMask> co_resident;

  std::vector<std::vector<Units>> gate;  ///< [pair][rung] cost of the boundary
  Units budget = -1;                     ///< highest admissible cost; -1 = none
  Units base = 0;                        ///< profile.base in cost units
  int cost_scale = 0;                    ///< cost = units * cost_factor / 10^cost_scale cycles
  Units cost_factor = 1;

  /// residual risk = sum over ordered pairs of weight[a * n + v] * openness[rung] * exposure
  std::vector<Units> weight;
  std::vector<Units> openness;  ///< by rung: 1 - L
  Units full_exposure = 1;      ///< exposure of a component without hardening

  int address_space_rungs = 0;  ///< rungs below it are within one address space
  int vm_rungs = 0;             ///< rungs below it are within one VM
  int keys = 15;
  int vms = 0;  ///< 0 = unlimited
  std::int64_t memory_budget = -1;
  std::int64_t memory_base = 0;      ///< sum of component sizes
  std::vector<std::int64_t> memory;  ///< by rung: bytes of one more compartment

  std::size_t pairs() const { return lower.size(); }
  Rung top_rung() const { return static_cast<Rung>(levels.size() - 1); }
  ClassMask all_classes(int i) const {
    const auto count = classes[static_cast<std::size_t>(i)].size();
    return count >= 64 ? ~ClassMask{0} : (ClassMask{1} << count) - 1;
  }
};

/// Thrown nowhere: what keeps a spec from becoming an instance.
struct InstanceError {
  std::string message;
};

struct BuiltInstance {
  Instance instance;
  std::optional<InstanceError> error;
};

BuiltInstance build_instance(const Spec& spec);

/// A point of the search space: rungs by pair and one option a component.
struct Solution {
  std::vector<Rung> rungs;
  std::vector<std::array<int, 2>> options;  ///< (class, index within the class) by component
  Units cost = 0;
  Units risk = 0;
};

Configuration to_configuration(const Instance& instance, const Solution& solution);
Units cost_of(const Instance& instance, const Solution& solution);
Units risk_of(const Instance& instance, const Solution& solution);

/// Keys, VMs and memory of complete levels: the limits that count classes.
bool within_limits(const Instance& instance, const std::vector<Rung>& rungs);

/// A cost in cycles, for people.
double cycles(const Instance& instance, Units cost);

}  // namespace flexos
