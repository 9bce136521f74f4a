#include "codegen/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/app.h"

namespace flexos {

namespace {

int run(App& app, const std::string& image) {
  const auto path = find_image(image);
  if (!path) return app.fail(kNo, path.error().message, path.error().hint);
  if (path->manifest.empty()) {
    return app.fail(kNo, image + " has no image.json beside it",
                    "`flexos-explore build` writes one; name the image's folder");
  }
  const auto manifest = read_manifest(path->manifest);
  if (!manifest) return app.fail(kNo, manifest.error().message, manifest.error().hint);
  const auto elf = Elf::read(path->elf);
  if (!elf) return app.fail(kNo, elf.error().message, elf.error().hint);
  const std::vector<std::string> differences = compare(*manifest, *elf);

  int printed = kDone;
  if (app.format == Format::json) {
    Json json = to_json(*manifest);
    json["layout"] = draw_compartments(*manifest);
    json["elf"] = elf_json(*elf);
    json["differences"] = differences;
    printed = app.print(json);
  } else {
    printed = app.print(inspect_text(*manifest, *elf, app.out_style().width));
  }
  if (printed != kDone) return printed;
  if (differences.empty()) return kDone;
  std::string list;
  for (const std::string& d : differences) list += (list.empty() ? "" : "; ") + d;
  return app.fail(kNo, "image.json does not describe this ELF file: " + list,
                  "build the image anew");
}

}  // namespace

void add_inspect(CLI::App& root, App& app, int& exit_code) {
  auto image = std::make_shared<std::string>();
  CLI::App* command = add_command(
      root, app, "inspect", "What is in an image: compartments, memory, gates",
      [&app, image] { return run(app, *image); }, exit_code);
  command->add_option("IMAGE", *image, "the ELF file, its folder, or image.json")->required();
}

}  // namespace flexos
