#include "codegen/manifest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "codegen/test_image.h"

namespace flexos {
namespace {

using Json = nlohmann::ordered_json;

std::string reason(const Json& json) {
  const auto manifest = manifest_from_json(json.dump());
  return manifest ? "accepted" : manifest.error().message;
}

TEST(Manifest, ComesBackAsItWas) {
  const Manifest m = sample_manifest();
  const auto back = manifest_from_json(to_text(m));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, m);
  EXPECT_EQ(to_text(*back), to_text(m));
}

/// The file that the JSON Schema is held against (tests/manifest) is what the tool writes.
TEST(Manifest, WritesTheSampleOfTheSchemaTest) {
  std::ifstream in(FLEXOS_SOURCE_DIR "/tests/manifest/sample.json");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), to_text(sample_manifest()));
}

TEST(Manifest, KnowsWhetherKeysAreNeeded) {
  Manifest m = sample_manifest();
  EXPECT_TRUE(m.uses_protection_keys());
  for (auto& c : m.compartments) c.pkru = 0;
  EXPECT_FALSE(m.uses_protection_keys());
}

TEST(Manifest, SaysWhatIsWrongAndWhere) {
  const Json good = to_json(sample_manifest());
  ASSERT_EQ(reason(good), "accepted");
  const auto with = [&](const char* pointer, Json value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = std::move(value);
    return reason(json);
  };
  EXPECT_EQ(with("/flexos", 2), "image.json: version 2 is not one that this tool reads (1)");
  EXPECT_EQ(with("/id", 7), "image.json: /id: a string is expected");
  EXPECT_EQ(with("/file", "../x"), "image.json: /file: `../x` is no plain file name");
  EXPECT_EQ(with("/file", std::string("a\0b", 3)),
            "image.json: /file: `a?b` is no plain file name");
  EXPECT_EQ(with("/platform", "xen"), "image.json: /platform: `xen` is none of qemu, linux");
  EXPECT_EQ(with("/threads", -1), "image.json: /threads: a whole number is expected");
  EXPECT_EQ(with("/threads", 1e300), "image.json: /threads: a whole number is expected");
  EXPECT_EQ(with("/compartments/0/key", 16), "image.json: /compartments/0/key: 16 is not in 0..15");
  EXPECT_EQ(with("/compartments/0/pkru", "0x1fffffff0"),
            "image.json: /compartments/0/pkru: `0x1fffffff0` is no address such as \"0x1000000\"");
  EXPECT_EQ(with("/compartments/0/sections/0/end", "0x10"),
            "image.json: /compartments/0/sections/0: it ends before it starts");
  EXPECT_EQ(with("/compartments/1/number", 1),
            "image.json: /compartments: compartment 1 stands there twice");
  EXPECT_EQ(with("/compartments/0/components", Json::object()),
            "image.json: /compartments/0/components: a list is expected");
  EXPECT_EQ(with("/gates/0/to", 9), "image.json: /gates: there is no compartment 9");
  EXPECT_EQ(with("/gates/0/entry", "1200000"),
            "image.json: /gates/0/entry: `1200000` is no address such as \"0x1000000\"");
  EXPECT_EQ(with("/gates/0/extra", 1), "image.json: /gates/0: `extra` is no known key");
  EXPECT_EQ(with("/inputs/x", "abc"), "image.json: /inputs/`x`: `abc` is no SHA-256");
  EXPECT_EQ(with("/compartments", nullptr), "image.json: /compartments: a list is expected");
  for (const auto& [key, value] : good.items()) {
    Json json = good;
    json.erase(key);
    EXPECT_EQ(reason(json), "image.json: /: `" + key + "` is missing");
  }
}

/// Whatever one value of the file is replaced by, at any depth, the answer is a value.
TEST(Manifest, SurvivesAnyValueInAnyPlace) {
  const Json good = to_json(sample_manifest());
  const Json flat = good.flatten();
  const std::vector<Json> strangers = {nullptr,
                                       true,
                                       -1,
                                       1.5,
                                       "x",
                                       "",
                                       Json::array(),
                                       Json::array({Json::array(), 1, "a"}),
                                       Json::object(),
                                       Json{{"start", 1}},
                                       18446744073709551615ULL,
                                       std::numeric_limits<std::int64_t>::min(),
                                       "0xffffffffffffffff",
                                       std::string(1000, '0')};
  for (const auto& [pointer, value] : flat.items()) {
    Json::json_pointer place(pointer);
    while (!place.empty()) {
      for (const Json& stranger : strangers) {
        Json json = good;
        json[place] = stranger;
        const auto read = manifest_from_json(json.dump());
        if (!read) {
          EXPECT_FALSE(read.error().message.empty());
        } else {
          EXPECT_TRUE(manifest_from_json(to_text(*read)));
        }
      }
      place.pop_back();
    }
  }
}

TEST(Manifest, SurvivesTextThatIsNoJson) {
  const std::string text = to_text(sample_manifest());
  for (std::size_t n = 0; n < text.size() - 2; n += 7) {
    EXPECT_FALSE(manifest_from_json(text.substr(0, n)));
  }
  EXPECT_FALSE(manifest_from_json("\xff\xfe"));
  EXPECT_FALSE(manifest_from_json("[]"));
  EXPECT_FALSE(manifest_from_json(std::string(200000, '[')));
  EXPECT_FALSE(manifest_from_json("{\"flexos\":1e999}"));
}

TEST(Manifest, NamesFromUsersNeedNotBeUtf8) {
  Manifest m = sample_manifest();
  m.spec = "a\xff";
  EXPECT_TRUE(manifest_from_json(to_text(m)));
}

}  // namespace
}  // namespace flexos
