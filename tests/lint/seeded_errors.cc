// Errors that clang-tidy must find as scripts/tidy starts it, each named on its line.
#include <string>
#include <utility>
#include <vector>

#include "model/spec.h"

namespace {

std::size_t moved() {
  std::string s = "longer than what fits into a string by itself";
  const std::string t = std::move(s);
  return s.size() + t.size();  // error: bugprone-use-after-move clang-analyzer-cplusplus.Move
}

int null(const int* p) {
  if (p == nullptr) return *p;  // error: clang-analyzer-core.NullDereference
  return 0;
}

int garbage() {
  int x;     // error: cppcoreguidelines-init-variables
  return x;  // error: clang-analyzer-core.uninitialized.UndefReturn
}

template <class T>
bool empty(const T& t, int unused) {  // error: misc-unused-parameters
  return t.size() == 0;
}

}  // namespace

int main() {
  const std::vector<int> a;
  int sum = 0;
  for (unsigned i = 0; i < a.size(); ++i) sum += a[i];  // error: modernize-loop-convert
  const std::string s;
  if (s.size() == 0) ++sum;  // error: readability-container-size-empty
  return sum + static_cast<int>(moved()) + null(nullptr) + garbage() + empty(a, 1);
}
