#include "solver/poset.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/transitive_reduction.hpp>
#include <map>

#include "model/order.h"

namespace flexos {

Poset hasse(int n, const std::function<bool(int b, int a)>& at_least) {
  if (n == 0) return {};  // Boost.Graph takes the address of the first vertex
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
  Graph order(static_cast<std::size_t>(n));
  std::vector<bool> topped(static_cast<std::size_t>(n), false);
  for (int a = 0; a < n; ++a) {
    for (int b = 0; b < n; ++b) {
      if (a == b || !at_least(b, a) || at_least(a, b)) continue;
      boost::add_edge(static_cast<std::size_t>(a), static_cast<std::size_t>(b), order);
      topped[static_cast<std::size_t>(a)] = true;
    }
  }
  Graph reduced;
  std::map<Graph::vertex_descriptor, Graph::vertex_descriptor> to_reduced;
  std::vector<std::size_t> ids(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = i;
  boost::transitive_reduction(order, reduced, boost::make_assoc_property_map(to_reduced),
                              ids.data());
  std::map<Graph::vertex_descriptor, int> back;
  for (const auto& [vertex, image] : to_reduced) back[image] = static_cast<int>(vertex);

  Poset poset;
  poset.n = n;
  for (auto [edge, end] = boost::edges(reduced); edge != end; ++edge) {
    poset.covers.push_back(
        {back[boost::source(*edge, reduced)], back[boost::target(*edge, reduced)]});
  }
  std::sort(poset.covers.begin(), poset.covers.end());
  for (int i = 0; i < n; ++i) {
    if (!topped[static_cast<std::size_t>(i)]) poset.maximal.push_back(i);
  }
  return poset;
}

Poset safety_poset(const Spec& spec, const std::vector<Configuration>& configurations) {
  return hasse(static_cast<int>(configurations.size()), [&](int b, int a) {
    return at_least_as_safe(spec, configurations[static_cast<std::size_t>(b)],
                            configurations[static_cast<std::size_t>(a)]);
  });
}

}  // namespace flexos
