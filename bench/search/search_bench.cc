// How many measurements each strategy needs, and whether its answer is that of measuring all.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "bench/replay.h"
#include "bench/test_dataset.h"
#include "spec/load.h"
#include "spec/source.h"

namespace flexos {
namespace {

struct Recording {
  std::string name;
  Replay replay;
};

struct Tally {
  int searches = 0;
  int agree = 0;
  int measured = 0;
  int most = 0;
  int candidates = 0;
  double doubt = 0;
};

Tally tally(const std::vector<Recording>& recordings, SearchStrategy strategy,
            const std::function<double(const Replay&)>& budget) {
  Tally t;
  for (const Recording& r : recordings) {
    GuidedRequest request;
    request.at_least = budget(r.replay);
    request.strategy = SearchStrategy::exhaustive;
    const GuidedAnswer all = guided_search(r.replay.space, request, r.replay.measure());
    request.strategy = strategy;
    const GuidedAnswer found = guided_search(r.replay.space, request, r.replay.measure());
    const int measured = static_cast<int>(found.order.size());
    ++t.searches;
    t.agree += found.maximal == all.maximal ? 1 : 0;
    t.measured += measured;
    t.most = std::max(t.most, measured);
    t.candidates += r.replay.space.size;
    t.doubt += found.doubt;
  }
  return t;
}

void print(const std::string& budget, SearchStrategy strategy, const Tally& t) {
  fmt::print("{:<22} {:<11} {:>8.1f} {:>6} {:>7.1f} % {:>6}/{:<6} {:>8.3f}\n", budget,
             name(strategy), static_cast<double>(t.measured) / t.searches, t.most,
             100.0 * t.measured / t.candidates, t.agree, t.searches, t.doubt / t.searches);
}

void table(const std::string& title, const std::vector<Recording>& recordings) {
  fmt::print("\n{}\n\n{:<22} {:<11} {:>8} {:>6} {:>9} {:>13} {:>8}\n", title, "budget", "strategy",
             "measured", "most", "of all", "same answer", "doubt");
  for (const auto strategy :
       {SearchStrategy::exhaustive, SearchStrategy::poset, SearchStrategy::model}) {
    Tally sum;
    const auto row = [&](const std::string& budget, const Tally& t) {
      print(budget, strategy, t);
      sum.searches += t.searches;
      sum.agree += t.agree;
      sum.measured += t.measured;
      sum.most = std::max(sum.most, t.most);
      sum.candidates += t.candidates;
      sum.doubt += t.doubt;
    };
    for (int i = 0; i < 10; ++i) {
      row(fmt::format("keeps {} % out", 5 + 10 * i),
          tally(recordings, strategy,
                [&](const Replay& r) { return ten_budgets(r)[static_cast<std::size_t>(i)]; }));
    }
    row("41 % of the fastest", tally(recordings, strategy, [](const Replay& r) {
          double most = 0;
          for (const Observation& o : r.observations) most = std::max(most, o.value);
          return 0.41 * most;
        }));
    print("all of these", strategy, sum);
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Guided search by replay: measurements needed, and whether the answer is the same"};
  int seeds = 50;
  DatasetShape shape;
  std::vector<std::string> files;
  std::string spec_file;
  std::string specs = FLEXOS_SOURCE_DIR "/specs";
  std::string metric;
  double noise = 0.01;
  app.add_option("--seeds", seeds, "made-up recordings");
  app.add_option("--misfit", shape.misfit, "of these: what no sum explains");
  app.add_option("--interaction", shape.interaction, "of these: of two choices");
  app.add_option("--spec", spec_file, "of the recordings that follow");
  app.add_option("--specs", specs, "folder of definitions");
  app.add_option("--metric", metric, "column (default: the first)");
  app.add_option("--noise", noise, "of recordings without intervals");
  app.add_option("FILE.csv", files, "recordings, in place of made-up ones");
  CLI11_PARSE(app, argc, argv);
  if (files.empty()) {
    std::vector<Recording> made;
    const Spec spec = dataset_spec();
    for (int seed = 0; seed < seeds; ++seed) {
      const Measured measured =
          read_measured(dataset_csv(static_cast<unsigned>(seed), shape), "", spec);
      made.push_back({std::to_string(seed), *replay_of(spec, measured, "throughput", noise)});
    }
    table(fmt::format("{} made-up recordings of 80 configurations, misfit {} %", seeds,
                      100 * shape.misfit),
          made);
    return 0;
  }
  const Loaded loaded = load_spec(spec_file, Library{specs});
  if (!loaded.spec) {
    fmt::print(stderr, "{}: not a spec\n", spec_file);
    return 1;
  }
  for (const std::string& file : files) {
    const Measured measured = read_measured(read_file(file).text, file, *loaded.spec);
    if (has_errors(measured.diagnostics) || measured.rows.empty()) {
      fmt::print(stderr, "{}: not a recording of {}\n", file, spec_file);
      return 1;
    }
    auto replay =
        replay_of(*loaded.spec, measured, metric.empty() ? measured.metrics[0] : metric, noise);
    if (!replay) {
      fmt::print(stderr, "{}: {}\n", file, replay.error().message);
      return 1;
    }
    table(fmt::format("{}: {} configurations", file, replay->space.size), {{file, *replay}});
  }
  return 0;
}

}  // namespace
}  // namespace flexos

int main(int argc, char** argv) {
  try {
    return flexos::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "search_bench: %s\n", error.what());
    return 3;
  }
}
