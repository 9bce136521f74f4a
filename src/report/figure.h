#pragma once

#include <filesystem>
#include <string>

#include "codegen/result.h"
#include "report/json.h"

/// The frontier as a figure for a paper: readable in black and white, in one column, without a
/// caption beside it.
namespace flexos {

struct FigureSize {
  double width = 560;  ///< points; the text stays as large as it is
  double height = 360;
};

/// SVG 1.1 with nothing but shapes and text.
std::string frontier_svg(const Json& data, const FigureSize& size = {});

/// Writes `file` in the form that its ending names: .svg by ourselves, .png and .pdf by
/// rsvg-convert.
Result<Done> write_figure(const Json& data, const std::filesystem::path& file,
                          const FigureSize& size = {});

}  // namespace flexos
