#pragma once

#include <vector>

#include "solver/instance.h"

namespace flexos {

/// What is still possible: an interval of rungs for every pair, a set of option classes for every
/// component. Every change is propagated to bounds consistency over all triangles
///
///     level(i,k) <= max(level(i,j), level(j,k))
///
/// and over co-residency (a pair at rung 0 restricts both option sets; a pair whose option sets
/// cannot agree leaves rung 0). Changes are trailed, so that search can step back.
class Domain {
 public:
  explicit Domain(const Instance& instance);

  Rung low(int i, int j) const { return low_[index(i, j)]; }
  Rung high(int i, int j) const { return high_[index(i, j)]; }
  bool decided(int i, int j) const { return low(i, j) == high(i, j); }
  ClassMask classes(int i) const { return classes_[static_cast<std::size_t>(i)]; }
  const Instance& instance() const { return *instance_; }

  /// Each returns false where nothing is left; the domain is then only good for `restore`.
  bool raise(int i, int j, Rung rung);
  bool lower(int i, int j, Rung rung);
  bool restrict_classes(int i, ClassMask mask);
  bool propagate();  ///< first call after construction; later changes propagate by themselves

  std::size_t mark() const { return trail_.size(); }
  void restore(std::size_t mark);

  /// Are keys, VMs exceeded whatever is decided from here? (A greedy clique: may say no too late,
  /// never too early.)
  bool limits_exceeded() const;

 private:
  enum class Kind : std::uint8_t { low, high, classes };
  struct Change {
    Kind kind;
    int i;
    int j;
    ClassMask before;
  };

  std::size_t index(int i, int j) const { return static_cast<std::size_t>(i * instance_->n + j); }
  bool set_low(int i, int j, Rung rung);
  bool set_high(int i, int j, Rung rung);
  bool set_classes(int i, ClassMask mask);
  bool drain();
  bool after_low(int i, int j);
  bool after_high(int i, int j);
  bool after_classes(int i);
  bool clique_exceeds(int limit, Rung separate, Rung inside) const;

  const Instance* instance_;
  std::vector<Rung> low_;
  std::vector<Rung> high_;
  std::vector<ClassMask> classes_;
  std::vector<Change> trail_;
  std::vector<Change> queue_;
  std::size_t head_ = 0;
};

}  // namespace flexos
