#include "solver/unfold.h"

#include <algorithm>
#include <utility>

#include "solver/scalarised.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// So many clauses together are a question for Z3. (From 30 to 1000 it takes the same time.)
constexpr std::size_t kMany = 60;

/// A box is tried for so many layouts.
constexpr std::int64_t kFew = 4;

}  // namespace

Unfolding::Unfolding(const Spec& spec, Encoding& encoding, LayoutSums& sums, const Instance& advice,
                     Settled settled)
    : encoding_(encoding),
      sums_(sums),
      settled_(std::move(settled)),
      order_(placement_order(advice)),
      bounds_(spec, encoding, sums, advice, order_),
      stages_(order_.size() + 1),
      levels_(order_.size() + 1, std::vector<Level>(order_.size())) {}

bool Unfolding::run() {
  if (order_.size() < 2) return true;
  if (!bounds_.fits()) return false;
  const Finding finding = bounds_.begin(stages_[1]);
  if (finding == Finding::nothing_new) pending_.push_back({});
  if (finding == Finding::open) {
    sums_.spend(encoding_.add_triangles());
    unfold(stages_[1], Literal::constant(true));
  }
  if (exhausted()) return false;
  for (const Clause& clause : pending_) encoding_.clauses().add(clause);
  return true;
}

/// `given`: those placed are where the stage has them.
void Unfolding::unfold(const Stage& stage, Literal given) {
  const std::size_t from = pending_.size();
  within(stage, stage.places, std::vector<Units>(bounds_.weightings(), 0), {!given});
  conclude(from, given);
}

/// The next is within the place, or else one of `outside` holds. `others`: what its pairs with
/// those around the place add.
void Unfolding::within(const Stage& stage, const Places& place, const std::vector<Units>& others,
                       const Clause& outside) {
  if (exhausted()) return;
  const int next = order_[at(stage.placed)];
  const Level level = sums_.levels()[place.rung];
  const auto set_levels = [&] {
    for (const int m : place.members) levels_[at(stage.placed)][at(m)] = level;
  };

  Clause elsewhere = outside;
  for (const Places& inside : place.nearer) {
    elsewhere.push_back(!encoding_.apart(next, inside.members.front(), level));
  }
  const Finding here = bounds_.look(stage, others, place, false);
  if (here == Finding::nothing_new) pending_.push_back(elsewhere);
  if (here == Finding::open) {
    set_levels();
    arrive(stage, place, others, std::move(elsewhere));
  }
  std::vector<Units> around;
  for (const Places& inside : place.nearer) {
    elsewhere = outside;
    elsewhere.push_back(encoding_.apart(next, inside.members.front(), level));
    around = others;
    for (std::size_t k = 0; k < around.size(); ++k) around[k] += inside.others[k];
    const Finding nearer = bounds_.look(stage, around, inside, true);
    if (nearer == Finding::nothing_new) pending_.push_back(elsewhere);
    if (nearer == Finding::open) {
      set_levels();
      within(stage, inside, around, elsewhere);
    }
  }
}

/// The next is at the place, where levels_ has it, or else one of `elsewhere` holds.
void Unfolding::arrive(const Stage& stage, const Places& place, const std::vector<Units>& others,
                       Clause elsewhere) {
  Stage& now = stages_[at(stage.placed) + 1];
  Finding finding = bounds_.place(stage, others, place, levels_[at(stage.placed)], now);
  if (finding == Finding::open && settled(now)) finding = Finding::nothing_new;
  if (finding == Finding::nothing_new) pending_.push_back(elsewhere);
  if (finding != Finding::open || at(now.placed) == order_.size()) return;
  const std::size_t length = path_.size();
  for (const Literal literal : elsewhere) path_.push_back(!literal);
  const Literal arrived = encoding_.clauses().fresh();
  elsewhere.push_back(arrived);
  pending_.push_back(std::move(elsewhere));
  unfold(now, arrived);
  path_.resize(length);
}

/// Where there is much below, Z3 is asked at once whether anything is left of it, and then needs to
/// know only that there is not: its effort grows faster than what it is told. It may be told so of
/// `given` alone, without the path: what is new somewhere else does without this literal.
void Unfolding::conclude(std::size_t from, Literal given) {
  if (pending_.size() - from < kMany || given.is_true() || exhausted()) return;
  const auto first = pending_.begin() + static_cast<std::ptrdiff_t>(from);
  std::vector<Literal> assumptions = path_;
  assumptions.push_back(given);
  const auto verdict = encoding_.clauses().check_with({first, pending_.end()}, assumptions);
  undecided_ = verdict == z3::unknown;
  if (verdict != z3::unsat) return;
  pending_.erase(first, pending_.end());
  pending_.push_back({!given});
}

/// Of one layout sums say it all. Of a box they are dear, and may say nothing: they are formed of
/// few, and of as many more as turn out to be worth it.
bool Unfolding::settled(const Stage& stage) {
  const bool layout = at(stage.placed) == order_.size();
  if (!layout && tried_ > layouts_ / kFew + saved_) return false;
  std::vector<std::size_t> rest;
  const bool settled = settled_ ? settled_(stage.box) : sums_.settled(stage.box, rest);
  if (layout) ++layouts_;
  if (!layout) ++tried_;
  if (!layout && settled) ++saved_;
  return settled;
}

}  // namespace flexos
