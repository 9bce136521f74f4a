#pragma once

#include <string>
#include <utility>
#include <variant>

namespace flexos {

/// Why something could not be done, in a sentence, and what to do about it.
struct Error {
  std::string message;
  std::string hint = {};
  bool environment = false;  ///< not the input's fault: a tool is missing, a disk is full
};

/// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }

  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// For what yields nothing but may fail.
struct Done {};

}  // namespace flexos
