#include "solver/safest.h"

#include <algorithm>

#include "model/order.h"
#include "solver/test_specs.h"

namespace flexos {
namespace {

/// x comes in a variant that is free and verified, and in one that is dear, no better than the
/// default, and yet said to be safer than the verified one: what is safer may be riskier.
constexpr const char* kRiskierIsSafer = R"(flexos: 1
components:
  - component: x
    behavior: {reads: [own], writes: [own], calls: []}
    api: [f]
    calls: {y: [f], z: [f]}
    variants:
      proved: {evidence: review}
      heavy: {slowdown: 1.14, safer_than: [proved]}
  - component: y
    behavior: {reads: [own], writes: [own], calls: []}
    api: [f]
  - component: z
    behavior: {reads: [own], writes: [own], calls: []}
    api: [f]
weights: {risk: {y: 0, z: 0}, asset: {y: 10, z: 11}}
budget: {slowdown: 1.18}
profile: {base: 100, calls: {x: {y: 5, z: 14}}, work: {x: 100}}
explore: {hardening: []}
define:
  mechanisms:
    none:  {level: 0, strength: 0, gate: 0, backend: true}
    light: {level: 10, strength: 60, gate: 1, backend: true}
)";

TEST(Safest, WhereSaferMayBeRiskierNothingIsLeftOut) {
  const Spec spec = test::parse(kRiskierIsSafer);
  ASSERT_FALSE(risk_follows_order(spec));
  const std::vector<Configuration> all = test::admissible(spec);
  std::vector<double> risks;
  for (const Configuration& c : all) {
    const bool below = std::any_of(all.begin(), all.end(), [&](const Configuration& other) {
      return other != c && at_least_as_safe(spec, other, c);
    });
    if (!below) risks.push_back(judge(spec, c).residual_risk);
  }
  std::sort(risks.begin(), risks.end());
  ASSERT_GE(risks.size(), 3U);
  for (std::size_t limit = 1; limit <= risks.size(); ++limit) {
    SafestRequest request;
    request.limit = static_cast<int>(limit);
    const Safest found = safest(spec, request);
    ASSERT_FALSE(found.error) << *found.error;
    EXPECT_TRUE(found.exact);
    ASSERT_EQ(found.maximal.size(), limit);
    for (std::size_t k = 0; k < limit; ++k) {
      EXPECT_EQ(judge(spec, found.maximal[k]).residual_risk, risks[k]) << "of " << limit;
    }
    if (!found.complete) {
      EXPECT_EQ(found.certificate.proof, Proof::bound);
      EXPECT_FALSE(found.certificate.note.empty());
    }
  }
}

}  // namespace
}  // namespace flexos
