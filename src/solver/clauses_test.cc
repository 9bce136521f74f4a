#include "solver/clauses.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

/// Nine pigeons in eight holes: easy to say, dear to refute.
void add_pigeons(Clauses& clauses) {
  constexpr std::size_t kHoles = 8;
  std::vector<std::vector<Literal>> in(kHoles + 1);
  for (auto& holes : in) {
    for (std::size_t h = 0; h < kHoles; ++h) holes.push_back(clauses.fresh());
    clauses.add(holes);
  }
  for (std::size_t h = 0; h < kHoles; ++h) {
    for (std::size_t a = 0; a < in.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) clauses.add({!in[a][h], !in[b][h]});
    }
  }
}

TEST(ClausesLimits, AllQuestionsTogetherHaveTheTotal) {
  z3::context context;
  Clauses clauses(context);
  add_pigeons(clauses);
  constexpr std::int64_t kTotal = 30'000;
  clauses.limit({.deadline = {}, .each = 10'000, .total = kTotal});
  const std::int64_t before = clauses.effort();
  for (int question = 0; question < 20; ++question) EXPECT_EQ(clauses.check(), z3::unknown);
  const std::int64_t spent = clauses.effort() - before;
  EXPECT_GE(spent, kTotal);
  EXPECT_LT(spent, 2 * kTotal);  // Z3 looks from time to time only
  EXPECT_EQ(clauses.check(clauses.fresh()), z3::unknown);
  EXPECT_EQ(clauses.effort() - before, spent);
}

TEST(ClausesLimits, NothingIsAskedAfterTheDeadline) {
  z3::context context;
  Clauses clauses(context);
  clauses.add({clauses.fresh()});
  EXPECT_EQ(clauses.check(), z3::sat);
  Deadline passed;
  passed.at = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  clauses.limit({.deadline = passed, .each = {}, .total = {}});
  EXPECT_EQ(clauses.check(), z3::unknown);
  clauses.limit({});
  EXPECT_EQ(clauses.check(), z3::sat);
}

TEST(ClausesLimits, WhatIsTakenBackIsForgotten) {
  z3::context context;
  Clauses clauses(context);
  add_pigeons(clauses);
  clauses.limit({.deadline = {}, .each = 10'000, .total = {}});
  EXPECT_EQ(clauses.check(), z3::unknown);
  clauses.limit({});
  EXPECT_EQ(clauses.check(), z3::unsat);
}

}  // namespace
}  // namespace flexos
