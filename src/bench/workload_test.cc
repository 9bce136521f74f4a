#include "bench/workload.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

constexpr const char* kGood = R"(
workload: a/b
application: app
arguments: "go {n} and {n}"
operations: 20
result: {operations: done, seconds: seconds}
check: [sum]
latency: {arguments: "slow {n}", result: {p50: half}}
)";

Workload good() {
  const LoadedWorkload loaded = load_workload_text(kGood, "a/b.yaml");
  EXPECT_TRUE(loaded.workload) << render(loaded.diagnostics, false);
  return loaded.workload.value_or(Workload{});
}

std::string first_code(const std::string& text) {
  const LoadedWorkload loaded = load_workload_text(text, "w.yaml");
  EXPECT_FALSE(loaded.workload);
  return loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().code;
}

TEST(Workload, IsReadWithItsDefaults) {
  const Workload w = good();
  EXPECT_EQ(w.name, "a/b");
  EXPECT_EQ(w.operations, 20);
  EXPECT_EQ(w.checks, std::vector<std::string>{"sum"});
  EXPECT_EQ(w.latency_lines.at("p50"), "half");
  EXPECT_EQ(w.timeout, 300);
  EXPECT_EQ(fill(w.arguments, 7), "go 7 and 7");
}

TEST(Workload, MistakesAreReportedWhereTheyStand) {
  EXPECT_EQ(first_code("workload: a\nresult: {seconds: s}\n"), "missing-key");
  EXPECT_EQ(first_code("workload: a\napplication: x\nresult: {}\n"), "missing-key");
  EXPECT_EQ(first_code("workload: ../a\napplication: x\nresult: {seconds: s}\n"), "wrong-type");
  EXPECT_EQ(first_code("workload: a\napplication: x\nresult: {seconds: s}\nspeed: 1\n"),
            "unknown-key");
  EXPECT_NE(first_code("workload: a\napplication: x\noperations: 0\nresult: {seconds: s}\n"), "");
}

constexpr const char* kDriven = R"(
workload: a/b
application: app
client: {run: "ask {port} {n}", after: "end {port}", ready: here, port: 80}
result: {rate: '"GET"'}
)";

TEST(Workload, AClientSaysARate) {
  const LoadedWorkload loaded = load_workload_text(kDriven, "a/b.yaml");
  ASSERT_TRUE(loaded.workload) << render(loaded.diagnostics, false);
  const Workload& w = *loaded.workload;
  ASSERT_TRUE(w.client);
  EXPECT_EQ(w.client->port, 80);
  EXPECT_NE(w.hash(), good().hash());
  const auto result = parse_result(w, 1000, "\"SET\",\"7.5\"\n\"GET\",\"500.00\",\"1.2\"\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_DOUBLE_EQ(result->seconds, 2.0);
  for (const char* said : {"", "\"SET\",\"7.5\"\n", "\"GET\",none\n", "\"GET\",\"0.00\"\n"}) {
    EXPECT_FALSE(parse_result(w, 1000, said)) << said;
  }
}

TEST(Workload, AClientAsksForProcessorTime) {
  const std::string clock = ", clock: {ask: \"info {port}\", seconds: \"used:\"}";
  std::string text = kDriven;
  text.insert(text.find(", port"), clock);
  const LoadedWorkload loaded = load_workload_text(text, "a/b.yaml");
  ASSERT_TRUE(loaded.workload) << render(loaded.diagnostics, false);
  const Workload& w = *loaded.workload;
  EXPECT_EQ(w.driver(), Driver::asking_client);
  const LoadedWorkload timed = load_workload_text(kDriven, "a/b.yaml");
  EXPECT_EQ(timed.workload->driver(), Driver::timing_client);
  EXPECT_NE(timed.workload->hash(), w.hash());
  EXPECT_EQ(good().driver(), Driver::image);
  const LoadedWorkload counted =
      load_workload_text(text + "operations: 70\ncounted: 7\n", "a/b.yaml");
  ASSERT_TRUE(counted.workload) << render(counted.diagnostics, false);
  EXPECT_EQ(counted.workload->usual_operations(*parse_bench_platform("linux/native/cycles")), 70);
  EXPECT_EQ(counted.workload->usual_operations(*parse_bench_platform("qemu/tcg/busy-instructions")),
            7);

  const auto busy = busy_seconds(*w.client, "used:1.5\r\nother:9\r\n", "x\nused:4.000001\r\n");
  ASSERT_TRUE(busy) << busy.error().message;
  EXPECT_DOUBLE_EQ(*busy, 2.500001);
  for (const char* after :
       {"", "used:\n", "used:1.5\n", "used:1.4\n", "unused:7\n", "used:1e999\n"}) {
    EXPECT_FALSE(busy_seconds(*w.client, "used:1.5\n", after)) << after;
  }
  EXPECT_FALSE(busy_seconds(*w.client, "", "used:1.5\n"));
}

TEST(Workload, AServerSaysWhatItDid) {
  const LoadedWorkload loaded = load_workload_text(R"(
workload: a/b
application: app
client: {run: "send {n}", ready: here, port: 80, clock: {seconds: "busy:"}}
result: {seconds: "[ 1] 0.00-{} sec", from: image}
)",
                                                   "a/b.yaml");
  ASSERT_TRUE(loaded.workload) << render(loaded.diagnostics, false);
  const Workload& w = *loaded.workload;
  EXPECT_TRUE(w.image_says);
  EXPECT_EQ(w.driver(), Driver::asking_client);
  const auto result =
      parse_result(w, 8, "[ 1] 0.00-1.50 sec 8\r\n[ 1] 0.00-2.50 sec 8\r\n[ 1] x\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_DOUBLE_EQ(result->seconds, 2.5);
  EXPECT_EQ(result->operations, 8);
  for (const char* said : {"", "[ 1] 0.00-2.50", "[ 1] 0.00- sec", "[ 1] 0.00-x sec",
                           "[ 1] 0.00-0 sec", "[ 2] 0.00-1.50 sec", "0.00-1.50 sec"}) {
    EXPECT_FALSE(parse_result(w, 8, said)) << said;
  }
  const auto busy = busy_seconds(*w.client, "busy: 0.5\r\n\nbusy: 7\nx\nbusy: 0.75\r\n");
  ASSERT_TRUE(busy) << busy.error().message;
  EXPECT_DOUBLE_EQ(*busy, 0.25);
  for (const char* console : {"", "busy: 1\n", "busy: 2\nbusy: 1\n", "busy: x\nbusy: 1\n"}) {
    EXPECT_FALSE(busy_seconds(*w.client, console)) << console;
  }
}

TEST(Workload, WhoSaysItIsKnown) {
  const std::string head = "workload: a\napplication: x\n";
  EXPECT_EQ(first_code(head + "result: {seconds: s, from: client}\n"), "wrong-type");
  EXPECT_EQ(first_code(head + "result: {seconds: s, from: host}\n"), "wrong-type");
  EXPECT_EQ(first_code(head + "result: {seconds: \"s {}\"}\n"), "wrong-type");
  const std::string client = head + "client: {run: a, ready: c, port: 80}\n";
  const auto by_client = load_workload_text(client + "result: {seconds: s}\n", "w.yaml");
  const auto by_image =
      load_workload_text(client + "result: {seconds: s, from: image}\n", "w.yaml");
  ASSERT_TRUE(by_client.workload && by_image.workload);
  EXPECT_FALSE(by_client.workload->image_says);
  EXPECT_NE(by_client.workload->hash(), by_image.workload->hash());
}

TEST(Workload, AClientIsToldAllItNeeds) {
  const std::string head = "workload: a\napplication: x\nresult: {rate: r}\nclient: ";
  EXPECT_EQ(first_code(head + "{run: a, after: b, ready: c}\n"), "missing-key");
  EXPECT_EQ(first_code(head + "{run: a, after: b, ready: c, port: 80, host: h}\n"), "unknown-key");
  EXPECT_NE(first_code(head + "{run: a, after: b, ready: c, port: 70000}\n"), "");
  EXPECT_EQ(first_code(head + "{after: b, ready: c, port: 80}\n"), "missing-key");
  EXPECT_EQ(first_code(head + "{run: a, after: b, ready: c, port: 80, clock: {ask: a}}\n"),
            "missing-key");
  EXPECT_EQ(first_code("workload: a\napplication: x\nresult: {rate: r, seconds: s}\n"),
            "wrong-type");
}

TEST(Workload, EveryOneThatShipsIsGood) {
  const Library library{FLEXOS_SOURCE_DIR "/specs"};
  const auto names = workload_names(library);
  EXPECT_GE(names.size(), 5U);
  for (const std::string& name : names) {
    const LoadedWorkload loaded = load_workload(name, library);
    EXPECT_TRUE(loaded.workload) << render(loaded.diagnostics, false);
  }
}

TEST(Workload, AnUnknownOneHearsWhichThereAre) {
  const LoadedWorkload loaded = load_workload("sqlite/delete", {FLEXOS_SOURCE_DIR "/specs"});
  ASSERT_FALSE(loaded.diagnostics.empty());
  EXPECT_EQ(loaded.diagnostics.front().code, "unknown-workload");
  EXPECT_NE(loaded.diagnostics.front().hint.find("sqlite/insert"), std::string::npos);
  EXPECT_FALSE(load_workload("../components/sqlite", {FLEXOS_SOURCE_DIR "/specs"}).workload);
}

TEST(Workload, HashTellsDefinitionsApart) {
  const Workload a = good();
  Workload b = a;
  EXPECT_EQ(a.hash(), b.hash());
  b.arguments += " more";
  EXPECT_NE(a.hash(), b.hash());
  Workload c = a;
  c.description = "another";  // says nothing about a run
  EXPECT_EQ(a.hash(), c.hash());
}

TEST(WorkloadResult, LastLinesCount) {
  const auto r = parse_result(good(), 20, "done 1\nhello\ndone 20\r\nseconds 0.5\nsum  abc d\n");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->operations, 20);
  EXPECT_EQ(r->seconds, 0.5);
  EXPECT_EQ(r->checks.at("sum"), "abc d");
  EXPECT_TRUE(r->latency.empty());
}

TEST(WorkloadResult, LatencyIsWantedOnlyOfALatencyRun) {
  const std::string text = "done 20\nseconds 0.5\nsum 1\n";
  EXPECT_TRUE(parse_result(good(), 20, text));
  EXPECT_FALSE(parse_result(good(), 20, text, true));
  const auto r = parse_result(good(), 20, text + "half 12\n", true);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->latency.at("p50"), 12);
}

TEST(WorkloadResult, NonsenseIsNoResult) {
  for (const char* text :
       {"", "done 20\nsum 1\n", "done x\nseconds 1\nsum 1\n", "done 20\nseconds nan\nsum 1\n",
        "done 20\nseconds -1\nsum 1\n", "done 20\nseconds 0\nsum 1\n", "done 0\nseconds 1\nsum 1\n",
        "done 20\nseconds 1\n", "done 20\nseconds 1 2\nsum 1\n", "doner 20\nseconds 1\nsum 1\n"}) {
    EXPECT_FALSE(parse_result(good(), 20, text)) << text;
  }
}

}  // namespace
}  // namespace flexos
