#include <charconv>
#include <cstdio>
#include <string_view>

#include "generate.h"

namespace {

template <typename T>
bool number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  flexos::bench::Recipe recipe;
  bool good = argc >= 4;
  if (good) {
    const auto family = flexos::bench::family_named(argv[1]);
    good = family && number(argv[2], recipe.components) && number(argv[3], recipe.seed) &&
           recipe.components >= 2 && recipe.components <= 400;
    if (family) recipe.family = *family;
  }
  for (int i = 4; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--contradiction") {
      recipe.contradiction = true;
    } else if (option == "--top" && i + 1 < argc) {
      good = number(argv[++i], recipe.top) && good;
    } else {
      good = false;
    }
  }
  if (!good) {
    std::fputs(
        "usage: flexos-bench-generate FAMILY N SEED [--contradiction] [--top N] > spec.yaml\n"
        "  FAMILY: unikernel | clustered | random | tight;  N: 2 to 400 components\n",
        stderr);
    return 2;
  }
  const std::string text = flexos::bench::generate(recipe);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
