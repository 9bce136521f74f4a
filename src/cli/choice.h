#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/app.h"

namespace flexos {

/// Which configurations of a spec a command is about: the best, one by its id, or one drawn by
/// hand.
struct ChoiceOptions {
  int top = 0;
  std::string config;
  std::string layout;
  std::string mechanism = "mpk.full";
  std::vector<std::string> harden;  ///< harden.h: of what was drawn by hand
  bool unprotected = false;
};

void add_choice_options(CLI::App& command, ChoiceOptions& options);

/// In order; an exit code where that cannot be said.
using Choices = std::variant<std::vector<Configuration>, int>;
Choices choose_configurations(App& app, const Spec& spec, const ChoiceOptions& options);

}  // namespace flexos
