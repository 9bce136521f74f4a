#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "solver/encoding.h"
#include "solver/instance.h"

namespace flexos {

/// How many compartments there can be in an address space, and how many VMs.
///
/// Z3 finds out by cases that one is too many. So it is asked once for each crowd that comes up
/// (one of each compartment, and one more), and is told then what it has proven.
class Crowds {
 public:
  using Members = std::vector<int>;

  /// All must outlive it. `advice`: what the search takes for too many.
  Crowds(const Spec& spec, Encoding& encoding, const Instance& advice)
      : spec_(spec), encoding_(encoding), advice_(advice) {}

  /// Can none of `others` be apart from all of these, which are the compartments of an address
  /// space, and in it?
  bool no_compartment_more(const std::vector<Members>& compartments, const Members& others) {
    return full(compartments, advice_.keys, 1, spec_.pt, others);
  }
  /// And can none of them be in a VM of its own?
  bool no_vm_more(const std::vector<Members>& vms, const Members& others) {
    const int top = static_cast<int>(spec_.mechanisms.size());
    return advice_.vms > 0 && full(vms, advice_.vms, spec_.vm, top, others);
  }

 private:
  using Question = std::tuple<int, int, Members>;  ///< level, within, members

  bool full(const std::vector<Members>& classes, int most, int level, int within,
            const Members& others);

  const Spec& spec_;
  Encoding& encoding_;
  const Instance& advice_;
  std::map<Question, bool> proven_;
};

}  // namespace flexos
