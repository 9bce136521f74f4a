#include "solver/clauses.h"

#include <algorithm>
#include <limits>

namespace flexos {

Clauses::Clauses(z3::context& context) : context_(context), solver_(context, z3::solver::simple()) {
  // Which atoms matter to a formula's value: bookkeeping for quantifiers, of which there are none.
  z3::params params(context_);
  params.set("relevancy", 0U);
  solver_.set(params);
}

Literal Clauses::fresh() {
  const auto number = static_cast<int>(positive_.size());
  positive_.push_back(context_.constant(context_.int_symbol(number), context_.bool_sort()));
  negative_.push_back(!positive_.back());
  return Literal(2 * (static_cast<unsigned>(number) + 1));
}

z3::expr Clauses::term(Literal literal) {
  if (literal.is_true() || literal.is_false()) return context_.bool_val(literal.is_true());
  return literal.negative() ? negative_[literal.variable()] : positive_[literal.variable()];
}

void Clauses::add(const std::vector<Literal>& clause) {
  std::vector<Z3_ast> parts;
  for (const Literal literal : clause) {
    if (literal.is_true()) return;
    if (literal.is_false()) continue;
    parts.push_back(literal.negative() ? negative_[literal.variable()]
                                       : positive_[literal.variable()]);
  }
  if (parts.empty()) {
    solver_.add(context_.bool_val(false));
    return;
  }
  const Z3_ast made = parts.size() == 1
                          ? parts.front()
                          : Z3_mk_or(context_, static_cast<unsigned>(parts.size()), parts.data());
  context_.check_error();
  solver_.add(z3::expr(context_, made));
}

void Clauses::at_most(const std::vector<Literal>& literals, int count, Literal guard) {
  std::vector<std::pair<Literal, int>> terms;
  for (const Literal literal : literals) {
    if (literal.is_true()) --count;
    if (!literal.is_true() && !literal.is_false()) terms.emplace_back(literal, 1);
  }
  const auto most = static_cast<int>(terms.size());
  if (count < 0) {
    add({!guard});
    return;
  }
  if (most <= count) return;
  // With the guard, what is above `count` is missing.
  if (!guard.is_true()) terms.emplace_back(guard, most - count);
  at_most(terms, guard.is_true() ? count : most);
}

void Clauses::at_most(const std::vector<std::pair<Literal, int>>& terms, int limit) {
  std::vector<Z3_ast> literals;
  std::vector<int> weights;
  for (const auto& [literal, weight] : terms) {
    if (literal.is_true()) limit -= weight;
    if (literal.is_true() || literal.is_false()) continue;
    literals.push_back(literal.negative() ? negative_[literal.variable()]
                                          : positive_[literal.variable()]);
    weights.push_back(weight);
  }
  if (limit < 0) {
    add({});
    return;
  }
  if (literals.empty()) return;
  const Z3_ast made = Z3_mk_pble(context_, static_cast<unsigned>(literals.size()), literals.data(),
                                 weights.data(), limit);
  context_.check_error();
  solver_.add(z3::expr(context_, made));
}

/// Gives the next question its part; false: nothing is left.
bool Clauses::share_out() {
  if (!limited_) return true;
  if (limits_.deadline.passed() || (limits_.total && *limits_.total <= 0)) return false;
  // Z3 keeps what it was told last, so both are said each time; these two are what it starts with.
  constexpr std::int64_t kAll = std::numeric_limits<unsigned>::max();
  unsigned effort = 0;
  unsigned milliseconds = std::numeric_limits<unsigned>::max();
  if (limits_.each || limits_.total) {
    effort =
        static_cast<unsigned>(std::min(limits_.each.value_or(kAll), limits_.total.value_or(kAll)));
  }
  if (limits_.deadline.at != std::chrono::steady_clock::time_point::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        limits_.deadline.at - std::chrono::steady_clock::now());
    milliseconds = static_cast<unsigned>(std::clamp<std::int64_t>(left.count(), 1, 1 << 30));
  }
  z3::params params(context_);
  params.set("rlimit", effort);
  params.set("timeout", milliseconds);
  solver_.set(params);
  return true;
}

z3::check_result Clauses::check(const std::vector<Literal>& assumptions) {
  if (!share_out()) return z3::unknown;
  const std::int64_t before = limits_.total ? effort() : 0;
  z3::expr_vector assumed(context_);
  for (const Literal literal : assumptions) {
    if (!literal.is_true()) assumed.push_back(term(literal));
  }
  const z3::check_result verdict = assumed.empty() ? solver_.check() : solver_.check(assumed);
  if (limits_.total) *limits_.total -= effort() - before;
  return verdict;
}

z3::check_result Clauses::check_with(const std::vector<std::vector<Literal>>& clauses,
                                     const std::vector<Literal>& assumptions) {
  solver_.push();
  for (const auto& clause : clauses) add(clause);
  const z3::check_result verdict = check(assumptions);
  solver_.pop();
  return verdict;
}

std::int64_t Clauses::effort() const {
  const z3::stats stats = solver_.statistics();
  for (unsigned k = 0; k < stats.size(); ++k) {
    if (stats.key(k) == "rlimit count") return stats.uint_value(k);
  }
  return 0;
}

void Clauses::fetch_model() {
  const z3::model model = solver_.get_model();
  model_.assign(positive_.size(), false);
  for (std::size_t v = 0; v < positive_.size(); ++v) {
    // What a model leaves out may be either. Asking for a constant's value is several times
    // faster than evaluating an expression.
    const Z3_ast value = Z3_model_get_const_interp(
        context_, model, Z3_get_app_decl(context_, Z3_to_app(context_, positive_[v])));
    model_[v] = value != nullptr && Z3_get_bool_value(context_, value) == Z3_L_TRUE;
  }
}

bool Clauses::holds(Literal literal) const {
  if (literal.is_true() || literal.is_false()) return literal.is_true();
  const bool value = literal.variable() < model_.size() && model_[literal.variable()];
  return value != literal.negative();
}

}  // namespace flexos
