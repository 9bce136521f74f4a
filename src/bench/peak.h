#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/process.h"

namespace flexos {

/// Runs a program to its end and returns the most memory that it had resident, in bytes; 0 where
/// that cannot be told. The kernel's own figure (`ru_maxrss`) begins with the size of the process
/// that started it, which is us; so the program is stopped at its exit, while its memory is still
/// there, and looked at. Its output is added to `console`.
std::int64_t peak_memory(const std::vector<std::string>& command, double timeout,
                         std::string& console, ProcessEnd& end);

}  // namespace flexos
