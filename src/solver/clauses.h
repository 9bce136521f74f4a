#pragma once

#include <z3++.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "solver/deadline.h"

namespace flexos {

/// A Boolean of `Clauses`, or its negation, or a constant.
class Literal {
 public:
  constexpr Literal() = default;  ///< false
  static constexpr Literal constant(bool value) { return Literal(value ? 1U : 0U); }

  constexpr Literal operator!() const { return Literal(code_ ^ 1U); }
  constexpr bool is_false() const { return code_ == 0; }
  constexpr bool is_true() const { return code_ == 1; }
  constexpr auto operator<=>(const Literal&) const = default;

 private:
  friend class Clauses;
  explicit constexpr Literal(unsigned code) : code_(code) {}
  std::size_t variable() const { return (code_ >> 1) - 1; }
  bool negative() const { return (code_ & 1U) != 0; }

  unsigned code_ = 0;  ///< 0 false, 1 true; from 2 on: twice the variable's number, + 1 = not
};

/// Clauses and pseudo-Boolean sums for one Z3 solver. Constants are folded before Z3 sees them:
/// to build a term, have Z3 simplify it and take it apart again costs more than most answers.
class Clauses {
 public:
  explicit Clauses(z3::context& context);

  Literal fresh();
  void add(std::initializer_list<Literal> clause) { add(std::vector<Literal>(clause)); }
  void add(const std::vector<Literal>& clause);

  /// `guard` implies that at most `count` of them hold.
  void at_most(const std::vector<Literal>& literals, int count,
               Literal guard = Literal::constant(true));

  /// sum of weights of those that hold <= limit. Weights positive, their sum below 2^31: Z3's
  /// coefficients are C ints and overflow silently.
  void at_most(const std::vector<std::pair<Literal, int>>& terms, int limit);

  /// What Z3 may spend, in its own deterministic unit: the same verdict on every machine.
  struct Limits {
    Deadline deadline;
    std::optional<std::int64_t> each;   ///< a question
    std::optional<std::int64_t> total;  ///< all of them from now on
  };
  void limit(const Limits& limits) {
    limits_ = limits;
    limited_ = true;
  }

  /// One question, within what is left of effort and time; `unknown` at once where nothing is.
  z3::check_result check(const std::vector<Literal>& assumptions = {});
  z3::check_result check(Literal assumption) { return check(std::vector<Literal>{assumption}); }

  /// The same with these clauses, which are forgotten afterwards. What defines their literals must
  /// have been added before.
  z3::check_result check_with(const std::vector<std::vector<Literal>>& clauses,
                              const std::vector<Literal>& assumptions);

  /// What Z3 has spent so far.
  std::int64_t effort() const;

  /// Reads the model of the last check that was `sat`.
  void fetch_model();
  bool holds(Literal literal) const;

 private:
  z3::expr term(Literal literal);
  bool share_out();

  z3::context& context_;
  z3::solver solver_;
  std::vector<z3::expr> positive_;
  std::vector<z3::expr> negative_;
  std::vector<bool> model_;
  Limits limits_;
  bool limited_ = false;  ///< limits_ were ever said
};

}  // namespace flexos
