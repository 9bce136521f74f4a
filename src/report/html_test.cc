#include "report/html.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "report/test_data.h"

namespace flexos {

namespace {

const ReportBundle kBundle{"console.log(1);", "p{margin:0}"};

std::string block_of(const std::string& html) {
  const std::string start = "id=\"data\">";
  const std::size_t from = html.find(start) + start.size();
  return html.substr(from, html.find("</script>", from) - from);
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Html, DataComeBackAsTheyWere) {
  Json data = small_report();
  data["spec"] = "</script><!-- \u2028\u2029 &amp; \"'`\\ \x01 \u00fc";
  const auto html = html_report(data, kBundle);
  ASSERT_TRUE(html.ok());
  const Json back = Json::parse(block_of(*html));
  EXPECT_EQ(back["spec"], data["spec"]);
  EXPECT_EQ(back["stars"], data["stars"]);
}

TEST(Html, NothingLeavesTheBlockOfData) {
  for (const char* hostile :
       {"</script><script>alert(1)</script>", "<!--<script>", "</SCRIPT >", "]]>", "<img src=x>",
        "\u2028", "&lt;", "</title><script>", "\" onload=\"x", "</style>"}) {
    Json data = small_report();
    data["spec"] = hostile;
    data["components"][0]["name"] = hostile;
    data["components"][0]["description"] = hostile;
    data["configurations"][0]["hardening"] = {{hostile, {hostile}}};
    const auto html = html_report(data, kBundle);
    ASSERT_TRUE(html.ok());
    const std::string block = block_of(*html);
    EXPECT_EQ(block.find_first_of("<>&"), std::string::npos) << hostile;
    for (const char c : block) ASSERT_LT(static_cast<unsigned char>(c), 0x80U) << hostile;
    // The document is the one that we wrote: these elements, once.
    EXPECT_EQ(count(*html, "<script"), 2U) << hostile;
    EXPECT_EQ(count(*html, "</script"), 2U) << hostile;
    EXPECT_EQ(count(*html, "<style"), 1U) << hostile;
    EXPECT_EQ(count(*html, "<title"), 1U) << hostile;
    EXPECT_EQ(count(*html, "<img"), 0U) << hostile;
    EXPECT_EQ(count(*html, "<!--"), 0U) << hostile;
    EXPECT_EQ(Json::parse(block)["components"][0]["name"], hostile);
  }
}

TEST(Html, BytesThatAreNoTextAreReplaced) {
  Json data = small_report();
  data["spec"] = "a\xff\xc3(";
  const auto html = html_report(data, kBundle);
  ASSERT_TRUE(html.ok());
  EXPECT_EQ(Json::parse(block_of(*html))["spec"].get<std::string>().substr(0, 4), "a\ufffd");
}

TEST(Html, PolicyAllowsTheBundleAndNoConnection) {
  const auto html = html_report(small_report(), kBundle);
  ASSERT_TRUE(html.ok());
  EXPECT_NE(html->find("default-src 'none'"), std::string::npos);
  EXPECT_NE(html->find("connect-src 'none'"), std::string::npos);
  // openssl dgst -sha256 -binary | base64, of the script with its two line breaks.
  EXPECT_NE(html->find("script-src 'sha256-6ylx2nk61t31O3rHPzQZfJJkryyz5Ldd+rHtiDdohm0='"),
            std::string::npos)
      << html->substr(0, 600);
  EXPECT_EQ(html->find("unsafe-eval"), std::string::npos);
  EXPECT_FALSE(std::regex_search(*html, std::regex("(src|href)=\"?https?:")));
}

TEST(Html, DamagedBundleIsRefused) {
  EXPECT_FALSE(html_report(small_report(), {"a('</Script>')", ""}).ok());
  EXPECT_FALSE(html_report(small_report(), {"a('<!--')", ""}).ok());
  EXPECT_FALSE(html_report(small_report(), {"", "a{}</style>"}).ok());
}

TEST(Html, LongFrontierKeepsItsCurve) {
  Json data = small_report();
  Json points = Json::array();
  for (int i = 0; i < 5000; ++i) {
    Json point = data["frontier"]["points"][0];
    point["id"] = "p" + std::to_string(i);
    point["relative_performance"] = 1 - i * 1e-4;
    points.push_back(point);
  }
  data["frontier"]["points"] = points;
  const Json page = for_page(data);
  const Json& kept = page["frontier"]["points"];
  ASSERT_EQ(kept.size(), 5000U);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    whole += kept[i].contains("id") ? 1 : 0;
    EXPECT_EQ(kept[i]["relative_performance"], points[i]["relative_performance"]);
  }
  EXPECT_GE(whole, 50U);
  EXPECT_LE(whole, 70U);
  EXPECT_TRUE(kept.front().contains("id"));
  EXPECT_TRUE(kept.back().contains("id"));
}

TEST(Html, ShortFrontierIsWhole) {
  const Json page = for_page(small_report());
  for (const Json& point : page["frontier"]["points"]) {
    EXPECT_TRUE(point.contains("id"));
    EXPECT_FALSE(point.contains("levels"));
  }
}

TEST(Html, AnythingIsData) {
  for (const char* text : {"{}", "null", "[]", "{\"configurations\":null,\"frontier\":null}",
                           "{\"configurations\":[null,1],\"frontier\":{\"points\":[null]}}",
                           "{\"configurations\":{},\"frontier\":[],\"spec\":7}"}) {
    EXPECT_TRUE(html_report(Json::parse(text), kBundle).ok()) << text;
  }
}

TEST(Html, BundleIsFoundInTheFirstFolderThatHasBoth) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "flexos-bundle";
  std::filesystem::remove_all(folder);
  for (const char* name : {"half", "whole"}) std::filesystem::create_directories(folder / name);
  std::ofstream(folder / "half/bundle.js") << "half";
  EXPECT_FALSE(read_bundle({folder / "half", folder / "none"}).ok());
  EXPECT_TRUE(read_bundle({folder / "none"}).error().environment);
  std::ofstream(folder / "whole/bundle.js") << "whole";
  std::ofstream(folder / "whole/bundle.css") << "p{}";
  const auto found = read_bundle({folder / "half", folder / "whole"});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->script, "whole");
  std::filesystem::remove_all(folder);
}

}  // namespace

}  // namespace flexos
