#include "bench/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

namespace flexos {
namespace {

namespace fs = std::filesystem;

class Store : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("flexos-store-" + random_id());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<ResultStore> open(const std::string& name) {
    auto store = ResultStore::open(folder_ / name);
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  std::string why_not(const std::string& name) {
    auto store = ResultStore::open(folder_ / name);
    EXPECT_FALSE(store);
    return store ? "" : store.error().message;
  }
  void sql(const std::string& name, const std::string& text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / name).c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  fs::path folder_;
};

RunRecord a_run(const std::string& image = "i") {
  RunRecord r;
  r.run = random_id();
  r.image = image;
  r.baseline = "b";
  r.platform = "linux/native/cycles";
  r.machine = "m";
  r.workload = "w";
  r.definition = "d";
  r.operations = 5;
  r.kind = "throughput";
  r.block = random_id();
  r.place = 3;
  r.started = 12.5;
  r.failure = Failure::wrong_answer;
  r.detail = "said \"x\", \xff";
  r.seconds = 0.25;
  r.units = 7;
  r.wall = 1.5;
  r.memory = 4096;
  r.checks = {{"sum", "1"}};
  r.latency = {{"p50", 2.5}};
  return r;
}

const RunKey kKey{"linux/native/cycles", "m", "w", "d", 5};

TEST_F(Store, GivesBackWhatItWasGiven) {
  const RunRecord r = a_run();
  ASSERT_TRUE(open("a.db")->add(r));
  const auto list = open("a.db")->runs(kKey, "i");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1U);
  const RunRecord& s = list->front();
  EXPECT_EQ(s.run, r.run);
  EXPECT_EQ(s.baseline, "b");
  EXPECT_EQ(s.block, r.block);
  EXPECT_EQ(s.place, 3);
  EXPECT_FALSE(s.warmup);
  EXPECT_EQ(s.started, 12.5);
  EXPECT_EQ(s.failure, Failure::wrong_answer);
  EXPECT_EQ(s.detail, r.detail);
  EXPECT_EQ(s.seconds, 0.25);
  EXPECT_EQ(s.units, 7);
  EXPECT_EQ(s.wall, 1.5);
  EXPECT_EQ(s.memory, 4096);
  EXPECT_EQ(s.checks, r.checks);
  EXPECT_EQ(s.latency, r.latency);
}

TEST_F(Store, KeepsWhatCannotBeComparedApart) {
  auto store = open("a.db");
  ASSERT_TRUE(store->add(a_run()));
  for (const RunKey& key : {RunKey{"qemu/tcg/instructions", "m", "w", "d", 5},
                            RunKey{"linux/native/cycles", "other", "w", "d", 5},
                            RunKey{"linux/native/cycles", "m", "other", "d", 5},
                            RunKey{"linux/native/cycles", "m", "w", "other", 5},
                            RunKey{"linux/native/cycles", "m", "w", "d", 6}}) {
    EXPECT_TRUE(store->runs(key, "i")->empty());
  }
  EXPECT_TRUE(store->runs(kKey, "other")->empty());
}

TEST_F(Store, ARunIsThereOnce) {
  auto store = open("a.db");
  const RunRecord r = a_run();
  ASSERT_TRUE(store->add(r));
  ASSERT_TRUE(store->add(r));
  EXPECT_EQ(store->all_runs()->size(), 1U);
}

TEST_F(Store, MergingTwiceIsMergingOnce) {
  auto a = open("a.db");
  auto b = open("b.db");
  const RunRecord both = a_run();
  ASSERT_TRUE(a->add(both));
  ASSERT_TRUE(b->add(both));
  ASSERT_TRUE(b->add(a_run("j")));
  ASSERT_TRUE(b->add(a_run("k")));
  ASSERT_TRUE(b->note(Machine{"m", "a machine", 2}));
  ASSERT_TRUE(b->note(ImageRecord{"j", "id", "spec", "linux", "{a}", 1, 2}));
  for (int i = 0; i < 2; ++i) {
    const auto merged = a->merge(folder_ / "b.db");
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(merged->runs, i == 0 ? 2 : 0);
    EXPECT_EQ(merged->known, i == 0 ? 1 : 3);
  }
  EXPECT_EQ(a->all_runs()->size(), 3U);
  EXPECT_EQ(a->machines()->at("m"), "a machine");
  EXPECT_EQ(a->images()->size(), 1U);
  EXPECT_EQ(b->all_runs()->size(), 3U);
}

TEST_F(Store, MergesAFileWithAnOddName) {
  auto a = open("a.db");
  ASSERT_TRUE(open("b ?&#%'.db")->add(a_run()));
  const auto merged = a->merge(folder_ / "b ?&#%'.db");
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->runs, 1);
}

TEST_F(Store, RefusesAFileThatIsNoDatabase) {
  std::ofstream(folder_ / "a.db") << std::string(4096, 'x');
  EXPECT_NE(why_not("a.db").find("is not a database"), std::string::npos);
  EXPECT_EQ(fs::file_size(folder_ / "a.db"), 4096U);
}

TEST_F(Store, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  sql("a.db", "CREATE TABLE letters(a)");
  EXPECT_NE(why_not("a.db").find("not one of flexos-explore's"), std::string::npos);
  sql("a.db", "INSERT INTO letters VALUES(1)");
  EXPECT_FALSE(fs::exists(folder_ / "a.db-wal"));
}

TEST_F(Store, RefusesASchemaOfTheFuture) {
  ASSERT_TRUE(open("a.db")->add(a_run()));
  sql("a.db", "PRAGMA user_version=99");
  EXPECT_NE(why_not("a.db").find("version 99"), std::string::npos);
}

TEST_F(Store, RefusesAFolder) {
  fs::create_directory(folder_ / "a.db");
  EXPECT_NE(why_not("a.db").find("cannot be opened"), std::string::npos);
}

TEST_F(Store, TwoWritersLoseNothing) {
  auto one = open("a.db");
  auto two = open("a.db");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(one->add(a_run("one")));
    ASSERT_TRUE(two->add(a_run("two")));
  }
  EXPECT_EQ(one->all_runs()->size(), 40U);
}

TEST(RandomId, IsLongAndNeverTheSame) {
  EXPECT_EQ(random_id().size(), 32U);
  EXPECT_NE(random_id(), random_id());
}

}  // namespace
}  // namespace flexos
