#include "report/figure.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "report/csv.h"
#include "report/plot.h"
#include "report/points.h"
#include "report/test_data.h"

namespace flexos {

namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Figure, EveryConfigurationHasItsMark) {
  const std::string svg = frontier_svg(small_report());
  for (const char* id : {"fast", "safe", "slow", "failed", "guess"}) {
    EXPECT_EQ(count(svg, std::string("<title>") + id + "</title>"), 1U) << id;
  }
  EXPECT_EQ(count(svg, "class=\"steps\""), 1U);
  EXPECT_EQ(count(svg, "class=\"steps-predicted\""), 1U);
  EXPECT_EQ(count(svg, "class=\"budget\""), 1U);
  EXPECT_NE(svg.find("budget 2x"), std::string::npos);
  EXPECT_NE(svg.find("qemu/tcg/instructions, proven"), std::string::npos);
}

TEST(Figure, NumbersAreNumbers) {
  Json data = small_report();
  // One point alone spans no range.
  data["configurations"] = Json::array({data["configurations"][0]});
  data["frontier"]["points"] = Json::array();
  for (const Json& one : {small_report(), data, Json::object()}) {
    const std::string svg = frontier_svg(one);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
    EXPECT_NE(svg.find("</svg>"), std::string::npos);
  }
}

TEST(Figure, NamesAreText) {
  Json data = small_report();
  data["spec"] = "</title><script>x</script>&\x01\xff";
  data["configurations"][0]["id"] = "<b>\"";
  data["platform"]["key"] = "<i>";
  const std::string svg = frontier_svg(data);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("<b>"), std::string::npos);
  EXPECT_EQ(svg.find("<i>"), std::string::npos);
  EXPECT_EQ(svg.find('\x01'), std::string::npos);
  EXPECT_EQ(svg.find('\xff'), std::string::npos);
}

TEST(Figure, EndingDecidesTheForm) {
  const std::filesystem::path folder = testing::TempDir();
  EXPECT_FALSE(write_figure(small_report(), folder / "figure.gif").ok());
  ASSERT_TRUE(write_figure(small_report(), folder / "figure.svg").ok());
  EXPECT_GT(std::filesystem::file_size(folder / "figure.svg"), 1000U);
  std::filesystem::remove(folder / "figure.svg");
  EXPECT_FALSE(write_figure(small_report(), folder / "none/figure.svg").ok());
}

TEST(Figure, WithoutTheConverterItsNameIsSaid) {
  const char* path = std::getenv("PATH");
  const std::string before = path != nullptr ? path : "";
  setenv("PATH", "/nowhere", 1);
  const auto written =
      write_figure(small_report(), std::filesystem::path(testing::TempDir()) / "figure.png");
  setenv("PATH", before.c_str(), 1);
  ASSERT_FALSE(written.ok());
  EXPECT_TRUE(written.error().environment);
  EXPECT_NE(written.error().message.find("rsvg-convert"), std::string::npos);
  EXPECT_NE(written.error().hint.find("librsvg2-bin"), std::string::npos);
}

TEST(Plane, TellsMeasuredFromPredicted) {
  const ReportPlane plane = report_plane(small_report());
  ASSERT_EQ(plane.points.size(), 5U);
  EXPECT_EQ(plane.points[0].measured, 0.88);
  EXPECT_EQ(plane.points[0].performance(), 0.88);
  EXPECT_TRUE(plane.points[1].star);
  EXPECT_FALSE(plane.points[2].within_budget);
  EXPECT_TRUE(plane.points[3].failed);
  EXPECT_EQ(plane.points[4].performance(), 0.8);
  EXPECT_EQ(plane.least, 0.5);
  ASSERT_EQ(plane.measured.size(), 2U);
  EXPECT_LT(plane.measured[0].performance, plane.measured[1].performance);
}

TEST(Plane, ProofIsSaidAsItIs) {
  Json data = small_report();
  data["proof"] = "gap";
  data["gap"] = 0.031;
  EXPECT_EQ(report_plane(data).proof, "gap 3.10 %");
  data["gap"] = 1;
  EXPECT_EQ(report_plane(data).proof, "unproven");
  data["proof"] = nullptr;
  EXPECT_EQ(report_plane(data).proof, "unproven");
}

TEST(Plane, TakesWhatIsThere) {
  for (const char* text :
       {"{}", "null", "[1]", "{\"configurations\":[null,{\"safety_score\":\"x\"}],\"stars\":3}",
        "{\"configurations\":[{\"safety_score\":0.5}],\"frontier\":{\"points\":{}}}"}) {
    EXPECT_TRUE(report_plane(Json::parse(text)).points.empty()) << text;
    EXPECT_EQ(draw_frontier(Json::parse(text), Style{}), "") << text;
  }
}

TEST(Plot, DrawsEachKindWithItsMark) {
  const std::string text = draw_frontier(small_report(), Style{});
  for (const char* mark : {"★", "●", "○", "◌", "×", "┊"}) {
    EXPECT_GE(count(text, mark), 2U) << mark << "\n" << text;  // drawn, and in the legend
  }
  EXPECT_EQ(text.find('\033'), std::string::npos);
  Style color;
  color.color = true;
  EXPECT_NE(draw_frontier(small_report(), color).find('\033'), std::string::npos);
}

TEST(Csv, RowsAreWhatWasMeasured) {
  EXPECT_EQ(report_csv(small_report()),
            "compartments,hardening,relative,relative_low,relative_high,throughput,runs,"
            "predicted_relative,predicted_cost,safety_score\n"
            "# fast\n"
            "a|b+c,a:asan+cfi;c:cfi,0.88,0.87,0.89,1000,7,0.9,100,0.4\n"
            "# safe\n"
            "a|b+c,a:asan+cfi;c:cfi,0.62,0.61,0.63,700,5,0.6,100,0.8\n"
            "# not measured: a|b+c,a:asan+cfi;c:cfi,slow\n"
            "# failed, hang: a|b+c,a:asan+cfi;c:cfi,failed\n"
            "# not measured: a|b+c,a:asan+cfi;c:cfi,guess\n");
}

TEST(Csv, WithoutMeasurementsRowsArePredictions) {
  Json data = small_report();
  for (Json& c : data["configurations"]) c["measured"] = nullptr;
  const std::string csv = report_csv(data);
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "compartments,hardening,predicted_relative,predicted_cost,safety_score");
  EXPECT_EQ(count(csv, "\n"), 11U);
  EXPECT_EQ(report_csv(Json::object()), "compartments,hardening\n");
}

TEST(Csv, NamesStayInTheirCell) {
  Json data = small_report();
  data["configurations"][0]["id"] = "a,\"b\"\nc";
  const std::string csv = report_csv(data);
  EXPECT_NE(csv.find("\n# \"a,\"\"b\"\" c\"\na|b+c,"), std::string::npos) << csv;
}

}  // namespace

}  // namespace flexos
