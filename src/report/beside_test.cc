#include "report/beside.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

Json configuration(const char* id, const char* pair, const char* component, double performance) {
  return {{"id", id},
          {"levels", {{"libc|sched", "none"}, {pair, "mpk.full"}}},
          {"hardening", {{component, {"cfi", "asan"}}, {"libc", Json::array()}}},
          {"variants", {{"sched", "default"}}},
          {"sharing", "copy"},
          {"relative_performance", performance},
          {"measured", nullptr},
          {"failure", nullptr}};
}

Json exploration(const char* application, Json configurations) {
  return {{"flexos", 1},
          {"spec", std::string(application) + "-spec"},
          {"application", application},
          {"workload", std::string(application) + "/load"},
          {"platform", {{"key", "linux/native/cycles"}}},
          {"configurations", std::move(configurations)}};
}

TEST(Beside, TheSameChoiceIsFoundByWhatItIsNotByItsId) {
  const Json redis = exploration("redis", {configuration("a", "libc|redis", "redis", 0.5)});
  Json there = configuration("z", "libc|nginx", "nginx", 0.25);
  there["measured"] = {{"relative", {{"median", 0.2}, {"low", 0.1}, {"high", 0.3}}}};
  // Neither the order of hardenings nor of boundaries is a choice.
  there["hardening"]["nginx"] = {"asan", "cfi"};
  there["levels"] = {{"libc|nginx", "mpk.full"}, {"libc|sched", "none"}};
  const auto both = put_beside(redis, exploration("nginx", {there}));
  ASSERT_TRUE(both) << both.error().message;
  const Json& beside = (*both)["beside"];
  EXPECT_EQ(beside["workload"], "nginx/load");
  EXPECT_EQ(beside["platform"], "linux/native/cycles");
  EXPECT_EQ(beside["count"], 1);
  ASSERT_TRUE(beside["configurations"].contains("a"));
  EXPECT_EQ(beside["configurations"]["a"]["relative"]["median"], 0.2);
  EXPECT_EQ(beside["configurations"]["a"]["relative_performance"], 0.25);
}

TEST(Beside, AnythingThatDiffersIsAnotherChoice) {
  const Json redis = exploration("redis", {configuration("a", "libc|redis", "redis", 0.5)});
  for (const char* what : {"levels", "hardening", "variants", "sharing", "failure"}) {
    Json there = configuration("z", "libc|nginx", "nginx", 0.25);
    if (what == std::string("levels")) there["levels"]["libc|nginx"] = "mpk.light";
    if (what == std::string("hardening")) there["hardening"]["libc"] = {"cfi"};
    if (what == std::string("variants")) there["variants"]["sched"] = "verified";
    if (what == std::string("sharing")) there["sharing"] = "dss";
    if (what == std::string("failure")) there["failure"] = {{"cause", "hang"}};
    const auto both = put_beside(redis, exploration("nginx", {there}));
    ASSERT_FALSE(both) << what;
    EXPECT_NE(both.error().message.find("redis/load"), std::string::npos);
    EXPECT_FALSE(both.error().hint.empty());
  }
}

TEST(Beside, AComponentThatIsNotTheApplicationKeepsItsName) {
  const Json redis = exploration("redis", {configuration("a", "libc|redis", "redis", 0.5)});
  Json other = exploration("libc", {configuration("z", "libc|nginx", "nginx", 0.25)});
  EXPECT_FALSE(put_beside(redis, other));
}

TEST(Beside, WithoutAnApplicationNothingStandsForAnything) {
  const Json redis = exploration("redis", {configuration("a", "libc|redis", "redis", 0.5)});
  Json none = redis;
  none["application"] = nullptr;
  EXPECT_FALSE(put_beside(redis, none));
  EXPECT_FALSE(put_beside(none, redis));
  EXPECT_TRUE(put_beside(none, none));
  none["configurations"][0]["levels"] = {{"libc|nginx", "mpk.full"}, {"libc|sched", "none"}};
  EXPECT_FALSE(put_beside(none, redis));
}

TEST(Beside, WhatIsDamagedInTheOtherStaysThere) {
  const Json redis = exploration("redis", {configuration("a", "libc|redis", "redis", 0.5)});
  for (const char* what : {"spec", "made", "platform", "workload"}) {
    for (const Json& damaged : {Json(1), Json(nullptr), Json::array({1}), Json{{"key", 1}}}) {
      Json other = redis;
      other[what] = damaged;
      const auto both = put_beside(redis, other);
      ASSERT_TRUE(both) << what;
      const Json& beside = (*both)["beside"];
      EXPECT_TRUE(beside["spec"].is_string());
      EXPECT_TRUE(beside["made"].is_string());
      EXPECT_TRUE(beside["workload"].is_string());
      EXPECT_TRUE(beside["platform"].is_null() || beside["platform"] == "linux/native/cycles");
    }
  }
}

TEST(Beside, DamagedConfigurationsAreNotTakenForOthers) {
  Json redis = exploration("redis", {configuration("a", "libc|redis", "redis", 0.5)});
  redis["configurations"].push_back(3);
  redis["configurations"].push_back({{"id", 7}, {"levels", {{"nobar", 1}}}, {"hardening", 2}});
  redis["configurations"].push_back({{"levels", Json::object()}, {"hardening", {{"a", 1}}}});
  const auto both = put_beside(redis, redis);
  ASSERT_TRUE(both);
  EXPECT_EQ((*both)["beside"]["configurations"].size(), 1);
}

}  // namespace
}  // namespace flexos
