// Listens to noisy Morse code, sample by sample, for a word. The code is made here.
#include "keyword.h"

#include <cstdio>
#include <random>
#include <string>
#include <vector>

// The last class is: no letter ends here.
constexpr struct {
  char letter;
  const char *code;
} alphabet[] = {{'E', "."},  {'T', "-"},   {'A', ".-"},  {'N', "-."},  {'I', ".."},
                {'M', "--"}, {'S', "..."}, {'O', "---"}, {'K', "-.-"}, {'R', ".-."}};
constexpr int letters = 10, none = letters;
const std::string word = "SOS";

struct Sample {
  float level;
  int label;
};

/// On for one unit or three, a unit off between; two more units off end a letter.
class Key {
public:
  std::vector<Sample> send(char letter) {
    std::vector<Sample> samples;
    const auto add = [&](float level, int label) {
      samples.push_back({level + noise_(random_), label});
    };
    for (int i = 0; i < letters; ++i)
      if (alphabet[i].letter == letter) {
        for (const char *mark = alphabet[i].code; *mark; ++mark) {
          for (int unit = 0; unit < (*mark == '.' ? 1 : 3); ++unit)
            add(1, none);
          add(0, none);
        }
        add(0, none);
        add(0, i);
      }
    return samples;
  }
  char any() { return alphabet[random_() % letters].letter; }

private:
  std::mt19937 random_{1};
  std::normal_distribution<float> noise_{0.0f, 0.15f};
};

static int fail(const fn::status &status) {
  std::fprintf(stderr, "%s\n", fn::message(status).c_str());
  return 1;
}

int main() {
  Key key;
  static keyword::State state;
  static keyword::learn learn{state};
  for (int i = 0; i < 4000; ++i)
    for (const Sample &sample : key.send(key.any())) {
      const int32_t label[1] = {sample.label};
      auto r = learn.call(sample.level, label);
      if (!r)
        return fail(r.status());
    }

  std::string sent, heard;
  for (int i = 0; i < 200; ++i)
    sent += i % 10 < 3 ? word[static_cast<size_t>(i % 10)] : key.any();
  static keyword::listen listen{state};
  int words = 0;
  for (const char letter : sent)
    for (const Sample &sample : key.send(letter)) {
      auto r = listen.call(sample.level);
      if (!r)
        return fail(r.status());
      if (r.letter()[0] == none)
        continue;
      heard += alphabet[r.letter()[0]].letter;
      if (heard.size() >= word.size() &&
          !heard.compare(heard.size() - word.size(), word.size(), word))
        std::printf("%s after %zu letters\n", word.c_str(), heard.size()), ++words;
    }
  std::printf("%d of %zu heard\nsent  %s\nheard %s\n", words, sent.size() / 10,
              sent.substr(0, 60).c_str(), heard.substr(0, 60).c_str());
  return words < 17 || words > 21;
}
