#include "harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

#include "spec/load.h"

namespace flexos::oracle {

std::optional<Spec> read(const std::string& text, std::string* error) {
  static const Library nothing{FLEXOS_ORACLE_LIBRARY};
  Loaded loaded = load_spec_text(text, "random.yaml", nothing);
  if (!loaded.spec && error != nullptr) {
    for (const Diagnostic& d : loaded.diagnostics) {
      if (d.severity == Severity::error) *error += render(d, false) + "\n";
    }
  }
  return std::move(loaded.spec);
}

std::string reduce(const std::string& text, const std::function<bool(const std::string&)>& fails) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  const auto join = [](const std::vector<std::string>& parts) {
    std::string result;
    for (const std::string& part : parts) result += part + "\n";
    return result;
  };
  for (std::size_t chunk = std::max<std::size_t>(lines.size() / 2, 1); chunk > 0;) {
    bool shorter = false;
    for (std::size_t start = 0; start < lines.size();) {
      std::vector<std::string> fewer(lines.begin(), lines.begin() + static_cast<long>(start));
      const std::size_t end = std::min(start + chunk, lines.size());
      fewer.insert(fewer.end(), lines.begin() + static_cast<long>(end), lines.end());
      if (fails(join(fewer))) {
        lines = std::move(fewer);
        shorter = true;
      } else {
        start += chunk;
      }
    }
    if (chunk > 1 || !shorter) chunk /= 2;
  }
  return join(lines);
}

void compare(std::uint64_t first, std::uint64_t count, const Shape& shape, const Check& check) {
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + count && failures < 3; ++seed) {
    const std::string text = random_spec(seed, shape);
    std::string error;
    const auto spec = read(text, &error);
    if (!spec) {
      ADD_FAILURE() << "seed " << seed << ": the generator made a spec with errors\n" << error;
      ++failures;
      continue;
    }
    const std::string disagreement = check(*spec, seed);
    if (disagreement.empty()) continue;
    ++failures;
    const std::string topic = disagreement.substr(0, disagreement.find(' '));
    const std::string small = reduce(text, [&](const std::string& candidate) {
      const auto fewer = read(candidate, nullptr);
      return fewer && check(*fewer, seed).rfind(topic + " ", 0) == 0;
    });
    ADD_FAILURE() << "seed " << seed << ": " << disagreement
                  << "\nreduced: " << check(*read(small, nullptr), seed) << "\n"
                  << small;
  }
}

Rational rational(const std::string& decimal) {
  std::string digits = decimal;
  const std::size_t point = digits.find('.');
  std::size_t scale = 0;
  if (point != std::string::npos) {
    scale = digits.size() - point - 1;
    digits.erase(point, 1);
  }
  const bool negative = digits[0] == '-';
  digits.erase(0, std::min(digits.find_first_not_of("-0"), digits.size()));
  using boost::multiprecision::cpp_int;
  const cpp_int units(digits.empty() ? "0" : digits);
  return Rational(negative ? cpp_int(-units) : units,
                  boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(scale)));
}

}  // namespace flexos::oracle
