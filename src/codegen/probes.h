#pragma once

#include <filesystem>

#include "codegen/object.h"
#include "codegen/plan.h"

/// An image to be attacked is the image itself and one more object in each compartment: `probe`
/// (src/kernel/components/probe), which tries what an attacker there would. It asks nothing of
/// anybody, so no right changes; only gates between the probes of each two compartments are added,
/// made by the same code as all others, so that each pair has one to attack.
namespace flexos {

ObjectRecipe probe_recipe(const std::filesystem::path& project);

/// The probes as a component: an entry point that takes callbacks for each compartment, so that
/// its marshaller is made as any other.
Component probe_component(int compartments);

/// Adds the probes to a plan, and has the start run one of them instead of the application.
void add_probes(Plan& plan, const Spec& spec, const Configuration& configuration);

}  // namespace flexos
