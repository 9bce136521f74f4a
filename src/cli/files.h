#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "codegen/result.h"

namespace flexos {

/// Writes a file in one step: whoever looks sees the old content or the new, whole. Makes the
/// folder where there is none. A full disk is named.
Result<Done> write_file(const std::filesystem::path& file, std::string_view content);

}  // namespace flexos
