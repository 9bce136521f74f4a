#include "bench/profile.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

// A stub takes 50 in all, 20 of it (and the empty function's return) in the callee's account.
constexpr const char* kTable = R"(inserts 10
flexos-profile begin marked
flexos-profile call app libc send 10
flexos-profile copied libc vfs vfs_write 4
flexos-profile behind - vfs vfs_write 4
flexos-profile near app libc strlen 100
flexos-profile work app - 10000
flexos-profile work libc - 20000
flexos-profile work vfs - 5000
flexos-profile marshal libc vfs 3000
flexos-profile stub 200 400 10400 4200
flexos-profile end
checksum 5
)";

TEST(CountTable, TakesOffWhatStubsTook) {
  const auto table = parse_count_table(kTable);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table->marked);
  EXPECT_DOUBLE_EQ(table->stub, 50);
  // Before its look at the clock a stub runs on the caller's account (30), after it on the
  // callee's.
  EXPECT_DOUBLE_EQ(table->work.at("app"), 10000 - 110 * 30);
  EXPECT_DOUBLE_EQ(table->work.at("libc"), 20000 - 110 * 20 - 4 * 30);
  EXPECT_DOUBLE_EQ(table->work.at("vfs"), 5000 - 4 * 20);
  // A marshaller is entered through one stub and left through another.
  EXPECT_DOUBLE_EQ(table->copy.at({"libc", "vfs"}), 3000 - 4 * 50);
}

TEST(CountTable, CallsThatCrossNothingAreNoCalls) {
  const auto table = parse_count_table(kTable);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->calls.size(), 2U);
  EXPECT_DOUBLE_EQ(table->calls.at({"app", "libc"}), 10);
  EXPECT_DOUBLE_EQ(table->calls.at({"libc", "vfs"}), 4);
}

TEST(CountTable, TornOnesAreErrors) {
  const std::string whole = kTable;
  EXPECT_FALSE(parse_count_table("no table at all\n"));
  EXPECT_FALSE(parse_count_table(whole.substr(0, whole.find("flexos-profile end"))));
  EXPECT_FALSE(parse_count_table(whole.substr(whole.find("flexos-profile call"))));
  std::string odd = whole;
  odd.replace(odd.find(" 10\n", odd.find("send")), 3, " ten");
  EXPECT_FALSE(parse_count_table(odd));
}

TEST(CountTable, WorkIsNeverNegative) {
  const auto table = parse_count_table(
      "flexos-profile begin whole\nflexos-profile call a b f 100\nflexos-profile work a - 5\n"
      "flexos-profile stub 1 0 50 21\nflexos-profile end\n");
  ASSERT_TRUE(table);
  EXPECT_FALSE(table->marked);
  EXPECT_DOUBLE_EQ(table->work.at("a"), 0);
}

TEST(MeasuredProfile, IsAProfileOfTheLanguage) {
  MeasuredProfile p;
  p.platform = {"qemu", "tcg", "instructions"};
  p.workload = "sqlite/insert";
  p.operations = 5000;
  p.base = 31000.254;
  p.calls[{"redis", "lwip"}] = 12.5;
  p.work = {{"redis", 21000.126}, {"lwip", 0.001}};
  p.copy[{"redis", "lwip"}] = 350;
  p.hardening["redis"]["asan"] = 2.10004;
  const std::string text = to_yaml(p, "Measured.");
  EXPECT_EQ(text,
            "# Measured.\n# Per operation of sqlite/insert, at 5000 operations.\n"
            "platform: qemu/tcg/instructions\nclock: instructions\nbase: 31000.25\n"
            "calls:\n  redis: {lwip: 12.5}\nwork:\n  redis: 21000.13\n"
            "copy:\n  redis: {lwip: 350}\nhardening:\n  redis: {asan: 2.1}\n");
  const std::string spec =
      "flexos: 1\ncomponents: [redis, lwip]\nexplore: {mechanisms: [none]}\nprofile:\n  " + [&] {
        std::string indented;
        for (const char c : text) indented += c == '\n' ? std::string("\n  ") : std::string(1, c);
        return indented;
      }();
  const Loaded loaded =
      load_spec_text(spec, "spec.yaml", {std::string(FLEXOS_SOURCE_DIR) + "/specs"});
  ASSERT_TRUE(loaded.spec) << (loaded.diagnostics.empty() ? ""
                                                          : loaded.diagnostics.front().message);
  EXPECT_EQ(loaded.spec->profile->clock, CostClock::instructions);
  EXPECT_EQ(loaded.spec->profile->base.to_string(), "31000.25");
  EXPECT_EQ(copy_cost(*loaded.spec, 0, 1), Decimal(350));
  EXPECT_EQ(loaded.spec->components[0].slowdown.at("asan").to_string(), "2.1");
}

}  // namespace
}  // namespace flexos
