#include "spec/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>

namespace flexos {

NodePtr Files::read(const std::filesystem::path& file, const Span& named_at, bool primary) {
  ReadResult result = read_file(file);
  if (result.status == ReadStatus::ok) {
    return parse(file.string(), std::move(result.text), primary);
  }
  sources_.push_back(std::make_unique<Source>(file.string(), "", primary));
  const bool named = named_at.source != nullptr;
  const Span at = named ? named_at : Span{.source = sources_.back().get()};
  const std::string name = named ? ticked(file.string()) : "this file";
  switch (result.status) {
    case ReadStatus::missing:
      report_.error(at, "missing-file", fmt::format("{} does not exist", name));
      break;
    case ReadStatus::directory:
      report_.error(at, "cannot-read", fmt::format("{} is a directory", name));
      break;
    case ReadStatus::too_large:
      report_.error(at, "too-large",
                    fmt::format("{} is larger than {} MiB", name, kMaxFileBytes >> 20U));
      break;
    default:
      report_.error(at, "cannot-read", fmt::format("{} cannot be read: {}", name, result.reason));
  }
  return nullptr;
}

NodePtr Files::parse(std::string name, std::string text, bool primary) {
  if (text.size() > kMaxFileBytes) {
    sources_.push_back(std::make_unique<Source>(std::move(name), "", primary));
    report_.error({.source = sources_.back().get()}, "too-large",
                  fmt::format("this file is larger than {} MiB", kMaxFileBytes >> 20U));
    return nullptr;
  }
  sources_.push_back(std::make_unique<Source>(std::move(name), std::move(text), primary));
  return parse_yaml(*sources_.back(), report_);
}

std::vector<std::string> Files::names(std::string_view folder) const {
  std::vector<std::string> result;
  if (library_.root.empty()) return result;
  std::error_code error;
  std::filesystem::directory_iterator at(library_.root / folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    if (at->path().extension() == ".yaml") result.push_back(at->path().stem().string());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::filesystem::path Files::path(std::string_view folder, std::string_view name) const {
  return library_.root / folder / (std::string(name) + ".yaml");
}

}  // namespace flexos
