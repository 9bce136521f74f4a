#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "bench/replay.h"
#include "spec/measured.h"

/// Recordings made up for tests and benchmarks: the eighty configurations of the FlexOS paper (five
/// layouts, hardening on or off for each of four components), with the statistics of its published
/// measurements. The same seed gives the same recording everywhere.
namespace flexos {

struct DatasetShape {
  double misfit = 0.03;  ///< what no sum explains: 3 % in the published Redis data, 5.5 % nginx
  double interaction = 0.05;  ///< of two choices, as a part of the smaller cost
};

/// A spec of the four components and nothing else.
inline Spec dataset_spec() {
  Spec spec;
  for (const char* name : {"app", "libc", "lwip", "sched"}) {
    Component component;
    component.name = name;
    component.variants.emplace_back();
    spec.components.push_back(component);
  }
  Mechanism none;
  none.name = "none";
  Mechanism keys;
  keys.name = "mpk.light";
  keys.level = 10;
  spec.mechanisms = {none, keys};
  spec.explored_mechanisms = {true, true};
  return spec;
}

class DatasetDice {
 public:
  explicit DatasetDice(unsigned seed) : engine_(seed) {}
  // The standard's distributions differ from library to library; its engines do not.
  double uniform() { return static_cast<double>(engine_()) / 4294967296.0; }
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::mt19937 engine_;
};

inline std::string dataset_csv(unsigned seed, const DatasetShape& shape = {}) {
  DatasetDice dice(seed);
  const std::vector<std::string> layouts = {"app+libc+lwip+sched", "app+libc+sched|lwip",
                                            "app+libc+lwip|sched", "app+libc|lwip+sched",
                                            "app+libc|lwip|sched"};
  // Which pairs part: lwip from the rest, sched from the rest, these two from each other.
  const int parted[5][3] = {{0, 0, 0}, {1, 0, 1}, {0, 1, 1}, {1, 1, 0}, {1, 1, 1}};
  // Costs as parts of the unprotected time: from nearly nothing to more than doubling it.
  double boundary[3];
  double hardening[4];
  double pairs[7][7];
  for (double& cost : boundary) cost = 0.05 * std::exp(2.2 * dice.uniform());
  for (double& cost : hardening) cost = 0.06 * std::exp(3.0 * dice.uniform());
  for (auto& row : pairs) {
    for (double& x : row) x = shape.interaction * dice.normal();
  }
  const std::vector<std::string> names = {"app", "libc", "lwip", "sched"};
  std::string csv = "compartments,hardening,throughput\n";
  for (int layout = 0; layout < 5; ++layout) {
    for (int hardened = 0; hardened < 16; ++hardened) {
      std::vector<double> costs;
      std::vector<int> which;
      for (int k = 0; k < 3; ++k) {
        if (!parted[layout][k]) continue;
        costs.push_back(boundary[k]);
        which.push_back(k);
      }
      std::string text;
      for (int k = 0; k < 4; ++k) {
        if (!(hardened >> k & 1)) continue;
        costs.push_back(hardening[k]);
        which.push_back(3 + k);
        text += (text.empty() ? "" : ";") + names[static_cast<std::size_t>(k)] + ":sfi";
      }
      double time = 1;
      for (std::size_t i = 0; i < costs.size(); ++i) {
        time += costs[i];
        for (std::size_t j = 0; j < i; ++j) {
          time += pairs[which[i]][which[j]] * std::min(costs[i], costs[j]);
        }
      }
      time *= std::exp(shape.misfit * dice.normal());
      csv += layouts[static_cast<std::size_t>(layout)] + "," + text + "," +
             std::to_string(1e6 / time) + "\n";
    }
  }
  return csv;
}

/// Ten budgets that keep 5, 15, ... 95 % of the candidates out.
inline std::vector<double> ten_budgets(const Replay& replay) {
  std::vector<double> values;
  for (const Observation& o : replay.observations) values.push_back(o.value);
  std::sort(values.begin(), values.end());
  std::vector<double> budgets;
  for (int i = 0; i < 10; ++i) {
    budgets.push_back(
        values[static_cast<std::size_t>((i + 0.5) * static_cast<double>(values.size()) / 10)]);
  }
  return budgets;
}

}  // namespace flexos
