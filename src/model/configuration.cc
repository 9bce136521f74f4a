#include "model/configuration.h"

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <numeric>

namespace flexos {

std::vector<std::vector<int>> classes(const Configuration& c, int n, Level level) {
  std::vector<std::vector<int>> result;
  for (int i = 0; i < n; ++i) {
    auto home = std::find_if(result.begin(), result.end(), [&](const std::vector<int>& members) {
      return c.level(members.front(), i) <= level;
    });
    if (home == result.end()) {
      result.push_back({i});
    } else {
      home->push_back(i);
    }
  }
  return result;
}

bool is_ultrametric(const Configuration& c, int n) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int k = 0; k < j; ++k) {
        const Level a = c.level(i, j);
        const Level b = c.level(j, k);
        const Level d = c.level(i, k);
        const Level top = std::max({a, b, d});
        if ((a == top) + (b == top) + (d == top) < 2) return false;
      }
    }
  }
  return true;
}

std::string canonical_text(const Spec& spec, const Configuration& c) {
  const int n = spec.size();
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  const auto name = [&](int i) -> const std::string& {
    return spec.components[static_cast<std::size_t>(i)].name;
  };
  std::sort(order.begin(), order.end(), [&](int a, int b) { return name(a) < name(b); });

  std::string text = "sharing ";
  text += spec.sharing == Sharing::copy ? "copy\n" : "dss\n";
  for (std::size_t x = 0; x < order.size(); ++x) {
    const auto i = static_cast<std::size_t>(order[x]);
    text += name(order[x]) + " variant " + spec.components[i].variants[c.variants[i]].name;
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[i] >> h & 1U) != 0) text += " " + spec.hardening[h].name;
    }
    text += "\n";
    for (std::size_t y = 0; y < x; ++y) {
      text += name(order[y]) + "|" + name(order[x]) + " " +
              spec.mechanisms[c.level(order[x], order[y])].name + "\n";
    }
  }
  return text;
}

std::string configuration_id(const Spec& spec, const Configuration& c) {
  const boost::uuids::name_generator_sha1 generate(boost::uuids::ns::oid());
  std::string hex = boost::uuids::to_string(generate(canonical_text(spec, c)));
  hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
  return hex.substr(0, 12);
}

}  // namespace flexos
