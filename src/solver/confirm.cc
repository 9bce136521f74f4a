#include "solver/confirm.h"

#include <fmt/format.h>

namespace flexos {

namespace {

constexpr int kCertifyUpTo = 20;

// Sums are formed at a hundred millions a second, Z3 has four million units in one.
Share asked_for(Share usual, const Ask& request) {
  constexpr std::int64_t kAsked = 1000;
  return request.certify == Certify::always ? Share{usual.effort * kAsked, usual.work * kAsked}
                                            : usual;
}

}  // namespace

bool certifiable(const Spec& spec, const Ask& request) {
  return request.certify == Certify::always ||
         (request.certify == Certify::automatic && spec.size() <= kCertifyUpTo);
}

std::string why_not_certified(const Spec& spec, const Ask& request) {
  if (request.certify == Certify::never || certifiable(spec, request)) return "";
  return fmt::format("more than {} components: ask Z3 to confirm with --certify", kCertifyUpTo);
}

Share share_of_search(std::int64_t nodes, std::int64_t sums, const Ask& request,
                      std::size_t listed) {
  // The more nodes a search has, the less each takes it.
  constexpr std::int64_t kFew = 500'000;
  const std::int64_t few = std::min(nodes, kFew);
  const auto elements = static_cast<std::int64_t>(listed);
  return asked_for({1'000'000 + 150 * few + 10 * nodes + sums / 3 + 1'000 * elements,
                    15'000'000 + 5'000 * few + 400 * nodes + 2 * sums + 30'000 * elements},
                   request);
}

void settle(const Spec& spec, const RefutationResult& verdict, Certificate& certificate,
            std::optional<std::string>& error) {
  switch (verdict.verdict) {
    case Refutation::confirmed:
      certificate.proof = Proof::z3;
      break;
    case Refutation::undecided:
      certificate.note = "Z3 did not decide in its share of effort and time";
      break;
    case Refutation::refuted: {
      const std::string id = configuration_id(spec, verdict.counterexample);
      error = fmt::format(
          "internal disagreement: {}; please report this spec",
          verdict.in_answer
              ? fmt::format("configuration {} of the answer is not what the search takes it for",
                            id)
              : fmt::format("Z3 finds configuration {} that the search missed", id));
      break;
    }
  }
}

}  // namespace flexos
