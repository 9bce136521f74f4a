#include "cli/app.h"

namespace flexos {
void add_results(CLI::App&, App&, int&) {}
}  // namespace flexos
