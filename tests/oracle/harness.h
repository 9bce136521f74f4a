#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "brute.h"
#include "model/spec.h"
#include "random_spec.h"

/// Runs a comparison over many random specs and reduces what fails to a spec worth looking at.
namespace flexos::oracle {

/// The spec of a text, read against a library that defines nothing; nullopt with `*error` set where
/// it has errors.
std::optional<Spec> read(const std::string& text, std::string* error);

/// A disagreement in words, or "" where both agree. The first word names what disagrees: a reduced
/// spec must still disagree about the same.
using Check = std::function<std::string(const Spec&, std::uint64_t seed)>;

/// `check` on the specs of seeds [first, first + count). Fails the running test with the reduced
/// text of a spec for each disagreement, and gives up after three.
void compare(std::uint64_t first, std::uint64_t count, const Shape& shape, const Check& check);

/// `text` with as many lines taken away as can be while `fails` holds.
std::string reduce(const std::string& text, const std::function<bool(const std::string&)>& fails);

/// Exact value of a plain decimal text of any length.
Rational rational(const std::string& decimal);

}  // namespace flexos::oracle
