#include "solver/domain.h"

#include <algorithm>

namespace flexos {

Domain::Domain(const Instance& instance) : instance_(&instance) {
  const int n = instance.n;
  low_.assign(static_cast<std::size_t>(n * n), 0);
  high_.assign(static_cast<std::size_t>(n * n), 0);
  classes_.resize(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    classes_[static_cast<std::size_t>(i)] = instance.all_classes(i);
    for (int j = 0; j < n; ++j) {
      if (i == j) continue;
      const auto p = static_cast<std::size_t>(pair_index(i, j));
      low_[index(i, j)] = instance.lower[p];
      high_[index(i, j)] = instance.upper[p];
    }
  }
}

bool Domain::propagate() {
  if (instance_->infeasible) return false;
  const int n = instance_->n;
  for (int i = 0; i < n; ++i) {
    if (classes_[static_cast<std::size_t>(i)] == 0) return false;
    queue_.push_back({Kind::classes, i, i, 0});
    for (int j = 0; j < i; ++j) {
      if (low(i, j) > high(i, j)) return false;
      queue_.push_back({Kind::low, i, j, 0});
      queue_.push_back({Kind::high, i, j, 0});
    }
  }
  return drain();
}

bool Domain::raise(int i, int j, Rung rung) { return set_low(i, j, rung) && drain(); }
bool Domain::lower(int i, int j, Rung rung) { return set_high(i, j, rung) && drain(); }
bool Domain::restrict_classes(int i, ClassMask mask) { return set_classes(i, mask) && drain(); }

bool Domain::set_low(int i, int j, Rung rung) {
  Rung& low = low_[index(i, j)];
  if (rung <= low) return true;
  if (rung > high_[index(i, j)]) {
    queue_.clear();
    head_ = 0;
    return false;
  }
  trail_.push_back({Kind::low, i, j, low});
  low = rung;
  low_[index(j, i)] = rung;
  queue_.push_back({Kind::low, i, j, 0});
  return true;
}

bool Domain::set_high(int i, int j, Rung rung) {
  Rung& high = high_[index(i, j)];
  if (rung >= high) return true;
  if (rung < low_[index(i, j)]) {
    queue_.clear();
    head_ = 0;
    return false;
  }
  trail_.push_back({Kind::high, i, j, high});
  high = rung;
  high_[index(j, i)] = rung;
  queue_.push_back({Kind::high, i, j, 0});
  return true;
}

bool Domain::set_classes(int i, ClassMask mask) {
  ClassMask& current = classes_[static_cast<std::size_t>(i)];
  const ClassMask next = current & mask;
  if (next == current) return true;
  if (next == 0) {
    queue_.clear();
    head_ = 0;
    return false;
  }
  trail_.push_back({Kind::classes, i, i, current});
  current = next;
  queue_.push_back({Kind::classes, i, i, 0});
  return true;
}

bool Domain::drain() {
  while (head_ < queue_.size()) {
    const Change change = queue_[head_++];
    bool ok = true;
    switch (change.kind) {
      case Kind::low:
        ok = after_low(change.i, change.j);
        break;
      case Kind::high:
        ok = after_high(change.i, change.j);
        break;
      case Kind::classes:
        ok = after_classes(change.i);
        break;
    }
    if (!ok) {
      queue_.clear();
      head_ = 0;
      return false;
    }
  }
  queue_.clear();
  head_ = 0;
  return true;
}

bool Domain::after_low(int i, int j) {
  const Rung bound = low(i, j);
  for (int k = 0; k < instance_->n; ++k) {
    if (k == i || k == j) continue;
    // One of the two other sides reaches at least as high.
    if (high(i, k) < bound && !set_low(j, k, bound)) return false;
    if (high(j, k) < bound && !set_low(i, k, bound)) return false;
  }
  return true;
}

bool Domain::after_high(int i, int j) {
  const Rung bound = high(i, j);
  for (int k = 0; k < instance_->n; ++k) {
    if (k == i || k == j) continue;
    if (!set_high(i, k, std::max(bound, high(j, k)))) return false;
    if (!set_high(j, k, std::max(bound, high(i, k)))) return false;
    if (bound < low(i, k) && !set_low(j, k, low(i, k))) return false;
    if (bound < low(j, k) && !set_low(i, k, low(j, k))) return false;
  }
  if (bound == 0) {
    const auto n = instance_->n;
    if (!set_classes(i, instance_->co_resident[static_cast<std::size_t>(i * n + j)])) return false;
    if (!set_classes(j, instance_->co_resident[static_cast<std::size_t>(j * n + i)])) return false;
  }
  return true;
}

bool Domain::after_classes(int i) {
  const int n = instance_->n;
  for (int j = 0; j < n; ++j) {
    if (j == i || low(i, j) > 0) continue;
    if ((classes(i) & instance_->co_resident[static_cast<std::size_t>(i * n + j)]) == 0 &&
        !set_low(i, j, 1)) {
      return false;
    }
  }
  return true;
}

void Domain::restore(std::size_t mark) {
  while (trail_.size() > mark) {
    const Change& change = trail_.back();
    switch (change.kind) {
      case Kind::low:
        low_[index(change.i, change.j)] = static_cast<Rung>(change.before);
        low_[index(change.j, change.i)] = static_cast<Rung>(change.before);
        break;
      case Kind::high:
        high_[index(change.i, change.j)] = static_cast<Rung>(change.before);
        high_[index(change.j, change.i)] = static_cast<Rung>(change.before);
        break;
      case Kind::classes:
        classes_[static_cast<std::size_t>(change.i)] = change.before;
        break;
    }
    trail_.pop_back();
  }
}

bool Domain::clique_exceeds(int limit, Rung separate, Rung inside) const {
  // Members pairwise at least `separate` apart, all within one class below `inside`.
  const int n = instance_->n;
  std::vector<int> clique;
  for (int seed = 0; seed < n; ++seed) {
    clique.assign(1, seed);
    for (int k = 0; k < n; ++k) {
      if (k == seed) continue;
      const bool joins = std::all_of(clique.begin(), clique.end(), [&](int m) {
        return low(m, k) >= separate && high(m, k) < inside;
      });
      if (joins) clique.push_back(k);
    }
    if (static_cast<int>(clique.size()) > limit) return true;
  }
  return false;
}

bool Domain::limits_exceeded() const {
  const int n = instance_->n;
  if (n > instance_->keys &&
      clique_exceeds(instance_->keys, 1, static_cast<Rung>(instance_->address_space_rungs))) {
    return true;
  }
  return instance_->vms > 0 && n > instance_->vms &&
         clique_exceeds(instance_->vms, static_cast<Rung>(instance_->vm_rungs), 255);
}

}  // namespace flexos
