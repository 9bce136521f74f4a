#pragma once

#include <vector>

#include "bench/search_space.h"

namespace flexos {

/// What was seen of one candidate.
struct Timing {
  int candidate = 0;
  double time = 0;   ///< an operation, in any unit
  double error = 0;  ///< standard error of `time`, same unit
};

/// What is expected of a candidate.
struct Forecast {
  double mean = 0;       ///< time an operation
  double deviation = 0;  ///< standard deviation of a measurement around it
  double feasible = 0;   ///< probability that a measurement is at most the limit asked for
};

/// Time an operation as a sum over the choices that a candidate makes, learned from few
/// measurements; the essay in the .cc says how. `space` outlives the model.
class AdditiveModel {
 public:
  explicit AdditiveModel(const SearchSpace& space);

  /// Learns from these alone, whatever was fitted before. At least one.
  void fit(const std::vector<Timing>& seen);

  /// By candidate.
  std::vector<Forecast> forecast(double limit) const;

  /// The most plausible setting alone: what a search looks ahead with. All in units of `time`.
  struct Belief {
    std::vector<double> mean;
    std::vector<std::vector<double>> covariance;  ///< of what candidates have in common
    std::vector<double> own;                      ///< variance that each has for itself
  };
  Belief belief() const;

 private:
  /// How far measurements may be from the prior, from a plain sum, and from any sum.
  struct Setting {
    double scale;
    double interaction;
    double misfit;
  };
  struct Fitted {
    Setting setting;
    double weight = 0;
    std::vector<double> mean;      ///< in units of `unit_`
    std::vector<double> variance;  ///< of what candidates have in common
  };
  double prior_mean(const Setting& setting, int candidate) const;
  double prior_covariance(const Setting& setting, int a, int b) const;
  Fitted fitted(const Setting& setting) const;

  const SearchSpace& space_;
  std::vector<std::vector<double>> product_;  ///< [a][b]: sum over choices of x_a x_b
  std::vector<std::vector<double>> square_;   ///< [a][b]: sum over choices of (x_a x_b)^2
  std::vector<Timing> seen_;
  double unit_ = 1;  ///< the time that the prior calls 1
  std::vector<Fitted> fitted_;
};

}  // namespace flexos
