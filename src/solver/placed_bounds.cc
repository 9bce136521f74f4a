#include "solver/placed_bounds.h"

#include <algorithm>
#include <utility>

#include "solver/nesting.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The members, by who is within `level` of whom. They are placed.
std::vector<std::vector<int>> classes_within(const std::vector<int>& members, int level,
                                             const Box& box) {
  std::vector<std::vector<int>> classes;
  for (const int m : members) {
    const auto mine = std::find_if(classes.begin(), classes.end(), [&](const auto& c) {
      return box.high[at(pair_index(c.front(), m))] <= level;
    });
    if (mine != classes.end()) {
      mine->push_back(m);
    } else {
      classes.push_back({m});
    }
  }
  return classes;
}

/// Between what levels each pair is: the search's narrower ones, if Z3 proves them.
Box ranges_of(Encoding& encoding, const Instance& advice) {
  Box ranges{encoding.lowest(), encoding.highest()};
  if (advice.infeasible) return ranges;
  Box narrower;
  for (std::size_t p = 0; p < advice.pairs(); ++p) {
    narrower.low.push_back(std::max(ranges.low[p], advice.levels[advice.lower[p]]));
    narrower.high.push_back(std::min(ranges.high[p], advice.levels[advice.upper[p]]));
  }
  const bool proven = narrower != ranges && encoding.prove_ranges(narrower.low, narrower.high);
  return proven ? narrower : ranges;
}

}  // namespace

PlacedBounds::PlacedBounds(const Spec& spec, Encoding& encoding, LayoutSums& sums,
                           const Instance& advice, const std::vector<int>& order)
    : spec_(spec),
      advice_(advice),
      sums_(sums),
      crowds_(spec, encoding, advice),
      risks_(sums.risks()),
      order_(order),
      n_(spec.size()),
      ranges_(ranges_of(encoding, advice)),
      bounds_(spec, encoding, sums.risks(), sums.lists(), ranges_),
      count_(bounds_.weightings()),
      none_(count_, 0),
      sum_(count_) {
  if (!fits()) return;
  bounds_.look_for(sums.stairs(), encoding.most_cost());
  surplus_ = nesting_surplus(bounds_, order, sums.levels(), ranges_);
}

std::pair<Units, Units> PlacedBounds::openness(std::size_t p, const Box& box) const {
  Units least = risks_.openness[box.low[p]];
  Units most = least;
  for (const Level l : sums_.levels()) {
    if (l < box.low[p] || l > box.high[p]) continue;
    least = std::min(least, risks_.openness[l]);
    most = std::max(most, risks_.openness[l]);
  }
  return {least, most};
}

bool PlacedBounds::nothing_new(const Units* pairs, const Units* row, const Units* others,
                               const Units* own) {
  for (std::size_t k = 0; k < count_; ++k) sum_[k] = pairs[k] + row[k] + others[k] + own[k];
  std::size_t work = 2 * count_;
  const bool nothing = bounds_.nothing_new(sum_.data(), work);
  sums_.spend(work);
  return nothing;
}

/// Component i, with the openness and the mates that it has now. False: no option is left to it.
bool PlacedBounds::price(int i, Stage& stage) {
  Members mates;
  for (int j = 0; j < n_; ++j) {
    if (j != i && stage.box.high[at(pair_index(i, j))] == 0) mates.push_back(j);
  }
  const OptionLists::Steps& steps = sums_.lists().of(i, mates);
  if (steps.best.empty()) return false;
  Units* own = stage.owns.data() + at(i) * count_;
  for (std::size_t k = 0; k < count_; ++k) stage.own[k] -= own[k];
  bounds_.own(i, steps, stage.low[at(i)], stage.high[at(i)], own);
  for (std::size_t k = 0; k < count_; ++k) stage.own[k] += own[k];
  sums_.spend(2 * count_ * steps.hull.size());
  return true;
}

PlacedBounds::Finding PlacedBounds::begin(Stage& stage) {
  stage.placed = 1;
  stage.box = ranges_;
  stage.pairs.assign(count_, 0);
  stage.own.assign(count_, 0);
  stage.owns.assign(at(n_) * count_, 0);
  stage.low.assign(at(n_), 0);
  stage.high.assign(at(n_), 0);
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      for (std::size_t k = 0; k < count_; ++k) stage.pairs[k] += least(p)[k];
      const auto [narrow, wide] = openness(p, stage.box);
      for (const auto& [a, v] : {std::pair{i, j}, std::pair{j, i}}) {
        stage.low[at(a)] += risks_.weight[at(a * n_ + v)] * narrow;
        stage.high[at(a)] += risks_.weight[at(a * n_ + v)] * wide;
      }
    }
  }
  for (int i = 0; i < n_; ++i) {
    if (!price(i, stage)) return Finding::impossible;
  }
  return look_around(stage);
}

PlacedBounds::Finding PlacedBounds::look(const Stage& stage, const std::vector<Units>& others,
                                         const Places& place, bool nearer) {
  const Units* row = nearer ? place.least.data() : place.here.data();
  if (row[0] >= kNowhere / 2 || others[0] >= kNowhere / 2) return Finding::impossible;
  return nothing_new(stage.rest.data(), row, others.data(), stage.own.data()) ? Finding::nothing_new
                                                                              : Finding::open;
}

PlacedBounds::Finding PlacedBounds::place(const Stage& stage, const std::vector<Units>& others,
                                          const Places& place, const std::vector<Level>& levels,
                                          Stage& now) {
  const int next = order_[at(stage.placed)];
  now.placed = stage.placed + 1;
  now.box = stage.box;
  now.pairs = stage.pairs;
  now.own = stage.own;
  now.owns = stage.owns;
  now.low = stage.low;
  now.high = stage.high;
  for (int b = 0; b < stage.placed; ++b) {
    const int member = order_[at(b)];
    const auto p = at(pair_index(next, member));
    const Level level = levels[at(member)];
    now.box.low[p] = now.box.high[p] = level;
    const Units* pair = bounds_.pair(p, level);
    for (std::size_t k = 0; k < count_; ++k) now.pairs[k] += pair[k] - least(p)[k];
    const auto [low, high] = openness(p, stage.box);
    for (const auto& [a, v] : {std::pair{next, member}, std::pair{member, next}}) {
      const Units weight = risks_.weight[at(a * n_ + v)];
      now.low[at(a)] += weight * (risks_.openness[level] - low);
      now.high[at(a)] += weight * (risks_.openness[level] - high);
    }
  }
  for (int b = 0; b < now.placed; ++b) {
    const int i = order_[at(b)];
    const bool same = i != next && levels[at(i)] != 0 && now.low[at(i)] == stage.low[at(i)] &&
                      now.high[at(i)] == stage.high[at(i)];
    if (!same && !price(i, now)) return Finding::impossible;
  }
  if (nothing_new(stage.rest.data(), place.here.data(), others.data(), now.own.data())) {
    return Finding::nothing_new;
  }
  return look_around(now);
}

/// Where can those to come be?
PlacedBounds::Finding PlacedBounds::look_around(Stage& stage) {
  const auto judge = [&](const std::vector<Units>& pairs) {
    return nothing_new(pairs.data(), none_.data(), none_.data(), stage.own.data())
               ? Finding::nothing_new
               : Finding::open;
  };
  if (stage.placed == n_) return within_limits(stage) ? judge(stage.pairs) : Finding::impossible;
  look_for_room(stage);
  stage.places.members.assign(order_.begin(), order_.begin() + stage.placed);
  stage.places.rung = sums_.levels().size() - 1;
  find_places(stage, stage.places);
  sums_.spend(count_ * at(n_ - stage.placed) * at(stage.placed));
  stage.rest = stage.pairs;
  const std::vector<Units>& surplus = surplus_[at(stage.placed)];
  for (std::size_t k = 0; k < count_; ++k) stage.rest[k] += surplus[k];
  for (int u = stage.placed; u < n_; ++u) {
    const Units* row = stage.places.least.data() + at(u - stage.placed) * count_;
    if (row[0] >= kNowhere / 2) return Finding::impossible;
    for (const int m : stage.places.members) {
      const Units* pair = least(at(pair_index(order_[at(u)], m)));
      for (std::size_t k = 0; k < count_; ++k) stage.rest[k] -= pair[k];
    }
    for (std::size_t k = 0; k < count_; ++k) stage.rest[k] += row[k];
  }
  const Finding finding = judge(stage.rest);
  const Units* next = stage.places.least.data();
  for (std::size_t k = 0; k < count_; ++k) stage.rest[k] -= next[k];
  return finding;
}

void PlacedBounds::look_for_room(Stage& stage) {
  const Members placed(order_.begin(), order_.begin() + stage.placed);
  const Members others(order_.begin() + stage.placed, order_.end());
  stage.full.assign(at(n_), false);
  for (const Members& space : classes_within(placed, spec_.pt - 1, stage.box)) {
    if (!crowds_.no_compartment_more(classes_within(space, 0, stage.box), others)) continue;
    for (const int m : space) stage.full[at(m)] = true;
  }
  stage.vms_full = crowds_.no_vm_more(classes_within(placed, spec_.vm - 1, stage.box), others);
}

/// Adds what the pairs of those to come with these members add at a rung.
void PlacedBounds::add_rows(const Stage& stage, const Members& members, std::size_t rung,
                            std::vector<Units>& rows) const {
  const Level level = sums_.levels()[rung];
  for (int u = stage.placed; u < n_; ++u) {
    Units* row = rows.data() + at(u - stage.placed) * count_;
    for (const int m : members) {
      const auto p = at(pair_index(order_[at(u)], m));
      const bool possible = level >= stage.box.low[p] && level <= stage.box.high[p];
      const Units* pair = bounds_.pair(p, level);
      for (std::size_t k = 0; k < count_; ++k) row[k] += possible ? pair[k] : kNowhere;
    }
  }
}

void PlacedBounds::find_places(const Stage& stage, Places& place) const {
  place.here.assign(at(n_ - stage.placed) * count_, 0);
  if (place.rung == 0) {
    place.nearer.clear();
    add_rows(stage, place.members, 0, place.here);
    place.least = place.here;
    return;
  }
  auto classes = classes_within(place.members, sums_.levels()[place.rung - 1], stage.box);
  place.nearer.resize(classes.size());  // what is there keeps its memory
  for (std::size_t c = 0; c < classes.size(); ++c) {
    Places& inside = place.nearer[c];
    inside.members = std::move(classes[c]);
    inside.rung = place.rung - 1;
    inside.others.assign(place.here.size(), 0);
    add_rows(stage, inside.members, place.rung, inside.others);
    for (std::size_t k = 0; k < place.here.size(); ++k) place.here[k] += inside.others[k];
  }
  const Level level = sums_.levels()[place.rung];
  const bool no_room = level < spec_.pt   ? stage.full[at(place.members.front())]
                       : level < spec_.vm ? false
                                          : stage.vms_full;
  place.least = place.here;
  if (no_room) std::fill(place.least.begin(), place.least.end(), kNowhere);
  for (Places& inside : place.nearer) {
    find_places(stage, inside);
    for (std::size_t k = 0; k < place.here.size(); ++k) {
      inside.others[k] = place.here[k] - inside.others[k];
      place.least[k] = std::min(place.least[k], inside.others[k] + inside.least[k]);
    }
  }
  if (no_room) std::fill(place.here.begin(), place.here.end(), kNowhere);
}

/// What the search takes for too many of anything.
bool PlacedBounds::within_limits(const Stage& stage) const {
  std::vector<Rung> rungs;
  const auto& levels = sums_.levels();
  for (const Level level : stage.box.high) {
    rungs.push_back(
        static_cast<Rung>(std::lower_bound(levels.begin(), levels.end(), level) - levels.begin()));
  }
  return flexos::within_limits(advice_, rungs);
}

}  // namespace flexos
