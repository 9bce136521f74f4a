#include "bench/additive_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "bench/cholesky.h"

// Problem: after five or ten measurements of eighty images, say how fast each of the others will
// be, and how sure that is. Being sure without reason loses a star; never being sure measures all.
//
// Idea: Bayesian linear regression, written as a Gaussian process (only products of candidates are
// needed, so columns may be collinear and more than measurements). The time of candidate c, in
// units of the unprotected one's, is
//
//     t_c = m_c + b_0 + sum over choices k of b_k x_ck + sum over pairs of choices b_kl x_ck x_cl +
//     e_c
//
// with independent normal b_0, b_k ~ scale, b_kl ~ scale * interaction (two choices that together
// cost more or less than the sum), and e_c ~ misfit * t_c, what is particular to one image: the
// luck of its code's alignment, and no neighbour tells. m_c is the profile's prediction; without a
// profile it grows by a part of `scale` with every choice, for protection costs more often than it
// pays.
//
// Scale, interaction and misfit are not known either. Instead of the best values, which after few
// measurements are too sure of themselves, a grid of them is weighed by how probable each makes
// what was measured (the marginal likelihood), and the forecast is the mixture: its tails stay
// heavy until the data have spoken. On the published FlexOS data 68, 95 and 98 % of left-out
// measurements are within 1, 2 and 2.5 deviations.
//
// Alternatives measured on that data: a product of factors (logarithm of time) errs two to three
// times as far; ordinary least squares needs more measurements than choices before it says
// anything, and its intervals trust the sum too much.

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

constexpr std::array kScales{0.1, 0.2, 0.4, 0.8, 1.6};
// The largest are real: asan on ramfs behind a boundary of its own takes six times what the two
// take by themselves (tests/replay/sqlite.csv).
constexpr std::array kInteractions{0.0, 0.1, 0.25, 0.6, 1.5};
constexpr std::array kMisfits{0.0025, 0.005, 0.01, 0.02, 0.04, 0.08};
constexpr double kLikelyMisfit = 0.02;        // before measuring: published data have 2.5 to 5 %,
constexpr double kMisfitSpread = 0.8;         // exact clocks less
constexpr double kConstant = 0.3;             // deviation of b_0
constexpr double kCostsRatherThanPays = 0.7;  // part of `scale`
constexpr double kNegligible = 1e-6;          // weight of a setting

double normal_below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double square(double x) { return x * x; }

}  // namespace

AdditiveModel::AdditiveModel(const SearchSpace& space) : space_(space) {
  product_.assign(at(space.size), std::vector<double>(at(space.size)));
  square_ = product_;
  for (int a = 0; a < space.size; ++a) {
    for (int b = 0; b <= a; ++b) {
      const auto& x = space.features[at(a)];
      const auto& y = space.features[at(b)];
      double sum = 0;
      double squares = 0;
      for (std::size_t k = 0; k < x.size(); ++k) {
        sum += x[k] * y[k];
        squares += square(x[k] * y[k]);
      }
      product_[at(a)][at(b)] = product_[at(b)][at(a)] = sum;
      square_[at(a)][at(b)] = square_[at(b)][at(a)] = squares;
    }
  }
}

double AdditiveModel::prior_mean(const Setting& setting, int candidate) const {
  if (!space_.predicted.empty()) return space_.predicted[at(candidate)];
  double choices = 0;
  for (const double x : space_.features[at(candidate)]) choices += x;
  return 1 + kCostsRatherThanPays * setting.scale * choices;
}

double AdditiveModel::prior_covariance(const Setting& setting, int a, int b) const {
  const double sum = product_[at(a)][at(b)];
  // Products of two different choices: (sum)^2 holds each twice, and the squares besides.
  const double pairs = 0.5 * (sum * sum - square_[at(a)][at(b)]);
  return square(kConstant) + square(setting.scale) * (sum + square(setting.interaction) * pairs);
}

AdditiveModel::Fitted AdditiveModel::fitted(const Setting& setting) const {
  Cholesky seen;
  std::vector<double> rest;  // what the prior does not explain
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    std::vector<double> row;
    for (std::size_t j = 0; j <= i; ++j) {
      row.push_back(prior_covariance(setting, seen_[i].candidate, seen_[j].candidate));
    }
    row.back() += square(setting.misfit * seen_[i].time / unit_) + square(seen_[i].error / unit_);
    seen.append(row);
    rest.push_back(seen_[i].time / unit_ - prior_mean(setting, seen_[i].candidate));
  }
  Fitted fitted{setting, 0, {}, {}};
  double misses = 0;
  for (const double x : seen.forward(rest)) misses += x * x;
  fitted.weight = -0.5 * (square(std::log(setting.misfit / kLikelyMisfit) / kMisfitSpread) +
                          misses + seen.log_determinant());
  const std::vector<double> explained = seen.solve(rest);
  for (int c = 0; c < space_.size; ++c) {
    std::vector<double> common;
    double mean = prior_mean(setting, c);
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      common.push_back(prior_covariance(setting, c, seen_[i].candidate));
      mean += common.back() * explained[i];
    }
    double variance = prior_covariance(setting, c, c);
    for (const double x : seen.forward(common)) variance -= x * x;
    fitted.mean.push_back(mean);
    fitted.variance.push_back(std::max(variance, 0.0));
  }
  return fitted;
}

void AdditiveModel::fit(const std::vector<Timing>& seen) {
  seen_ = seen;
  // The prior's unit: with a profile what makes it right on average; without one, the fastest.
  unit_ = space_.predicted.empty() ? std::numeric_limits<double>::max() : 0;
  for (const Timing& t : seen) {
    if (space_.predicted.empty()) {
      unit_ = std::min(unit_, t.time);
    } else {
      unit_ += t.time / space_.predicted[at(t.candidate)] / static_cast<double>(seen.size());
    }
  }
  fitted_.clear();
  double best = -std::numeric_limits<double>::max();
  for (const double scale : kScales) {
    for (const double interaction : kInteractions) {
      for (const double misfit : kMisfits) {
        fitted_.push_back(fitted({scale, interaction, misfit}));
        best = std::max(best, fitted_.back().weight);
      }
    }
  }
  double sum = 0;
  for (Fitted& f : fitted_) {
    f.weight = std::exp(f.weight - best);
    sum += f.weight;
  }
  std::erase_if(fitted_, [&](const Fitted& f) { return f.weight < kNegligible * sum; });
  sum = 0;
  for (const Fitted& f : fitted_) sum += f.weight;
  for (Fitted& f : fitted_) f.weight /= sum;
}

std::vector<Forecast> AdditiveModel::forecast(double limit) const {
  std::vector<Forecast> all(at(space_.size));
  for (int c = 0; c < space_.size; ++c) {
    Forecast& out = all[at(c)];
    double second = 0;
    for (const Fitted& f : fitted_) {
      const double mean = f.mean[at(c)];
      const double variance = f.variance[at(c)] + square(f.setting.misfit * mean);
      out.mean += f.weight * mean;
      second += f.weight * (mean * mean + variance);
      out.feasible += f.weight * normal_below((limit / unit_ - mean) / std::sqrt(variance));
    }
    out.deviation = std::sqrt(std::max(0.0, second - out.mean * out.mean)) * unit_;
    out.mean *= unit_;
  }
  return all;
}

AdditiveModel::Belief AdditiveModel::belief() const {
  const Fitted& top =
      *std::max_element(fitted_.begin(), fitted_.end(),
                        [](const Fitted& a, const Fitted& b) { return a.weight < b.weight; });
  Cholesky seen;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    std::vector<double> row;
    for (std::size_t j = 0; j <= i; ++j) {
      row.push_back(prior_covariance(top.setting, seen_[i].candidate, seen_[j].candidate));
    }
    row.back() +=
        square(top.setting.misfit * seen_[i].time / unit_) + square(seen_[i].error / unit_);
    seen.append(row);
  }
  Belief belief;
  std::vector<std::vector<double>> known;  // what measurements say of each
  for (int c = 0; c < space_.size; ++c) {
    std::vector<double> common;
    for (const Timing& t : seen_) common.push_back(prior_covariance(top.setting, c, t.candidate));
    known.push_back(seen.forward(common));
    belief.mean.push_back(top.mean[at(c)] * unit_);
    belief.own.push_back(square(top.setting.misfit * top.mean[at(c)] * unit_));
  }
  belief.covariance.assign(at(space_.size), std::vector<double>(at(space_.size)));
  for (int a = 0; a < space_.size; ++a) {
    for (int b = 0; b <= a; ++b) {
      double covariance = prior_covariance(top.setting, a, b);
      for (std::size_t i = 0; i < seen_.size(); ++i) {
        covariance -= known[at(a)][i] * known[at(b)][i];
      }
      belief.covariance[at(a)][at(b)] = belief.covariance[at(b)][at(a)] =
          covariance * square(unit_);
    }
  }
  return belief;
}

}  // namespace flexos
